// A distance between two points of the surface, in centimetres.
import { createLabel, shape } from './overlay.js';
import { centimetres } from './words.js';

export function createMeasure(stage, overlay, { word, pick, hint }) {
  const group = overlay.group('measure');
  const under = shape('line', { class: 'measure-under' });
  const line = shape('line', { class: 'measure-line' });
  const ends = [0, 1].map(() => shape('circle', { class: 'measure-end', r: 5 }));
  group.append(under, line, ...ends);
  const label = createLabel(group);
  const cross = stage.layer('crosshair');
  cross.hidden = true;
  let points = [];
  let on = false;

  function draw() {
    const seen = points.map((point) => overlay.project(point));
    const whole = seen.length === 2 && !seen.some((point) => point.behind);
    ends.forEach((end, i) => {
      end.style.display = seen[i] && !seen[i].behind ? '' : 'none';
      if (seen[i]) {
        end.setAttribute('cx', seen[i].x);
        end.setAttribute('cy', seen[i].y);
      }
    });
    label.show(whole);
    under.style.display = line.style.display = whole ? '' : 'none';
    if (!whole) return;
    const [a, b] = seen;
    for (const one of [under, line]) {
      Object.entries({ x1: a.x, y1: a.y, x2: b.x, y2: b.y }).forEach(([k, v]) => one.setAttribute(k, v));
    }
    // Beside the line, on the side that is further up.
    const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    const sign = b.x >= a.x ? -1 : 1;
    label.put(
      (a.x + b.x) / 2 - (sign * (b.y - a.y) * (label.width / 2 + 6)) / length,
      (a.y + b.y) / 2 + (sign * (b.x - a.x) * 20) / length,
    );
  }
  overlay.lines.push(draw);

  function clear() {
    points = [];
    draw();
  }

  return {
    clear,
    get on() { return on; },
    get points() { return points; },
    set(value) {
      on = value;
      clear();
      stage.element.classList.toggle('measuring', on);
      cross.hidden = !on;
      hint(on ? word('measure_first') : '');
    },
    /** Take the place on the surface under a pixel of the stage; a third one starts again. */
    take(x, y) {
      const hit = pick(x, y);
      if (!hit) {
        hint(word('measure_missed'));
        return;
      }
      if (points.length === 2) points = [];
      points.push(hit.point.toArray());
      if (points.length === 1) hint(word('measure_second'));
      else {
        const [a, b] = points;
        const metres = Math.hypot(...a.map((value, i) => value - b[i]));
        const words = centimetres(metres, word('lang'));
        label.say(words);
        hint(word('measured', { cm: words }));
        stage.tell('measure', { cm: metres * 100, from: a, to: b });
      }
      draw();
    },
  };
}
