// Presenting: a large view for the audience and the speaker's window, which do the same. Either may
// be steered, loaded again or closed; the window that hands are on leads, the others follow.
import { openChannel } from './channel.js';
import { createPointer } from './pointer.js';
import { createFollower, sceneOf } from './scene.js';
import { createSpeaker } from './speaker.js';

const TOLD_EVERY_MS = 40;
const ANSWER_MS = 300; // a window that is there has answered by then
const TITLE_MS = 6000;
const NUDGE = 0.02; // of the stage's shorter side
const HALF_A_DAY_MS = 12 * 3600 * 1000;

/** When the script begins: at the time of day that was entered, the nearest one, else now. */
function beginning({ start }) {
  const now = Date.now();
  if (!start) return now;
  const at = new Date();
  at.setHours(...start.split(':').map(Number), 0, 0);
  const off = at.getTime() - now;
  if (off > HALF_A_DAY_MS) at.setDate(at.getDate() - 1);
  if (off < -HALF_A_DAY_MS) at.setDate(at.getDate() + 1);
  return at.getTime();
}

/** `role` is "large" or "speaker"; `titleOf(index)` a step's title, `planOf()` what the script says;
 * `fresh`: the presentation begins now, whatever was kept of an earlier one; `ended()`: this window
 * is a page again. */
