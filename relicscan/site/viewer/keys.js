// Everything by keyboard, while the stage has the focus.
const STEP_DEGREES = 10;
const ZOOM_STEP = 1.25;

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The handler of a key; returns whether it meant something here.
 *
 * `mode()` is the viewer's, `orbit`, `light` and `pan` take degrees (pan: pixels) to the right and
 * down, `zoom` a factor; the rest is named after what it does.
 */
export function createKeys({ mode, toggle, orbit, light, pan, zoom, home, take, escape }) {
  const does = {
    '+': () => zoom(1 / ZOOM_STEP),
    '=': () => zoom(1 / ZOOM_STEP),
    '-': () => zoom(ZOOM_STEP),
    0: home,
    Home: home,
    l: () => toggle('light'),
    m: () => toggle('measure'),
    Enter: () => mode() === 'measure' && take(),
    Escape: escape,
  };
  return ({ key, shiftKey }) => {
    const arrow = ARROWS[key]?.map((way) => way * STEP_DEGREES);
    if (arrow) {
      if (shiftKey) pan(-4 * arrow[0], -4 * arrow[1]);
      else if (mode() === 'light') light(...arrow);
      else orbit(...arrow);
      return true;
    }
    const action = does[key.length === 1 ? key.toLowerCase() : key];
    return Boolean(action) && action() !== false;
  };
}
