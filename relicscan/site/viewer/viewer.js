// The viewer of a relic: openViewer(stage, relic, options) puts a canvas over the poster and
// returns what pages, tours and tests do with it.
//
// stage   <div class="stage" id="stage" tabindex="0"> with <img class="poster">; the viewer adds
//         canvas, svg.lines, .spots, .spot-card, .hint, .legend, .progress. It sets data-state
//         (poster, loading, interactive, failed), data-level, data-view, data-mode and data-ar.
// relic   the island `relic`; a key `poster` (an address, optional) changes the poster on show().
// options texts (the island `texts`, see words.js), saveData, reducedMotion, buttons (the element
//         below which [data-action] are bound; the document).
// viewer.show(relic) reads the address as openViewer does: whoever shows another relic takes out what
// is of the last one first.
// Fullscreen takes the nearest ancestor with data-fullscreen, so that buttons can come along.
// viewer.speak(texts, relic): the same relic in another language. viewer.lamp: {azimuth, elevation}
// of the visitor's lamp, null in the studio's light.
// Events on the stage: viewer:level {name, index}, viewer:view {view}, viewer:spot {id},
// viewer:measure {cm, from, to}, viewer:mode {mode}, viewer:failed {reason}.
import { bindActions } from './actions.js';
import { createAr } from './ar.js';
import { along, axesOf, createCamera, fitted, read, unitsPerPixel, viewFrom, written } from './camera.js';
import { createControls, createHands } from './controls.js';
import { exposureFor } from './exposure.js';
import { createFigure, roomFor } from './figure.js';
import { forget, keep, readHash } from './hash.js';
import { createKeys } from './keys.js';
import { createLamp } from './lamp.js';
import { createLevels } from './levels.js';
import { createMeasure } from './measure.js';
import { createOverlay } from './overlay.js';
import { createSpots, viewOf } from './spots.js';
import { createStage } from './stage.js';
import { createWords } from './words.js';
import { createWorld } from './world.js';

// A context that does not come back in this time (ms) is gone.
const LOST_MS = 8000;

// So long (ms) is a poster waited for once the model is there.
const POSTER_MS = 1500;

const prefersStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

export function openViewer(element, first, options = {}) {
  const word = createWords(options.texts);
  try {
    return opened(element, first, options, word);
  } catch (error) {
    element.dataset.state = 'failed';
    const note = Object.assign(document.createElement('p'), { className: 'hint', textContent: word('no_webgl') });
    note.setAttribute('role', 'status');
    element.append(note);
    element.dispatchEvent(new CustomEvent('viewer:failed', { detail: { reason: String(error) }, bubbles: true }));
    throw error;
  }
}

