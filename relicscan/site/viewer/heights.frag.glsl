// The underside of a relic: bright where it is near the floor.
precision highp float;

uniform float floorY, reach;
in vec3 place;
out vec4 picture;

void main() {
  picture = vec4(exp(-max(place.y - floorY, 0.0) / reach));
}
