// Only where things are: for the light's depths and for the floor.
precision highp float;

uniform mat4 modelMatrix, viewMatrix, projectionMatrix;
in vec3 position;
out vec3 place;

void main() {
  vec4 world = modelMatrix * vec4(position, 1.0);
  place = world.xyz;
  gl_Position = projectionMatrix * viewMatrix * world;
}
