// Views of a relic: where the camera stands around a point, as angles that a visitor can turn.
//
// A view is {theta, phi, radius, target}: azimuth (0 looks at the front, 90 stands on the +X side),
// elevation (both degrees), distance to the target and that, [x, y, z] in the model's units.

// As the poster is taken: relicscan/quality/camera.py and previews.py.
const FIELD_OF_VIEW = 26;
const MARGIN = 0.07;
const FIRST = { theta: 25, phi: 15 };

const LOWEST = -75;
const HIGHEST = 88;
/** Nearest and farthest distance, in diagonals of the relic. */
const NEAREST = 0.15;
const FARTHEST = 6;

const radians = (degrees) => (degrees * Math.PI) / 180;
const degrees = (angle) => (angle * 180) / Math.PI;
const clamped = (value, low, high) => Math.max(low, Math.min(high, value));
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Right, up and back of a view, three unit vectors. */
function axesOf(view) {
  const a = radians(view.theta);
  const e = radians(view.phi);
  return {
    right: [Math.cos(a), 0, -Math.sin(a)],
    up: [-Math.sin(a) * Math.sin(e), Math.cos(e), -Math.cos(a) * Math.sin(e)],
    back: [Math.sin(a) * Math.cos(e), Math.sin(e), Math.cos(a) * Math.cos(e)],
  };
}

/** Where the camera of a view stands. */
function eyeOf(view) {
  const { back } = axesOf(view);
  return view.target.map((value, i) => value + back[i] * view.radius);
}

/** The view from one place to another. */
function viewFrom(position, target) {
  const away = position.map((value, i) => value - target[i]);
  const radius = Math.sqrt(dot(away, away)) || 1;
  return {
    theta: degrees(Math.atan2(away[0], away[2])),
    phi: clamped(degrees(Math.asin(away[1] / radius)), LOWEST, HIGHEST),
    radius,
    target: target.slice(),
  };
}

/** The length of the diagonal of a box [[x, y, z], [x, y, z]]. */
function diagonalOf(bounds) {
  const across = bounds[1].map((value, i) => value - bounds[0][i]);
  return Math.sqrt(dot(across, across)) || 1;
}

/** The nearest view from the poster's side that has the whole box in a square picture. */
function firstView(bounds) {
  const target = bounds[0].map((value, i) => (value + bounds[1][i]) / 2);
  const view = { theta: FIRST.theta, phi: FIRST.phi, radius: 0, target };
  const { right, up, back } = axesOf(view);
  const slope = Math.tan(radians(FIELD_OF_VIEW / 2)) * (1 - 2 * MARGIN);
  for (let corner = 0; corner < 8; corner += 1) {
    const at = target.map((value, i) => bounds[(corner >> i) & 1][i] - value);
    const aside = Math.max(Math.abs(dot(at, right)), Math.abs(dot(at, up)));
    view.radius = Math.max(view.radius, dot(at, back) + aside / slope);
  }
  return view;
}

/** The view after a finger went so far: `across` and `down` in widths of the stage. */
function turned(view, across, down) {
  return Object.assign({}, view, {
    theta: view.theta - 180 * across,
    phi: clamped(view.phi + 180 * down, LOWEST, HIGHEST),
  });
}

/** The view from so many times as far, within what shows the relic. */
function zoomed(view, times, bounds) {
  const diagonal = diagonalOf(bounds);
  const radius = clamped(view.radius * times, NEAREST * diagonal, FARTHEST * diagonal);
  return Object.assign({}, view, { radius });
}

/** The view on the way from one to another, 0 to 1, the short way round. */
function between(from, to, share) {
  const way = share * share * (3 - 2 * share);
  const mix = (a, b) => a + (b - a) * way;
  let turn = (to.theta - from.theta) % 360;
  if (turn > 180) turn -= 360;
  if (turn < -180) turn += 360;
  return {
    theta: from.theta + turn * way,
    phi: mix(from.phi, to.phi),
    radius: mix(from.radius, to.radius),
    target: from.target.map((value, i) => mix(value, to.target[i])),
  };
}

module.exports = {
  FIELD_OF_VIEW, between, diagonalOf, eyeOf, firstView, turned, viewFrom, zoomed,
};
