// How much of the key light comes to a place: its soft shadow, from the depths that the light sees.
uniform highp sampler2DShadow depths;
uniform mat4 lightMatrix;

float noise(vec2 pixel) {
  // Interleaved gradient noise (Jimenez 2014) turns the samples' pattern from pixel to pixel.
  return fract(52.9829189 * fract(dot(pixel, vec2(0.06711056, 0.00583715))));
}

// `n` is the surface's normal: what lies on the same plane is not in the way of it, so every sample
// is compared with that plane's depth and not with that of the middle.
float lit(vec3 from, vec3 n, float spread) {
  mat3 rows = transpose(mat3(lightMatrix));
  float facing = min(dot(n, rows[2]), -0.15 * length(rows[2]));
  vec2 slope = -vec2(dot(n, rows[0]) / dot(rows[0], rows[0]), dot(n, rows[1]) / dot(rows[1], rows[1]))
    * dot(rows[2], rows[2]) / facing;
  vec3 seen = (lightMatrix * vec4(from, 1.0)).xyz;
  if (any(greaterThan(abs(seen.xy - 0.5), vec2(0.5)))) return 1.0;
  float turn = noise(gl_FragCoord.xy) * 6.2831853, share = 0.0;
  for (int i = 0; i < SHADOW_SAMPLES; i++) {
    // A disk, evenly filled (Vogel 1979).
    float r = sqrt((float(i) + 0.5) / float(SHADOW_SAMPLES)) * spread, a = float(i) * 2.3999632 + turn;
    vec2 aside = r * vec2(cos(a), sin(a));
    share += texture(depths, vec3(seen.xy + aside, seen.z + dot(slope, aside)));
  }
  return share / float(SHADOW_SAMPLES);
}
