// The guide: leads the viewer from step to step. It knows steps, relics and the viewer; what the
// page shows beside them is told through `changed`.
import { readHash, writeHash } from './address.js';

// Parts of the address that belong to a step's own look at a relic.
const LOOK = ['view', 'spot', 'light', 'restored'];

/** `changed(index, how)` is called as soon as a step is chosen, `how` being what was given to `to`;
 * `seen()` when its relic is there and seen as the step wants.
 *
 * `data` is the island: steps [{relic, spot, camera, …}], relics {id: island with poster}.
 */
export function createGuide(stage, first, { data: given, changed, seen }) {
  let data = given;
  let at = first;
  let shown = null; // id of the relic on the stage
  let viewer = null;
  let loading = Promise.resolve();
  let turn = 0;

  const relicOf = (index) => data.relics[data.steps[index].relic];

  function picture(relic) {
    const poster = stage.querySelector('.poster');
    if (!poster) return;
    poster.alt = relic.title;
    if (!viewer && relic.poster) poster.src = relic.poster;
  }

  /** See the step as it wants to be seen; light and colours of the last one go. */
  function look(instant) {
    const { spot, camera } = data.steps[at];
    viewer.mode = 'orbit';
    if (viewer.state.restored) viewer.restored(false);
    if (viewer.state.figure) viewer.figure(false);
    if (spot) {
      viewer.light(null);
      viewer.openSpot(spot, { instant });
    } else if (camera) {
      viewer.light(null);
      viewer.openSpot(null);
      viewer.go(camera, { instant });
    } else viewer.home();
  }

  const guide = {
    get at() { return at; },
    get count() { return data.steps.length; },
    get step() { return data.steps[at]; },
    get steps() { return data.steps; },
    get viewer() { return viewer; },
    /** Whether the relic of the step is there, seen as the step wants. */
    settled: false,
    relicOf,
    /** The island and the page's texts in another language. */
    speak(next, texts) {
      data = next;
      picture(relicOf(at));
      viewer?.speak(texts, relicOf(at));
    },

    /** The viewer is there: it opens the relic of the step that is current by now. */
    async opened(open) {
      const relic = relicOf(at);
      shown = relic.id;
      try {
        loading = new Promise((resolve) => {
          // Once the viewer has done with loading it: what is asked of it before that may be lost.
          const later = () => setTimeout(resolve);
          for (const name of ['viewer:level', 'viewer:failed']) stage.addEventListener(name, later, { once: true });
        });
        viewer = open(relic);
      } catch {
        viewer = null;
        shown = null;
        loading = Promise.resolve();
      }
      await guide.to(at, { addressed: true, opening: true });
    },

    /** Go to a step. `addressed`: the address says what is seen there, and is left as it is.
     * Resolves when it is seen, or when another step was chosen meanwhile: false. */
    async to(index, how = {}) {
      const mine = (turn += 1);
      at = Math.max(0, Math.min(guide.count - 1, index));
      guide.settled = false;
      if (how.addressed) writeHash({ step: at + 1 });
      else writeHash({ step: at + 1, ...Object.fromEntries(LOOK.map((key) => [key, null])) });
      changed(at, how);
      const relic = relicOf(at);
      const other = shown !== relic.id;
      if (other) {
        shown = relic.id;
        if (viewer) loading = viewer.show(relic);
      }
      picture(relic);
      await loading;
      if (mine !== turn) return false;
      const hash = readHash();
      const told = how.addressed && (hash.has('view') || hash.has('spot'));
      if (viewer && !told) look(other || Boolean(how.opening));
      guide.settled = true;
      seen();
      ahead();
      return true;
    },
    next: (how) => (at + 1 < guide.count ? guide.to(at + 1, how) : null),
    back: (how) => (at > 0 ? guide.to(at - 1, how) : null),
    /** Back to how the step is seen at first. */
    again() { if (viewer && guide.settled) look(false); },
  };

  const fetched = new Set();
  /** Fetch what the next relic shows first, unless the visitor's network is to be spared. */
  function ahead() {
    const { connection } = navigator;
    if (connection?.saveData || /2g|3g/.test(connection?.effectiveType ?? '') || at + 1 >= guide.count) return;
    const next = relicOf(at + 1);
    if (next.id === shown || fetched.has(next.id)) return;
    fetched.add(next.id);
    for (const url of [next.poster, next.levels[0]?.url]) {
      // Into the browser's cache; where that fails, the step loads it.
      if (url) fetch(url, { priority: 'low' }).then((answer) => answer.arrayBuffer()).catch(() => fetched.delete(next.id));
    }
  }
  return guide;
}
