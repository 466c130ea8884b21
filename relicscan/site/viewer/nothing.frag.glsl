precision highp float;
in vec3 place;
out vec4 picture;
void main() { picture = vec4(0.0); }
