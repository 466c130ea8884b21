// How large it is: lines for height, width and depth, and something that everybody knows beside it.
import { axesOf } from './camera.js';
import { createLabel, shape } from './overlay.js';
import { centimetres } from './words.js';

// Silhouettes in metres, y down from the top, x from the middle: paths, each with the width of the
// rounded line around it. The person is of 170 cm, the hand of 18 cm from wrist to finger tip.
const PERSON = [
  ['M0,.004a.078,.106 0 0 1 0,.212a.078,.106 0 0 1 0,-.212z', 0],
  ['M.048,.19c.001,.04 .006,.09 .052,.105c.075,.026 .115,.036 .133,.094c.02,.066 .027,.19 .03,.28'
    + 'c.003,.08 .002,.16 -.006,.22c-.004,.03 -.044,.03 -.047,-.002c-.008,-.075 -.013,-.14 -.02,-.22c-.004,-.05 -.01,-.09 -.02,-.12'
    + 'c-.006,.07 -.006,.13 .002,.2c.012,.11 .016,.25 .008,.37c-.008,.13 -.018,.24 -.024,.33c-.004,.07 -.008,.1 -.01,.155'
    + 'c.03,.02 .056,.036 .058,.064c.002,.024 -.01,.03 -.03,.03l-.08,0c-.014,0 -.02,-.01 -.02,-.026c.002,-.07 0,-.16 -.004,-.25'
    + 'c-.006,-.13 -.012,-.25 -.02,-.37c-.008,-.05 -.014,-.09 -.02,-.14c-.006,.05 -.012,.09 -.02,.14c-.008,.12 -.014,.24 -.02,.37'
    + 'c-.004,.09 -.006,.18 -.004,.25c0,.016 -.006,.026 -.02,.026l-.08,0c-.02,0 -.032,-.006 -.03,-.03c.002,-.028 .028,-.044 .058,-.064'
    + 'c-.002,-.055 -.006,-.085 -.01,-.155c-.006,-.09 -.016,-.2 -.024,-.33c-.008,-.12 -.004,-.26 .008,-.37c.008,-.07 .008,-.13 .002,-.2'
    + 'c-.01,.03 -.016,.07 -.02,.12c-.007,.08 -.012,.145 -.02,.22c-.003,.032 -.043,.032 -.047,.002c-.008,-.06 -.009,-.14 -.006,-.22'
    + 'c.003,-.09 .01,-.214 .03,-.28c.018,-.058 .058,-.068 .133,-.094c.046,-.015 .051,-.065 .052,-.105z', 0],
];
const HAND = [
  ['M-.026,.1L-.033,.0245', 0.0175],
  ['M-.006,.095L-.0065,.0092', 0.0182],
  ['M.0145,.098L.0198,.0205', 0.0172],
  ['M.0315,.11L.0435,.0475', 0.0148],
  ['M-.024,.152C-.036,.14 -.046,.122 -.0585,.1045', 0.0195],
  ['M-.0285,.1C-.012,.094 .02,.094 .033,.108C.036,.125 .03,.14 .0255,.154L.0225,.175L-.0195,.175L-.0215,.16C-.026,.15 -.032,.125 -.0285,.1z', 0.01],
];
const CUBE = [['M-.005,0h.01v.01h-.01z', 0]];

const FIGURES = [
  { name: 'figure_cube', upTo: 0.05, paths: CUBE, height: 0.01, width: 0.01 },
  { name: 'figure_hand', upTo: 0.6, paths: HAND, height: 0.18, width: 0.12 },
  { name: 'figure_person', upTo: Infinity, paths: PERSON, height: 1.7, width: 0.54 },
];

/** What stands beside a thing of that size (its longest side, metres). */
export const figureFor = (longest) => FIGURES.find((figure) => longest < figure.upTo);

/** Points around the relic and its figure, for a view that shows both. */
export function roomFor([low, high], { theta }) {
  const longest = Math.max(...high.map((value, i) => value - low[i]));
  const figure = figureFor(longest);
  const { foot, right } = beside([low, high], figure, theta);
  const corners = [];
  for (const x of [low[0], high[0]]) {
    for (const y of [low[1], high[1]]) for (const z of [low[2], high[2]]) corners.push(x, y, z);
  }
  for (const side of [-0.5, 0.5]) {
    for (const up of [0, 1]) {
      corners.push(...foot.map((value, i) => value + right[i] * side * figure.width
        + (i === 1 ? up * figure.height : 0)));
    }
  }
  return new Float32Array(corners);
}

/** Where the figure stands: on the floor, to the right of the relic as it is seen. */
function beside([low, high], figure, theta) {
  const { right } = axesOf({ theta, phi: 0 });
  const middle = low.map((value, i) => (value + high[i]) / 2);
  const half = Math.abs(right[0]) * (high[0] - low[0]) / 2 + Math.abs(right[2]) * (high[2] - low[2]) / 2;
  const gap = half + figure.width * 0.62 + 0.08 * half;
  const foot = middle.map((value, i) => value + right[i] * gap);
  foot[1] = low[1];
  return { foot, right };
}

