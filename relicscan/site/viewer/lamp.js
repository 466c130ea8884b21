// Where the visitor's lamp stands: a small sun over the object, and how dragging moves it.
import { shape } from './overlay.js';
import { towards } from './studio.js';

const DEGREES_PER_STAGE = 240;

export function createLamp(stage, overlay, { word, hint, moved }) {
  const group = overlay.group('lamp');
  const ray = shape('line', { class: 'lamp-ray' });
  const sun = shape('circle', { class: 'lamp-sun', r: 9 });
  group.append(ray, sun);
  group.style.display = 'none';
  let on = false;
  let lamp = null;

  overlay.lines.push(() => {
    if (group.style.display === 'none' || !lamp) return;
    const { middle, size } = stage;
    const from = towards(lamp.azimuth, lamp.elevation);
    const at = overlay.project(middle.map((value, i) => value + from.getComponent(i) * size * 1.08));
    const foot = overlay.project(middle.map((value, i) => value + from.getComponent(i) * size * 0.72));
    const away = from.dot(stage.eye.clone().sub({ x: middle[0], y: middle[1], z: middle[2] })) < 0;
    group.classList.toggle('away', away);
    sun.setAttribute('cx', at.x);
    sun.setAttribute('cy', at.y);
    Object.entries({ x1: at.x, y1: at.y, x2: foot.x, y2: foot.y }).forEach(([k, v]) => ray.setAttribute(k, v));
  });

  function place(azimuth, elevation) {
    lamp = {
      azimuth: ((((azimuth + 180) % 360) + 360) % 360) - 180,
      elevation: Math.max(-60, Math.min(89, elevation)),
    };
    moved(lamp);
  }

  return {
    get on() { return on; },
    get at() { return lamp; },
    /** Show the sun and take drags; `now` is where the light comes from at this moment. */
    set(value, now) {
      on = value;
      if (on && !lamp) place(now.azimuth, now.elevation);
      group.style.display = on ? '' : 'none';
      stage.element.classList.toggle('lighting', on);
      hint(on ? word('light_hint') : '');
    },
    place,
    /** Back to the studio. */
    clear() {
      lamp = null;
      moved(null);
    },
    drag(dx, dy, viewAzimuth) {
      const by = DEGREES_PER_STAGE / stage.shorter;
      this.turn(dx * by, -dy * by, viewAzimuth);
    },
    /** So many degrees to the right, as it is seen, and up. */
    turn(right, up, viewAzimuth) {
      // Behind the object, too, what goes to the right moves the sun to the right.
      const facing = Math.cos(((lamp.azimuth - viewAzimuth) * Math.PI) / 180) >= 0 ? 1 : -1;
      place(lamp.azimuth + facing * right, lamp.elevation + up);
    },
  };
}
