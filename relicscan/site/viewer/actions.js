// The page's buttons: <button data-action="light">; what they do, and what they show as pressed.
import { flush } from './hash.js';

const TOGGLES = ['light', 'measure', 'restored', 'figure', 'spots', 'fullscreen'];

/** Share the page's address as it is now: the device's own sheet, else the clipboard. */
async function share(viewer, word) {
  flush();
  const url = location.href;
  if (navigator.share) {
    await navigator.share({ title: document.title, url }).catch(() => {});
    return;
  }
  try {
    await navigator.clipboard.writeText(url);
    viewer.say(word('copied'));
  } catch {
    viewer.say(url);
  }
}

/** Fullscreen for what the page says (`data-fullscreen`), else the stage; iPhones have none. */
function fullscreen(stage) {
  const whole = stage.closest('[data-fullscreen]') ?? stage;
  if (document.fullscreenElement) document.exitFullscreen();
  else if (whole.requestFullscreen) whole.requestFullscreen().catch(() => {});
  else whole.classList.toggle('filling');
}

/** Bind every [data-action] below `root` to the viewer; returns how to bring buttons up to date. */
export function bindActions(root, viewer, { word, ar }) {
  const { element } = viewer;
  const toggle = (mode) => { viewer.mode = viewer.mode === mode ? 'orbit' : mode; };
  const does = {
    home: () => viewer.home(),
    light: () => toggle('light'),
    measure: () => toggle('measure'),
    restored: () => viewer.restored(!viewer.state.restored),
    figure: () => viewer.figure(!viewer.state.figure),
    spots: () => viewer.spots(!viewer.state.spots),
    finest: () => viewer.finest(),
    fullscreen: () => fullscreen(element),
    share: () => share(viewer, word),
    ar: () => ar.start(),
  };
  const buttons = [...root.querySelectorAll('[data-action]')].filter((button) => does[button.dataset.action]);
  for (const button of buttons) {
    button.addEventListener('click', () => {
      does[button.dataset.action]();
      update();
    });
  }

  const offered = (action) => {
    const { relic } = viewer;
    return {
      measure: relic.scale_known,
      figure: relic.scale_known,
      restored: relic.restored,
      spots: relic.hotspots?.length > 0,
      ar: ar.way !== null,
      finest: relic.levels.length > 1,
    }[action] ?? true;
  };
  function update() {
    for (const button of buttons) {
      const { action } = button.dataset;
      button.hidden = !offered(action);
      if (action === 'finest') button.disabled = viewer.state.finest;
      if (TOGGLES.includes(action)) button.setAttribute('aria-pressed', String(viewer.state[action]));
    }
    for (const place of root.querySelectorAll('[data-ar-reason]')) place.textContent = ar.reason;
  }
  document.addEventListener('fullscreenchange', update);
  return update;
}
