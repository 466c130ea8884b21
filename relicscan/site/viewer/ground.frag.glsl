// The floor is not seen, only what the relic takes from it of the light.
precision highp float;

uniform sampler2D heights;
uniform vec3 middle;
uniform float radius, keySpread, strength, keyShare;

in vec3 place;
out vec4 picture;

void main() {
  vec2 across = (place.xz - middle.xz) / radius;
  // Seen from below, with -Z up: both axes run the other way.
  vec2 at = 0.5 - across / (2.0 * CONTACT_REACH);
  // Near where it stands, from a blurred picture of its underside.
  float contact = 0.5 * (textureLod(heights, at, 3.0).r + textureLod(heights, at, 4.6).r);
  float blocked = 1.0 - lit(place, vec3(0.0, 1.0, 0.0), keySpread);
  float dark = 1.0 - (1.0 - 0.75 * contact) * (1.0 - keyShare * blocked);
  float fade = 1.0 - smoothstep(0.4, 2.2, length(across));
  picture = vec4(0.0, 0.0, 0.0, strength * dark * fade);
}
