// One colour, whatever the light.
precision highp float;
uniform vec4 color;
in vec3 place;
out vec4 picture;
void main() { picture = color; }
