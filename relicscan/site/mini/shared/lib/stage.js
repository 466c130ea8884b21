// The stage of a page: which model is loaded, where the camera stands, what fingers do to it.
//
// A scene, the platform's own, is {show(url, bounds) → Promise, look(eye, target, bounds), close()}.
// Until it is there, and where it fails, the page shows the relic's picture.
const orbit = require('./orbit.js');

const STEPS = 16;
const STEP_MS = 30;

function createStage(page) {
  let scene = null;
  let relic = null;
  let level = -1;
  let view = null;
  let asked = 0;
  let flight = null;
  let fingers = [];

  const look = (next) => {
    view = next;
    if (scene && level >= 0) scene.look(orbit.eyeOf(view), view.target, relic.bounds);
  };

  function load(wanted) {
    if (!scene || !relic) return Promise.resolve();
    asked += 1;
    const turn = asked;
    const finer = level >= 0;
    if (!finer) page.setData({ state: 'loading' });
    return scene.show(relic.levels[wanted].url, relic.bounds).then(
      () => {
        if (turn !== asked) return;
        level = wanted;
        look(view);
        page.setData({ state: 'shown', finest: wanted === relic.levels.length - 1 });
      },
      (error) => {
        console.error(error);
        // The coarser model stays where a finer one does not come.
        if (turn === asked && !finer) page.setData({ state: 'failed' });
      },
    );
  }

  function stop() {
    if (flight !== null) clearTimeout(flight);
    flight = null;
  }

  function fly(to) {
    stop();
    const from = view;
    let step = 0;
    const next = () => {
      step += 1;
      flight = step < STEPS ? setTimeout(next, STEP_MS) : null;
      look(orbit.between(from, to, step / STEPS));
    };
    next();
  }

  /** The camera of a hotspot or step as a view; none is the first view. */
  const viewOf = (camera) => (
    camera ? orbit.viewFrom(camera.position, camera.target) : orbit.firstView(relic.bounds)
  );

  const spread = (touches) => Math.hypot(
    touches[0].clientX - touches[1].clientX, touches[0].clientY - touches[1].clientY,
  );

  return {
    /** The platform's scene is there, or why not. */
    opened(promise) {
      return promise.then(
        (there) => {
          scene = there;
          return load(0);
        },
        (error) => {
          console.error(error);
          page.setData({ state: 'failed' });
        },
      );
    },

    /** Show a relic of things.js from a camera; the same one is not loaded again. */
    show(next, camera) {
      if (relic === next) {
        fly(viewOf(camera));
        return Promise.resolve();
      }
      stop();
      relic = next;
      level = -1;
      view = viewOf(camera);
      return load(0);
    },

    go(camera) { fly(viewOf(camera)); },

    /** Load the finest model. */
    finest() {
      const last = relic.levels.length - 1;
      return level < last ? load(last) : Promise.resolve();
    },

    touchStart(touches) {
      stop();
      fingers = touches;
    },

    /** `width` is that of the stage in the same px as the fingers' places. */
    touchMove(touches, width) {
      if (fingers.length === 1 && touches.length === 1) {
        const across = (touches[0].clientX - fingers[0].clientX) / width;
        const down = (touches[0].clientY - fingers[0].clientY) / width;
        look(orbit.turned(view, across, down));
      } else if (fingers.length === 2 && touches.length === 2) {
        look(orbit.zoomed(view, spread(fingers) / Math.max(spread(touches), 1), relic.bounds));
      }
      fingers = touches;
    },

    /** The platforms differ in whether no finger is an empty list. */
    touchEnd(touches) { fingers = touches || []; },

    close() {
      stop();
      asked += 1;
      if (scene) scene.close();
      scene = null;
    },
  };
}

/** What a page with a stage adds to its own methods. `open` makes the platform's scene. */
function handlers(open) {
  return {
    stageReady() { this.stage.opened(open(this)); },
    touchStart(event) { this.stage.touchStart(event.touches); },
    touchMove(event) { this.stage.touchMove(event.touches, this.data.stage.width); },
    touchEnd(event) { this.stage.touchEnd(event.touches); },
    showFinest() { this.stage.finest(); },
    onUnload() { this.stage.close(); },
  };
}

module.exports = { createStage, handlers };
