// How large it is: lines for height, width and depth, and something that everybody knows beside it.
import { axesOf } from './camera.js';
import { createLabel, shape } from './overlay.js';
import { centimetres } from './words.js';

// Outlines in metres, y down from the top, x from the middle; a flat silhouette.
// The person is of 170 cm, the hand of 18 cm from wrist to finger tip, the cube of 1 cm.
const PERSON = 'M0,0c.066,0 .107,.05 .107,.118c0,.052 -.02,.1 -.052,.13c.002,.03 .01,.043 .04,.053c.075,.024 .12,.034 .138,.092'
  + 'c.02,.066 .027,.19 .03,.28c.003,.08 .002,.19 -.006,.25c-.004,.03 -.044,.03 -.047,-.002c-.008,-.075 -.013,-.17 -.02,-.25'
  + 'c-.004,-.05 -.01,-.09 -.02,-.12c-.004,.07 -.004,.13 .004,.2c.012,.11 .016,.23 .008,.35c-.008,.13 -.02,.24 -.026,.33'
  + 'c-.004,.07 -.008,.13 -.01,.19c.03,.02 .058,.03 .06,.058c.002,.02 -.01,.021 -.03,.021l-.082,0c-.014,0 -.02,-.008 -.02,-.022'
  + 'c.002,-.07 0,-.16 -.004,-.25c-.006,-.13 -.016,-.27 -.024,-.39c-.008,-.05 -.012,-.08 -.016,-.13'
  + 'c-.004,.05 -.008,.08 -.016,.13c-.008,.12 -.018,.26 -.024,.39c-.004,.09 -.006,.18 -.004,.25c0,.014 -.006,.022 -.02,.022l-.082,0'
  + 'c-.02,0 -.032,-.001 -.03,-.021c.002,-.028 .03,-.038 .06,-.058c-.002,-.06 -.006,-.12 -.01,-.19c-.006,-.09 -.018,-.2 -.026,-.33'
  + 'c-.008,-.12 -.004,-.24 .008,-.35c.008,-.07 .008,-.13 .004,-.2c-.01,.03 -.016,.07 -.02,.12c-.007,.08 -.012,.175 -.02,.25'
  + 'c-.003,.032 -.043,.032 -.047,.002c-.008,-.06 -.009,-.17 -.006,-.25c.003,-.09 .01,-.214 .03,-.28c.018,-.058 .063,-.068 .138,-.092'
  + 'c.03,-.01 .038,-.023 .04,-.053c-.032,-.03 -.052,-.078 -.052,-.13c0,-.068 .041,-.118 .107,-.118z';
const HAND = 'M-.0055,.0005c.005,-.001 .0086,.0022 .009,.0075l.0012,.058c.0008,.004 .0032,.004 .004,.0005l.0095,-.0495'
  + 'c.0012,-.005 .005,-.0075 .0092,-.0066c.0044,.001 .0066,.005 .006,.0098l-.0066,.0525c-.0003,.0036 .0022,.0046 .004,.0015'
  + 'l.0135,-.032c.0021,-.0045 .0058,-.006 .0094,-.0043c.0036,.0018 .0048,.0057 .0034,.01l-.0136,.044c-.0026,.0088 -.003,.0165 -.0033,.026'
  + 'c-.0006,.0175 -.0042,.0285 -.0108,.038c-.0022,.0034 -.0028,.0075 -.0028,.0121l0,.0075c0,.003 -.0016,.0046 -.0046,.0046'
  + 'l-.0405,0c-.003,0 -.0046,-.0016 -.0046,-.0046l0,-.0095c0,-.005 -.0018,-.009 -.0052,-.0125c-.0078,-.0082 -.0153,-.0187 -.0212,-.0292'
  + 'l-.0118,-.02c-.0026,-.0044 -.0018,-.0084 .0018,-.0106c.0034,-.002 .0074,-.0008 .0106,.0032l.0128,.0162c.0024,.003 .0056,.0018 .0054,-.002'
  + 'l-.0052,-.067c-.0004,-.005 .0022,-.0088 .0064,-.0093c.0043,-.0005 .0075,.0026 .0083,.0078l.0092,.0465c.0007,.0035 .0034,.0033 .0036,-.0005'
  + 'l-.0012,-.0580c-.0001,-.0053 .0031,-.0094 .0081,-.0095z';
const CUBE = 'M-.005,0h.01v.01h-.01z';

const FIGURES = [
  { name: 'figure_cube', upTo: 0.05, path: CUBE, height: 0.01, width: 0.01 },
  { name: 'figure_hand', upTo: 0.6, path: HAND, height: 0.18, width: 0.1 },
  { name: 'figure_person', upTo: Infinity, path: PERSON, height: 1.7, width: 0.52 },
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
  const silhouette = shape('path', { class: 'figure' });
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
    lines.forEach(({ name, label }, i) => {
      const axis = [1, 0, 2][i];
      label.say(centimetres(bounds[1][axis] - bounds[0][axis], word('lang')));
      label.name = name;
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
      const seen = length > 26 && !a.behind && !b.behind;
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
      silhouette.setAttribute('d', figure.path);
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
