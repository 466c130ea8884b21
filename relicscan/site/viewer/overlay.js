// Lines and labels over the picture, drawn as SVG: crisp at any size, and read by nobody twice.
import { Vector3 } from 'three';

const SVG = 'http://www.w3.org/2000/svg';
const point = new Vector3();

/** An SVG element with attributes. */
export function shape(tag, attributes = {}, text = '') {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

/** The layer: `project(point)` gives pixels on the stage, `lines` are those that draw there. */
export function createOverlay(stage, camera) {
  const svg = shape('svg', { class: 'lines', 'aria-hidden': 'true' });
  stage.element.append(svg);
  const lines = [];
  return {
    svg,
    lines,
    project([x, y, z]) {
      point.set(x, y, z).applyMatrix4(camera.matrixWorldInverse);
      const behind = point.z >= 0;
      point.applyMatrix4(camera.projectionMatrix);
      return {
        x: (point.x * 0.5 + 0.5) * stage.element.clientWidth,
        y: (0.5 - point.y * 0.5) * stage.element.clientHeight,
        behind,
      };
    },
    group(name) {
      const group = shape('g', { class: name });
      svg.append(group);
      return group;
    },
    update() {
      for (const draw of lines) draw();
    },
  };
}

/** A label with a plate under it, in a group; returns how to move it and what it says. */
export function createLabel(group) {
  const plate = shape('rect', { class: 'plate', rx: 4 });
  const text = shape('text', { 'text-anchor': 'middle', 'dominant-baseline': 'central' });
  group.append(plate, text);
  return {
    say(words) {
      text.textContent = words;
      this.width = (text.getComputedTextLength?.() || words.length * 8) + 14;
    },
    width: 0,
    show(visible) {
      plate.style.display = text.style.display = visible ? '' : 'none';
    },
    put(x, y) {
      text.setAttribute('x', x);
      text.setAttribute('y', y);
      plate.setAttribute('x', x - this.width / 2);
      plate.setAttribute('y', y - 12);
      plate.setAttribute('width', this.width);
      plate.setAttribute('height', 24);
    },
  };
}
