// A guided tour: the stage shows the step that is told beside it.
//
// The page alone is a list of steps with pictures. Scripts bring the viewer, which goes from relic
// to relic (guide.js), steps that go on by themselves (autoplay.js), presenting with two windows
// (presenter.js) and the script with cue times (cues.js).
import { readHash } from './address.js';
import { createAutoplay } from './autoplay.js';
import { bindScript } from './cues.js';
import { createGuide } from './guide.js';
import { createPresenter } from './presenter.js';

const SWIPE_PX = 60;
const WIDE = matchMedia('(min-width: 62rem)');
const STILL = matchMedia('(prefers-reduced-motion: reduce)');

const island = (id) => JSON.parse(document.getElementById(id).textContent);
const { viewer: bundle } = document.querySelector('script[data-viewer]').dataset;
const { root } = document.querySelector('script[data-root]').dataset;
const stage = document.getElementById('stage');
const show = document.getElementById('show');
const article = show.closest('article');

let data = island('tour');
let texts = island('texts');
const word = (key, values = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

// The same in every language, and another for a tour of the same name on another site of this host.
const name = `tour ${new URL(root, location.href).pathname} ${data.id}`;
const script = bindScript(document.getElementById('script'), name, data.steps);

function stepOfAddress() {
  const given = readHash().get('step') ?? /^#step-(\d+)$/.exec(location.hash)?.[1];
  return Math.max(0, Math.min(data.steps.length, Number(given) || 1) - 1);
}

let presenter = null;
const guide = createGuide(stage, stepOfAddress(), {
  data,
  changed(index, how) {
    if (!how.byItself) autoplay.stop();
    mark(index);
    if (!how.opening || index > 0) reveal(index, how.opening);
    presenter?.stepped(index, how);
  },
  seen: () => presenter?.seen(),
});

const stepItem = (index) => document.querySelector(`[data-step="${index + 1}"]`);

/** A step's title alone, without what tells of its language. */
function titleOf(index) {
  const title = stepItem(index).querySelector('h2').cloneNode(true);
  for (const mark of title.querySelectorAll('.other')) mark.remove();
  return title.textContent.trim();
}

/** The page shows which step it is. */
function mark(index) {
  for (const item of document.querySelectorAll('[data-step]')) {
    if (item === stepItem(index)) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
  }
  stage.setAttribute('aria-label', word('model_of', { title: guide.relicOf(index).title }));
  const number = word('step_of', { number: index + 1, count: guide.count });
  told(`${number}: ${titleOf(index)}`);
  const text = stepItem(index).querySelector('.prose');
  document.getElementById('caption').replaceChildren(...(text ? [text.cloneNode(true)] : []));
  for (const [button, off] of [['back', index === 0], ['next', index + 1 === guide.count]]) {
    // Not `disabled`: a button that is pressed twice would lose the focus.
    show.querySelector(`[data-tour="${button}"]`).setAttribute('aria-disabled', String(off));
  }
}

function told(words) {
  document.getElementById('told').textContent = words;
}

/** In the column beside the stage; where the stage is above the steps it stays in sight. */
function reveal(index, atOnce) {
  if (!WIDE.matches || presenter) return;
  stepItem(index).scrollIntoView({ block: 'nearest', behavior: atOnce || STILL.matches ? 'instant' : 'smooth' });
}

const autoplay = createAutoplay(guide, {
  soundOf: (index) => stepItem(index).querySelector('audio'),
  changed(on, ended) {
    playing(on);
    if (on) told(word('plays'));
    else if (ended) told(word('end_of_tour'));
  },
});

function playing(on) {
  const button = show.querySelector('[data-tour="play"]');
  button.setAttribute('aria-pressed', String(on));
  button.querySelector('span').textContent = word(on ? 'pause' : 'autoplay');
}

for (const kind of ['pointerdown', 'keydown', 'wheel']) {
  addEventListener(kind, ({ target, key }) => {
    const toggles = target.closest?.('[data-tour="play"]') && [undefined, ' ', 'Enter'].includes(key);
    if (!toggles && !['Shift', 'Control', 'Alt', 'Meta'].includes(key)) autoplay.stop();
  }, { capture: true, passive: true });
}

const does = {
  back: () => guide.back(),
  next: () => guide.next(),
  play: () => (autoplay.on ? autoplay.stop() : autoplay.start()),
  present() {
    const opened = open(`?present#step=${guide.at + 1}`, 'relicscan-large', 'popup,width=1280,height=720');
    history.replaceState(history.state, '', `?notes${location.hash}`);
    present('speaker', true);
    if (!opened) presenter.tell('present_blocked');
  },
};

article.addEventListener('click', (event) => {
  const { target } = event;
  does[target.closest('[data-tour]')?.dataset.tour]?.();
  const link = target.closest('[data-go]');
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    guide.to(Number(link.dataset.go) - 1);
  }
});

// Letters are keys only where the tour has the focus; the viewer has the arrows.
article.addEventListener('keydown', (event) => {
  if (presenter || event.ctrlKey || event.altKey || event.metaKey || event.target.closest('input, audio')) return;
  const pages = show.contains(event.target) ? { PageDown: 'next', PageUp: 'back' } : {};
  const what = { n: 'next', p: 'back', N: 'next', P: 'back', ...pages }[event.key];
  if (!what) return;
  event.preventDefault();
  does[what]();
});

// A finger across the words turns to the next step.
let from = null;
article.addEventListener('touchstart', ({ touches, target }) => {
  const [finger] = touches;
  from = touches.length === 1 && !stage.contains(target) && !target.closest('.script, audio, .tools') ? finger : null;
}, { passive: true });
article.addEventListener('touchend', ({ changedTouches: [finger] }) => {
  if (!from || presenter) return;
  const [dx, dy] = [finger.clientX - from.clientX, finger.clientY - from.clientY];
  from = null;
  if (Math.abs(dx) < SWIPE_PX || Math.abs(dx) < 2 * Math.abs(dy)) return;
  does[dx < 0 === (document.documentElement.dir !== 'rtl') ? 'next' : 'back']();
}, { passive: true });

// What a step says is said beside the stage: its card is not shown as well.
stage.addEventListener('viewer:spot', ({ detail: { id } }) => {
  stage.classList.toggle('told-beside', id !== null && id === guide.step.spot);
});

addEventListener('hashchange', () => {
  if (stepOfAddress() !== guide.at) guide.to(stepOfAddress(), { addressed: true });
});

document.addEventListener('page:language', () => {
  data = island('tour');
  texts = island('texts');
  guide.speak(data, texts);
  for (const [index, { audio }] of data.steps.entries()) {
    const element = stepItem(index).querySelector('audio');
    if (element && audio) element.src = audio;
  }
  mark(guide.at);
  playing(autoplay.on);
  script.show();
  presenter?.render();
});

function present(role, fresh = false) {
  presenter = createPresenter(role, {
    guide, stage, name, word, titleOf, fresh,
    planOf: () => script.plan,
    ended() {
      presenter = null;
      history.replaceState(history.state, '', location.pathname + location.hash);
      mark(guide.at);
    },
  });
}

show.querySelector('.tools').hidden = false;
mark(guide.at);
const asked = new URLSearchParams(location.search);
if (asked.has('present')) present('large');
else if (asked.has('notes')) present('speaker');

stage.dataset.state = 'loading';
import(new URL(bundle, document.baseURI).href)
  .then(({ openViewer }) => guide.opened((relic) => openViewer(stage, relic, { texts })))
  .catch((error) => {
    stage.dataset.state = 'failed';
    console.warn(error);
  });
