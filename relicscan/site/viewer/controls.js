// Hands on the object: mouse, fingers and keys move the goal of the camera, or the light.
import { along, axesOf, unitsPerPixel } from './camera.js';

const DEGREES_PER_STAGE = 200;
const TAP_PX = 6;
const TAP_MS = 500;
const TWICE_MS = 320;

/** Everything that a hand does, on `stage.element`.
 *
 * `act`: orbit(dx, dy) and pan(dx, dy) in pixels, zoom(factor, x, y) where a factor below 1 goes
 * nearer and the return says whether anything moved, tap(x, y), twice(x, y), key(event).
 */
export function createControls(stage, act) {
  const { element, canvas } = stage;
  const down = new Map();
  let tap = null;
  let lastTap = null;
  let spread = null;

  const at = (event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const pair = () => {
    const [a, b] = [...down.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, distance: Math.hypot(a.x - b.x, a.y - b.y) || 1 };
  };

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, at(event));
    tap = down.size === 1 ? { ...at(event), time: event.timeStamp } : null;
    spread = down.size === 2 ? pair() : null;
    if (event.pointerType === 'mouse') element.focus({ preventScroll: true });
    element.classList.add('held');
  });
  canvas.addEventListener('pointermove', (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    down.set(event.pointerId, now);
    if (tap && Math.hypot(now.x - tap.x, now.y - tap.y) > TAP_PX) tap = null;
    if (down.size === 2) {
      const next = pair();
      act.zoom(spread.distance / next.distance, next.x, next.y);
      act.pan(next.x - spread.x, next.y - spread.y);
      spread = next;
    } else if (down.size === 1 && !tap) {
      const move = event.buttons & 2 || event.shiftKey ? act.pan : act.orbit;
      move(now.x - before.x, now.y - before.y);
    }
  });
  const up = (event) => {
    if (!down.delete(event.pointerId)) return;
    spread = null;
    if (!down.size) element.classList.remove('held');
    if (event.type === 'pointerup' && tap && event.timeStamp - tap.time < TAP_MS) {
      const twice = lastTap && tap.time - lastTap.time < TWICE_MS
        && Math.hypot(tap.x - lastTap.x, tap.y - lastTap.y) < 4 * TAP_PX;
      lastTap = twice ? null : tap;
      if (twice) act.twice(tap.x, tap.y);
      else act.tap(tap.x, tap.y);
    }
    tap = null;
  };
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('pointercancel', up);
  canvas.addEventListener('contextmenu', (event) => event.preventDefault());

  canvas.addEventListener('wheel', (event) => {
    const { x, y } = at(event);
    const lines = event.deltaMode === 1 ? 18 : 1;
    const pinch = event.ctrlKey ? 6 : 1;
    const step = Math.max(-240, Math.min(240, event.deltaY * lines * pinch));
    // At its limits the wheel is the page's again.
    if (act.zoom(Math.exp(step * 0.0016), x, y)) event.preventDefault();
  }, { passive: false });

  element.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target !== element && event.key !== 'Escape') return;
    if (act.key(event)) event.preventDefault();
  });
}

/** What the controls do to a camera; `limits()` is {nearest, farthest, home, reach}, `surface(x, y)`
 * the place [x, y, z] that is seen there, null beside the object. */
export function createHands(stage, camera, { limits, surface, changed }) {
  /** Turn around what is looked at: slide the target along the view to the depth of a place. */
  function atDepth(view, place) {
    if (!place) return view;
    const { back } = axesOf(view);
    const nearer = place.reduce((sum, value, i) => sum + (value - view.target[i]) * back[i], 0);
    if (nearer >= view.radius) return view;
    return { ...view, target: along(view.target, back, nearer), radius: view.radius - nearer };
  }
  const aim = (view) => { camera.aim(view); changed(); };
  return {
    /** The camera so many degrees to the right and up. */
    turn(right, up) {
      const { goal } = camera;
      aim({ ...goal, theta: goal.theta + right, phi: goal.phi + up });
    },
    /** As if the hand turned the object. */
    orbit(dx, dy) {
      const by = DEGREES_PER_STAGE / stage.shorter;
      this.turn(-dx * by, dy * by);
    },
    pan(dx, dy) {
      const { goal } = camera;
      const by = unitsPerPixel(goal, stage.shorter);
      const { right, up } = axesOf(goal);
      const { home, reach } = limits();
      const target = along(along(goal.target, right, -dx * by), up, dy * by)
        .map((value, i) => Math.max(home.target[i] - reach, Math.min(home.target[i] + reach, value)));
      aim({ ...goal, target });
    },
    zoom(factor, x = stage.element.clientWidth / 2, y = stage.element.clientHeight / 2) {
      const { nearest, farthest, home } = limits();
      let { goal } = camera;
      if (factor < 1 && !camera.flying) goal = atDepth(goal, surface(x, y));
      const radius = Math.max(nearest, Math.min(farthest, goal.radius * factor));
      if (Math.abs(radius / camera.goal.radius - 1) < 1e-6) return false;
      const share = radius / goal.radius;
      let { target } = goal;
      if (share < 1) {
        // What is under the pointer stays there.
        const by = unitsPerPixel(goal, stage.shorter);
        const { right, up } = axesOf(goal);
        const dx = (x - stage.element.clientWidth / 2) * by * (1 - share);
        const dy = (y - stage.element.clientHeight / 2) * by * (1 - share);
        target = along(along(target, right, dx), up, -dy);
      } else {
        // On the way out the object comes back to the middle.
        const left = radius >= home.radius ? 0
          : Math.log(home.radius / radius) / Math.log(home.radius / goal.radius);
        target = target.map((value, i) => home.target[i] + (value - home.target[i]) * left);
      }
      aim({ ...goal, radius, target });
      return true;
    },
  };
}
