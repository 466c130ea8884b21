// Views: where the camera stands around a point, as angles that a visitor can turn.
//
// A view is {theta, phi, radius, target: [x, y, z]}: azimuth (0 looks at the front, 90 stands on
// the +X side), elevation (both degrees), distance to the target and that, in model units.
import { PerspectiveCamera } from 'three';

// As in relicscan/quality/camera.py and previews.py: the first view is the poster's.
const FIELD_OF_VIEW = 26;
const MARGIN = 0.07;
const FIRST = { theta: 25, phi: 15 };

const LOWEST = -75;
const HIGHEST = 88;

const radians = (degrees) => (degrees * Math.PI) / 180;
const degrees = (angle) => (angle * 180) / Math.PI;
const slope = Math.tan(radians(FIELD_OF_VIEW / 2));

/** Right, up and back of a view, three unit vectors. */
export function axesOf({ theta, phi }) {
  const [a, e] = [radians(theta), radians(phi)];
  const back = [Math.sin(a) * Math.cos(e), Math.sin(e), Math.cos(a) * Math.cos(e)];
  const right = [Math.cos(a), 0, -Math.sin(a)];
  const up = [
    back[1] * right[2] - back[2] * right[1],
    back[2] * right[0] - back[0] * right[2],
    back[0] * right[1] - back[1] * right[0],
  ];
  return { right, up, back };
}

export const along = (from, axis, by) => from.map((value, i) => value + axis[i] * by);

/** Where the eye of a view is. */
export const eyeOf = (view) => along(view.target, axesOf(view).back, view.radius);

/** The view from one point to another. */
export function viewFrom(position, target) {
  const [x, y, z] = position.map((value, i) => value - target[i]);
  const radius = Math.hypot(x, y, z) || 1;
  return {
    theta: degrees(Math.atan2(x, z)),
    phi: Math.max(LOWEST, Math.min(HIGHEST, degrees(Math.asin(y / radius)))),
    radius,
    target: [...target],
  };
}

/** The nearest view in that direction which has all points (flat array x, y, z, …) in a square of
 * the stage's shorter side; `width` and `height` say how much of the shorter side may be used. */
export function fitted(points, { theta, phi } = FIRST, width = 1, height = 1) {
  const { right, up, back } = axesOf({ theta, phi });
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 3) {
    for (let k = 0; k < 3; k++) {
      low[k] = Math.min(low[k], points[i + k]);
      high[k] = Math.max(high[k], points[i + k]);
    }
  }
  const centre = low.map((value, k) => (value + high[k]) / 2);
  const extent = Math.hypot(...high.map((value, k) => value - low[k])) || 1;
  const dot = (i, axis) =>
    (points[i] - centre[0]) * axis[0] + (points[i + 1] - centre[1]) * axis[1]
    + (points[i + 2] - centre[2]) * axis[2];
  const slopes = [slope * (1 - 2 * MARGIN) * width, slope * (1 - 2 * MARGIN) * height];
  const most = [[-Infinity, -Infinity], [-Infinity, -Infinity]];
  let nearest = -Infinity;
  for (let i = 0; i < points.length; i += 3) {
    const depth = dot(i, back);
    nearest = Math.max(nearest, depth);
    [right, up].forEach((axis, k) => {
      const seen = dot(i, axis);
      most[k][0] = Math.max(most[k][0], seen + slopes[k] * depth);
      most[k][1] = Math.max(most[k][1], -seen + slopes[k] * depth);
    });
  }
  let radius = nearest + 0.05 * extent;
  most.forEach(([a, b], k) => { radius = Math.max(radius, (a + b) / (2 * slopes[k])); });
  const shift = most.map(([a, b]) => (a - b) / 2);
  return { theta, phi, radius, target: along(along(centre, right, shift[0]), up, shift[1]) };
}

/** A view as a short text for an address, and back; null where it is none. */
export function written({ theta, phi, radius, target }) {
  const turn = ((theta % 360) + 360) % 360;
  return [turn.toFixed(1), phi.toFixed(1), ...[radius, ...target].map((n) => +n.toPrecision(4))]
    .map(Number).join(',');
}
export function read(text) {
  const numbers = (text || '').split(',').map(Number);
  if (numbers.length !== 6 || !numbers.every(Number.isFinite) || numbers[2] <= 0) return null;
  const [theta, phi, radius, ...target] = numbers;
  return { theta, phi: Math.max(LOWEST, Math.min(HIGHEST, phi)), radius, target };
}

/** The camera that follows a goal: controls move the goal, the camera glides after it. */
export function createCamera() {
  const camera = new PerspectiveCamera();
  let view = { theta: 25, phi: 15, radius: 3, target: [0, 0, 0] };
  let goal = view;
  let flight = null;
  let size = 1;
  let still = false;

  const mixed = (a, b, share) => ({
    theta: a.theta + (b.theta - a.theta) * share,
    phi: a.phi + (b.phi - a.phi) * share,
    radius: a.radius * (b.radius / a.radius) ** share,
    target: a.target.map((value, i) => value + (b.target[i] - value) * share),
  });
  const near = (a, b) =>
    Math.abs(a.theta - b.theta) < 0.02 && Math.abs(a.phi - b.phi) < 0.02
    && Math.abs(Math.log(a.radius / b.radius)) < 2e-4
    && Math.hypot(...a.target.map((value, i) => value - b.target[i])) < 1e-4 * b.radius;

  return {
    camera,
    get view() { return view; },
    get goal() { return goal; },
    /** Without flights and gliding, for who wants no motion. */
    set still(value) { still = value; },
    /** The radius of the relic, for how near and far the camera sees. */
    set size(value) { size = value; },
    /** Where the controls want the camera. */
    aim(next) {
      flight = null;
      goal = { ...next, phi: Math.max(LOWEST, Math.min(HIGHEST, next.phi)) };
      if (still) view = goal;
    },
    /** Fly to a view, the short way round; `instant` is there at once. */
    go(next, { instant = false } = {}) {
      const theta = view.theta + ((((next.theta - view.theta) % 360) + 540) % 360) - 180;
      goal = { ...next, theta };
      flight = instant || still ? null : { from: view, start: null };
      if (!flight) view = goal;
    },
    get flying() { return flight !== null; },
    /** Move on at this time (ms); true while the camera is not there yet. */
    step(now, elapsed) {
      if (flight) {
        flight.start ??= now;
        const turn = Math.abs(goal.theta - flight.from.theta);
        const share = Math.min(1, (now - flight.start) / (700 + 3 * turn));
        view = mixed(flight.from, goal, share < 0.5 ? 4 * share ** 3 : 1 - (2 - 2 * share) ** 3 / 2);
        if (share === 1) flight = null;
        return share < 1;
      }
      if (near(view, goal)) {
        view = goal;
        return false;
      }
      view = mixed(view, goal, 1 - Math.exp(-elapsed / 70));
      return true;
    },
    /** Put the camera where the view is. */
    apply(aspect) {
      const { up, back } = axesOf(view);
      camera.fov = 2 * degrees(Math.atan(aspect < 1 ? slope / aspect : slope));
      camera.aspect = aspect;
      camera.near = Math.max(view.radius * 0.02, view.radius - 4 * size);
      camera.far = view.radius + 12 * size;
      camera.up.set(...up);
      camera.position.set(...along(view.target, back, view.radius));
      camera.lookAt(...view.target);
      camera.updateProjectionMatrix();
      camera.updateMatrixWorld();
    },
  };
}

/** Model units for a pixel at the target of a view, on a stage with that shorter side. */
export const unitsPerPixel = (view, shorter) => (2 * slope * view.radius) / shorter;