export function createFigure(stage, overlay, camera, { word }) {
  const group = overlay.group('dimensions');
  const silhouette = shape('g', { class: 'figure' });
  group.append(silhouette);
  const lines = ['height', 'width', 'depth'].map((name) => {
    const path = shape('path', { class: `dimension ${name}` });
    group.append(path);
    return { name, path, label: createLabel(group) };
  });
  let bounds = null;
  let figure = null;
  group.style.display = 'none';

  function say() {
    lines.forEach(({ label }, i) => {
      const axis = [1, 0, 2][i];
      label.say(centimetres(bounds[1][axis] - bounds[0][axis], word('lang')));
    });
  }

  function draw() {
    if (group.style.display === 'none') return;
    const eye = stage.eye.toArray();
    const [low, high] = bounds;
    const out = 0.035 * Math.max(...high.map((value, i) => value - low[i]));
    // The box's sides that are nearer to the eye.
    const x = eye[0] > (low[0] + high[0]) / 2 ? high[0] + out : low[0] - out;
    const z = eye[2] > (low[2] + high[2]) / 2 ? high[2] + out : low[2] - out;
    const y = low[1];
    const corners = [[low[0], low[2]], [low[0], high[2]], [high[0], low[2]], [high[0], high[2]]]
      .map(([cx, cz]) => [cx + Math.sign(cx - (low[0] + high[0]) / 2) * out,
        cz + Math.sign(cz - (low[2] + high[2]) / 2) * out]);
    // Height stands at the corner furthest to the left.
    const [hx, hz] = corners.reduce((left, corner) =>
      (overlay.project([corner[0], y, corner[1]]).x < overlay.project([left[0], y, left[1]]).x ? corner : left));
    const ends = [
      [[hx, low[1], hz], [hx, high[1], hz]],
      [[low[0], y, z], [high[0], y, z]],
      [[x, y, low[2]], [x, y, high[2]]],
    ];
    const middle = overlay.project(low.map((value, i) => (value + high[i]) / 2));
    lines.forEach(({ path, label }, i) => {
      const [a, b] = ends[i].map((end) => overlay.project(end));
      const length = Math.hypot(b.x - a.x, b.y - a.y);
      const seen = length > 14 && !a.behind && !b.behind;
      label.show(seen);
      path.style.display = seen ? '' : 'none';
      if (!seen) return;
      const [nx, ny] = [-(b.y - a.y) / length, (b.x - a.x) / length];
      const tick = (p) => `M${p.x + nx * 6},${p.y + ny * 6}L${p.x - nx * 6},${p.y - ny * 6}`;
      path.setAttribute('d', `${tick(a)}M${a.x},${a.y}L${b.x},${b.y}${tick(b)}`);
      const [mx, my] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
      const outwards = (mx - middle.x) * nx + (my - middle.y) * ny >= 0 ? 1 : -1;
      const far = outwards * (10 + Math.abs(nx) * label.width / 2 + Math.abs(ny) * 10);
      label.put(mx + nx * far, my + ny * far);
    });
    drawSilhouette();
  }

  function drawSilhouette() {
    const { foot, right } = beside(bounds, figure, camera.view.theta);
    const head = [foot[0], foot[1] + figure.height, foot[2]];
    const hand = foot.map((value, i) => value + right[i] * 0.5 * figure.height);
    const [f, h, r] = [foot, head, hand].map((place) => overlay.project(place));
    silhouette.style.display = f.behind || h.behind ? 'none' : '';
    const across = (r.x - f.x) / (0.5 * figure.height);
    const down = (f.y - h.y) / figure.height;
    const lean = (f.x - h.x) / figure.height;
    silhouette.setAttribute('transform', `matrix(${[across, 0, lean, down, h.x, h.y].map((n) => n.toFixed(3))})`);
  }
  overlay.lines.push(draw);

  return {
    get on() { return group.style.display === ''; },
    set(on, box) {
      bounds = box ?? bounds;
      group.style.display = on && bounds ? '' : 'none';
      if (!on || !bounds) return;
      figure = figureFor(Math.max(...bounds[1].map((value, i) => value - bounds[0][i])));
      silhouette.replaceChildren(...figure.paths.map(([d, width]) => shape('path', { d, 'stroke-width': width })));
      silhouette.dataset.figure = figure.name;
      say();
      draw();
    },
    /** What the lines and the figure say, for who does not see them. */
    get words() {
      const said = lines.map(({ name }, i) => {
        const axis = [1, 0, 2][i];
        return `${word(name)} ${centimetres(bounds[1][axis] - bounds[0][axis], word('lang'))}`;
      });
      return `${said.join(', ')}. ${word(figure.name)}.`;
    },
  };
}
