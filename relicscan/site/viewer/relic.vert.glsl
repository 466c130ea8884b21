// A relic's vertices: into the world, and from there into the picture.
precision highp float;

uniform mat4 modelMatrix, viewMatrix, projectionMatrix;

in vec3 position;
in vec3 normal;
#ifdef WITH_UV
in vec2 uv;
out vec2 at;
#endif
#ifdef WITH_RELIEF
in vec4 tangent;
out vec4 along;
#endif
#ifdef WITH_COLOR
in vec3 color;
out vec3 tint;
#endif
#ifdef WITH_FILLED
in float _filled;
out float madeUp;
#endif

out vec3 place, outward;

void main() {
  vec4 world = modelMatrix * vec4(position, 1.0);
  place = world.xyz;
  // Quantised positions are scaled alike along all axes, so normals need no matrix of their own.
  outward = mat3(modelMatrix) * normal;
#ifdef WITH_UV
  at = uv;
#endif
#ifdef WITH_RELIEF
  along = vec4(mat3(modelMatrix) * tangent.xyz, tangent.w);
#endif
#ifdef WITH_COLOR
  tint = color;
#endif
#ifdef WITH_FILLED
  madeUp = _filled;
#endif
  gl_Position = projectionMatrix * viewMatrix * world;
}