export function createPresenter(role, { guide, stage, name, word, titleOf, planOf, fresh = false, ended }) {
  const speaks = role === 'speaker';
  document.documentElement.dataset.role = role;
  const pointer = createPointer(stage, (at) => channel.send({ kind: 'laser', at }));
  const layer = (className) => stage.appendChild(Object.assign(document.createElement('div'), { className, hidden: true }));
  const [banner, curtain] = [layer('banner'), layer('curtain')];
  let leading = speaks;
  let told = '';
  let follower = null;
  let speaker = null;
  let hiding = 0;

  const channel = openChannel(name, { changed, heard });

  function changed(state, before) {
    if (state.step !== guide.at) {
      leading = false;
      follower?.stop();
      guide.to(state.step, { remote: true });
    } else if (state.scene && JSON.stringify(state.scene) !== JSON.stringify(before.scene)) {
      leading = false;
      follow(false);
    }
    show();
  }

  function heard(message) {
    if (message.kind === 'laser') pointer.show(message.at);
    if (message.kind === 'hello') {
      if (pointer.at) channel.send({ kind: 'laser', at: pointer.at });
      shape();
    }
    if (message.kind === 'shape' && speaks) {
      stage.parentElement.style.setProperty('--aspect', String(message.aspect));
      speaker.tell('present_hint');
    }
    if (message.kind === 'bye' && speaks) speaker.tell('large_gone');
    if (message.kind === 'end' && !speaks) close();
  }

  /** The speaker's stage is cut like the large view. */
  function shape() {
    if (!speaks && stage.clientHeight) channel.send({ kind: 'shape', aspect: stage.clientWidth / stage.clientHeight });
  }

  function follow(instant) {
    const { scene, step } = channel.state;
    if (!scene || !guide.viewer || !guide.settled || step !== guide.at) return;
    follower ??= createFollower(guide.viewer, () => matchMedia('(prefers-reduced-motion: reduce)').matches);
    told = JSON.stringify(scene);
    follower.take(scene, instant);
  }

  /** The window that leads tells what is seen in it, as often as it changes. */
  function tell() {
    if (!leading || !guide.settled || !guide.viewer || !channel.state.seq) return;
    const scene = sceneOf(guide.viewer);
    const text = JSON.stringify(scene);
    if (text === told) return;
    told = text;
    channel.set({ scene });
  }

  function lead() {
    leading = true;
    follower?.stop();
  }

  function show() {
    const { state } = channel;
    curtain.hidden = !state.dark;
    pointer.on = Boolean(state.laser);
    clearTimeout(hiding);
    const left = (state.title ?? 0) - Date.now();
    banner.hidden = left <= 0;
    if (left > 0) {
      const [title, where] = [titleOf(guide.at), guide.relicOf(guide.at).title];
      const line = (tag, words) => Object.assign(document.createElement(tag), { textContent: words, dir: 'auto' });
      banner.replaceChildren(line('b', title), ...(where === title ? [] : [line('span', where)]));
      hiding = setTimeout(show, left);
    }
    speaker?.render();
  }

  const set = (change) => {
    channel.set(change);
    show();
  };
  const key = (name, init) => stage.dispatchEvent(new KeyboardEvent('keydown', { key: name, ...init }));
  const act = {
    next: () => guide.next(),
    back: () => guide.back(),
    to: (index) => guide.to(index),
    dark: () => set({ dark: !channel.state.dark }),
    laser: () => set({ laser: !channel.state.laser }),
    title: () => set({ title: Date.now() < (channel.state.title ?? 0) ? 0 : Date.now() + TITLE_MS }),
    clock: () => set({ start: Date.now() }),
    again() {
      lead();
      guide.again();
    },
    light() {
      lead();
      if (guide.viewer) guide.viewer.mode = guide.viewer.mode === 'light' ? 'orbit' : 'light';
    },
    finest() {
      lead();
      guide.viewer?.finest();
    },
    spot(number) {
      const spot = guide.relicOf(guide.at).hotspots[number - 1];
      if (!spot) return;
      lead();
      guide.viewer?.openSpot(spot.id);
      guide.viewer?.detail(spot.id);
    },
    hands(name) {
      lead();
      key(name);
    },
    full() {
      if (speaks) speaker.tell('full_screen_there');
      else if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen?.().catch(() => {});
    },
    end() {
      channel.send({ kind: 'end' });
      close();
    },
  };
  const KEYS = {
    ArrowRight: act.next, ' ': act.next, PageDown: act.next, n: act.next,
    ArrowLeft: act.back, PageUp: act.back, p: act.back,
    Home: () => act.to(0), End: () => act.to(guide.count - 1),
    b: act.dark, '.': act.dark, l: act.laser, t: act.title, r: act.clock, f: act.full,
    0: act.again, i: act.light, g: act.finest,
    '+': () => act.hands('+'), '=': () => act.hands('+'), '-': () => act.hands('-'),
    w: () => pointer.nudge(0, -NUDGE), s: () => pointer.nudge(0, NUDGE),
    a: () => pointer.nudge(-NUDGE, 0), d: () => pointer.nudge(NUDGE, 0),
  };

  function pressed(event) {
    const { key: name, target } = event;
    // Those of the viewer come back through the stage, and are not ours.
    if (!event.isTrusted || event.ctrlKey || event.altKey || event.metaKey) return;
    if (target.closest?.('input, select, textarea, summary')) return;
    if (target.closest?.('button, a') && (name === ' ' || name === 'Enter')) return;
    const does = event.shiftKey && name.startsWith('Arrow') ? () => act.hands(name)
      : /^[1-9]$/.test(name) ? () => act.spot(Number(name))
        : KEYS[name.length === 1 ? name.toLowerCase() : name];
    if (!does) return;
    event.preventDefault();
    event.stopPropagation();
    does();
  }

  let awake = null;
  async function stayAwake() {
    if (document.visibilityState !== 'visible') return;
    awake = await navigator.wakeLock?.request('screen').catch(() => null);
  }

  const leave = () => { if (!speaks) channel.send({ kind: 'bye' }); };
  const bound = [
    [window, 'keydown', pressed, true], [stage, 'pointerdown', lead, true], [stage, 'wheel', lead, true],
    [window, 'pagehide', leave], [window, 'resize', shape], [document, 'visibilitychange', stayAwake],
  ];
  for (const [target, ...how] of bound) target.addEventListener(...how);
  const telling = setInterval(tell, TOLD_EVERY_MS);

  function close() {
    clearInterval(telling);
    clearTimeout(hiding);
    for (const [target, ...how] of bound) target.removeEventListener(...how);
    channel.end();
    pointer.remove();
    banner.remove();
    curtain.remove();
    speaker?.close();
    awake?.release();
    delete document.documentElement.dataset.role;
    if (!speaks) window.close();
    ended();
  }

  function begin() {
    channel.set({ step: guide.at, scene: null, dark: false, laser: false, title: 0, start: beginning(planOf()) });
    show();
  }

  if (speaks) {
    speaker = createSpeaker(guide, { word, act, of: () => ({ state: channel.state, plan: planOf() }) });
    if (fresh) begin();
    else setTimeout(() => { if (!channel.state.start) begin(); }, ANSWER_MS);
  }
  if (channel.state.seq && !fresh) changed(channel.state, {});
  show();
  shape();
  stayAwake();

  return {
    role,
    tell: (key) => speaker?.tell(key),
    render: show,
    /** Another step was chosen in this window, or in another. */
    stepped(index, { remote, opening }) {
      if (!remote && !opening) {
        lead();
        told = '';
        channel.set({ step: index, scene: null });
      }
      show();
    },
    /** The relic of the step is there. */
    seen() {
      // What is shown on a wall is shown in full, unless the network is to be spared.
      if (!speaks && !navigator.connection?.saveData) guide.viewer?.finest();
      follow(true);
    },
  };
}
