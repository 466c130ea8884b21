// A matt surface (all that relicscan delivers is: metalness 0, roughness 0.9) under the studio of
// the posters: a key light with a soft shadow, a fill, a rim, the ceiling and the floor.
precision highp float;

uniform vec3 keyFrom, fillFrom, rimFrom, key, fill, rim, sky, floorLight;
uniform float keySoft, keySpread, lift, exposure;
uniform vec3 base;
#ifdef WITH_MAP
uniform sampler2D map;
#endif
#ifdef WITH_UV
in vec2 at;
#endif
#ifdef WITH_OCCLUSION
uniform sampler2D occlusionMap;
uniform float occlusionStrength;
#endif
#ifdef WITH_RELIEF
uniform sampler2D reliefMap;
uniform float reliefScale;
in vec4 along;
#endif
#ifdef WITH_COLOR
in vec3 tint;
#endif
#ifdef WITH_FILLED
uniform float restored;
uniform vec3 restoredColor;
in float madeUp;
#endif

in vec3 place, outward;
out vec4 picture;

// Light of a softbox on a surface: it does not end where the middle of the box sets, but where all
// of it has. `width` is the sine of half its angle.
float softbox(float cosine, float width) {
  float beyond = clamp(cosine + width, 0.0, 2.0 * width);
  return cosine > width ? cosine : beyond * beyond / (4.0 * width);
}

vec3 srgb(vec3 linear) {
  return mix(1.055 * pow(linear, vec3(1.0 / 2.4)) - 0.055, 12.92 * linear,
    vec3(lessThan(linear, vec3(0.0031308))));
}

void main() {
  vec3 n = normalize(outward);
#ifdef WITH_RELIEF
  vec3 bump = texture(reliefMap, at).xyz * 2.0 - 1.0;
  vec3 t = normalize(along.xyz), b = cross(n, t) * along.w;
  vec3 surface = normalize(bump.x * reliefScale * t + bump.y * reliefScale * b + bump.z * n);
#else
  vec3 surface = n;
#endif
  if (!gl_FrontFacing) { n = -n; surface = -surface; }

  vec3 albedo = base;
#ifdef WITH_MAP
  albedo *= texture(map, at).rgb;
#endif
#ifdef WITH_COLOR
  albedo *= tint;
#endif
#ifdef WITH_FILLED
  // Stripes, so that it shows without colour too.
  float stripe = 0.72 + 0.28 * step(0.5, fract((gl_FragCoord.x + gl_FragCoord.y) / STRIPE_PX));
  albedo = mix(albedo, restoredColor, restored * stripe * smoothstep(0.35, 0.65, madeUp));
#endif

  float open = 1.0;
#ifdef WITH_OCCLUSION
  open = mix(1.0, texture(occlusionMap, at).r, occlusionStrength);
#endif
  // Light that bounces between the sides of hollows (Jimenez, Wu, Pesce & Jarabo 2016).
  vec3 share = max(vec3(open), ((open * (2.0404 * albedo - 0.3324) + (-4.7951 * albedo + 0.6417))
    * open + (2.7552 * albedo + 0.6903)) * open);

  float cosine = dot(surface, keyFrom);
  float shadow = cosine > -keySoft ? lit(place + lift * n, n, keySpread) : 0.0;
  vec3 light = key * softbox(cosine, keySoft) * shadow
    + (fill * softbox(dot(surface, fillFrom), 0.57)
    + rim * softbox(dot(surface, rimFrom), 0.37)
    + sky * (0.5 + 0.5 * surface.y) + floorLight * (0.5 - 0.5 * surface.y)) * share;

  vec3 color = albedo * light * exposure;
  // Bright values bend under white; below 0.75 colours stay exactly what they are.
  color = min(color, 0.75) + 0.25 * (1.0 - exp(-max(color - 0.75, 0.0) / 0.25));
  picture = vec4(srgb(color), 1.0);
}