function opened(element, first, options, word) {
  const small = matchMedia('(pointer: coarse)').matches || (navigator.deviceMemory ?? 8) < 4;
  const state = { restored: false, figure: false, spots: true, finest: false, light: false, measure: false,
    get fullscreen() { return Boolean(document.fullscreenElement) || element.classList.contains('filling'); } };
  const camera = createCamera();
  camera.still = options.reducedMotion ?? prefersStill();
  let relic = first;
  let home = null;
  let mode = 'orbit';
  let lostFor = 0;
  let before = null;

  const stage = createStage(element, {
    onFrame: (now, elapsed) => {
      const moving = camera.step(now, elapsed);
      if (!moving) rested();
      return moving;
    },
    onDraw: draw,
    onLost() {
      element.dataset.state = 'loading';
      lostFor = setTimeout(() => failed(new Error('the graphics context was lost')), LOST_MS);
    },
    onBack() {
      clearTimeout(lostFor);
      world.studio.refresh();
      element.dataset.state = world.there ? 'interactive' : 'loading';
    },
  });
  const world = createWorld(stage, camera, small);
  const { box, studio, pick } = world;

  const overlay = createOverlay(stage, camera.camera);
  const spots = createSpots(stage, overlay, {
    word,
    hit: world.hit,
    onOpen: (spot, how) => viewer.openSpot(spot.id, how),
    onDetail: (spot) => viewer.detail(spot.id),
  });
  const hint = stage.layer('hint', 'p');
  hint.setAttribute('role', 'status');
  const legend = stage.layer('legend', 'p');
  legend.textContent = word('restored');
  legend.hidden = true;
  const bar = stage.layer('progress');
  bar.append(document.createElement('i'));
  bar.hidden = true;

  const say = (words) => { hint.textContent = words; };
  const measure = createMeasure(stage, overlay, { word, pick, hint: say });
  const figure = createFigure(stage, overlay, camera, { word });
  const lamp = createLamp(stage, overlay, {
    word,
    hint: say,
    moved(at) {
      studio.setLamp(at);
      keep({ light: at && [at.azimuth, at.elevation].map(Math.round).join(',') });
      stage.request();
    },
  });
  const ar = createAr(stage, {
    word, say, world, changed: () => { update(); stage.request(); },
  });
  const hands = createHands(stage, camera, {
    changed: stage.request,
    limits: () => ({ nearest: stage.size * 0.08, farthest: home.radius * 1.6, home, reach: stage.size }),
    surface: (x, y) => pick(x, y)?.point.toArray() ?? null,
  });

  function draw() {
    if (!world.there) return;
    world.draw();
    overlay.update();
  }

  function rested() {
    if (!home) return;
    const view = written(camera.view);
    if (element.dataset.view === view) return;
    element.dataset.view = view;
    keep({ view: view === written(home) ? null : view });
    stage.tell('view', { view });
    levels.nearer(home.radius / camera.view.radius);
  }

  /** The poster of a relic; the first one's is in the page. */
  function picture(next) {
    const { poster } = stage;
    if (!poster || (next === first && !next.poster)) return;
    poster.hidden = !next.poster;
    if (next.poster) poster.src = next.poster;
  }

  /** The poster says how bright the relic is to be, but a slow one is not waited for. */
  async function pictured() {
    const { poster } = stage;
    if (world.there || !poster || poster.hidden) return;
    await Promise.race([
      poster.decode().catch(() => {}),
      new Promise((late) => setTimeout(late, POSTER_MS)),
    ]);
  }

  function failed(error) {
    if (!world.there) element.dataset.state = 'failed';
    say(word('failed'));
    console.warn(error);
    stage.tell('failed', { reason: String(error) });
  }

  const levels = createLevels({
    saveData: options.saveData ?? false,
    failed,
    progress(share) {
      bar.hidden = share === null;
      bar.firstChild.style.transform = `scaleX(${share ?? 0})`;
    },
    before: pictured,
    place(mesh) {
      world.place(mesh);
      if (!home) arrive();
      stage.draw();
    },
    said(level, index) {
      element.dataset.level = level.name;
      state.finest = index === relic.levels.length - 1;
      update();
      if (element.dataset.state !== 'interactive') {
        element.dataset.state = 'interactive';
        fromHash(readHash(), { instant: true });
        rested();
      }
      stage.tell('level', { name: level.name, index });
    },
  });

  /** The first level of a relic is there: go to the first view, as bright as the poster. */
  function arrive() {
    const poster = fitted(world.arrive());
    home = relic.view ? viewFrom(relic.view.position, relic.view.target) : poster;
    studio.uniforms.exposure.value = 1;
    camera.go(poster, { instant: true });
    studio.uniforms.exposure.value = exposureFor(stage, draw);
    camera.go(home, { instant: true });
    spots.set(relic.hotspots ?? []);
  }

  function fromHash(hash, how) {
    const view = read(hash.get('view'));
    const light = (hash.get('light') ?? '').split(',').map(Number);
    const spot = spots.find(hash.get('spot'));
    if (light.length === 2 && light.every(Number.isFinite)) lamp.place(...light);
    if (hash.get('restored') === '1' && relic.restored) viewer.restored(true);
    if (spot) viewer.openSpot(spot.id, { ...how, fly: !view });
    if (view) viewer.go(view, how);
  }

  /** On narrow stages the card lies below what it tells of, so that has to move up. */
  function overCard(view) {
    const card = element.querySelector('.spot-card');
    if (card.hidden || element.clientWidth > 600) return view;
    const down = (unitsPerPixel(view, stage.shorter) * card.offsetHeight) / 2;
    return { ...view, target: along(view.target, axesOf(view).up, -down) };
  }

  function setMode(next) {
    if (next === mode || (next === 'measure' && !relic.scale_known)) return;
    if (mode === 'measure') measure.set(false);
    if (mode === 'light') lamp.set(false);
    mode = next;
    if (mode === 'measure') measure.set(true);
    if (mode === 'light') lamp.set(true, studio.direction());
    state.light = mode === 'light';
    state.measure = mode === 'measure';
    element.dataset.mode = mode;
    update();
    stage.request();
    stage.tell('mode', { mode });
  }

  const toggle = (next) => setMode(mode === next ? 'orbit' : next);
  const keys = createKeys({
    mode: () => mode,
    toggle,
    escape,
    orbit: (right, down) => hands.turn(right, -down),
    light: (right, down) => lamp.turn(right, -down, camera.view.theta),
    pan: hands.pan,
    zoom: hands.zoom,
    home: () => viewer.home(),
    take: () => measure.take(element.clientWidth / 2, element.clientHeight / 2),
  });
  createControls(stage, {
    orbit: (dx, dy) => (mode === 'light' ? lamp.drag(dx, dy, camera.view.theta) : hands.orbit(dx, dy)),
    pan: hands.pan,
    zoom: (...how) => (home ? hands.zoom(...how) : false),
    tap(x, y) {
      if (mode === 'measure') measure.take(x, y);
      else if (spots.open) viewer.openSpot(null);
    },
    twice(x, y) {
      const hit = mode === 'measure' ? null : pick(x, y);
      if (!hit) return;
      viewer.go({ ...camera.goal, target: hit.point.toArray(), radius: Math.min(camera.goal.radius, home.radius) * 0.5 });
    },
    key: (event) => home !== null && keys(event),
  });

  /** One thing at a time: points, mode, card, fullscreen. */
  function escape() {
    if (measure.points.length) measure.clear();
    else if (mode !== 'orbit') setMode('orbit');
    else if (spots.open) viewer.openSpot(null, { focus: true });
    else if (element.classList.contains('filling')) element.classList.remove('filling');
    else return false;
    return true;
  }

  const viewer = {
    element, state, word, say, pick,
    get relic() { return relic; },
    get mode() { return mode; },
    set mode(next) { setMode(next); },
    async show(next) {
      relic = next;
      home = null;
      forget();
      setMode('orbit');
      lamp.clear();
      figure.set(false);
      Object.assign(state, { restored: false, figure: false, finest: false });
      world.restored.value = 0;
      before = null;
      legend.hidden = true;
      spots.set([]);
      say('');
      element.dataset.state = 'loading';
      element.dataset.level = element.dataset.view = '';
      picture(next);
      world.clear();
      ar.set(next);
      update();
      await levels.show(next);
    },
    view: () => written(camera.goal),
    go(view, how = {}) {
      const next = typeof view === 'string' ? read(view) : view.position ? viewFrom(view.position, view.target) : view;
      if (!next || !home) return;
      camera.go(next, how);
      stage.request();
    },
    home() {
      viewer.openSpot(null);
      lamp.clear();
      setMode('orbit');
      viewer.go(home);
    },
    openSpot(id, { fly = true, instant = false, focus = false } = {}) {
      const spot = spots.find(id) ?? null;
      if (!spot && !spots.open) return;
      spots.show(spot, { focus });
      keep({ spot: spot?.id ?? null });
      if (spot && fly) viewer.go(overCard(viewOf(spot, home)), { instant });
    },
    detail(id) {
      const spot = spots.find(id);
      if (spot) {
        const view = viewOf(spot, home);
        viewer.go(overCard(spot.camera ? view : { ...view, radius: view.radius * 0.6 }));
      }
      return viewer.finest();
    },
    light(azimuth, elevation) {
      if (azimuth === null) lamp.clear();
      else lamp.place(azimuth, elevation);
    },
    restored(on) {
      state.restored = Boolean(on && relic.restored);
      world.restored.value = state.restored ? 1 : 0;
      legend.hidden = !state.restored;
      keep({ restored: state.restored ? '1' : null });
      update();
      stage.request();
    },
    figure(on) {
      state.figure = Boolean(on && relic.scale_known && home);
      const bounds = [box.min.toArray(), box.max.toArray()];
      figure.set(state.figure, relic.bounds ?? bounds);
      if (state.figure) {
        before = camera.goal;
        const room = fitted(
          roomFor(relic.bounds ?? bounds, camera.goal), camera.goal,
          ...[element.clientWidth, element.clientHeight].map((side, i) => (side - [130, 90][i]) / stage.shorter),
        );
        if (room.radius > camera.goal.radius) viewer.go(room);
      } else if (before) viewer.go(before);
      if (!state.figure) before = null;
      say(state.figure ? figure.words : '');
      update();
      stage.request();
    },
    spots(on) {
      state.spots = on;
      spots.visible(on);
      update();
    },
    finest: () => levels.finest(),
    get lamp() { return lamp.at; },
    speak(texts, same) {
      word.use(texts);
      if (same?.id === relic.id) {
        const { open } = spots;
        relic = same;
        spots.set(relic.hotspots ?? []);
        if (open) spots.show(spots.find(open.id) ?? null);
      }
      legend.textContent = word('restored');
      say(state.figure ? figure.words : '');
      if (state.figure) figure.set(true);
      ar.set(relic);
    },
    dispose() {
      levels.stop();
      world.dispose();
      stage.dispose();
    },
  };

  if (!element.hasAttribute('role')) element.setAttribute('role', 'application');
  if (!element.hasAttribute('aria-label')) element.setAttribute('aria-label', `${relic.title}: ${word('viewer')}. ${word('keys')}`);
  const update = bindActions(options.buttons ?? document, viewer, { word, ar });
  addEventListener('hashchange', () => fromHash(readHash(), {}));
  matchMedia('(prefers-reduced-motion: reduce)').addEventListener?.('change', () => {
    camera.still = options.reducedMotion ?? prefersStill();
  });
  element.dataset.mode = mode;
  viewer.show(first);
  return viewer;
}
