// What is seen on a stage, as data: the camera, the light, what is coloured or compared; and how
// another stage follows it.

export function sceneOf(viewer) {
  const { lamp, state: { restored, figure, finest } } = viewer;
  const light = lamp && [lamp.azimuth, lamp.elevation].map(Math.round);
  return { view: viewer.view(), light, restored, figure, finest };
}

const numbers = (view) => view.split(',').map(Number);
const viewOf = ([theta, phi, radius, ...target]) => ({ theta, phi, radius, target });
const turned = (from, to) => ((((to - from) % 360) + 540) % 360) - 180;

// More than a hand moves a camera between two messages: it was a flight, and is one here.
const FLIGHT = { degrees: 25, times: 1.5 };

// How fast a stage goes after the other, in ms: smooth over some messages, not felt as late.
const AFTER_MS = 60;

/** Follows scenes: `take(scene, instant)`. */
export function createFollower(viewer, still = () => false) {
  let aim = null; // the view that is glided to
  let now = null;
  let last = 0;
  let frame = 0;

  function glide(time) {
    const to = numbers(aim);
    const share = 1 - Math.exp(-Math.min(100, time - last || 16) / AFTER_MS);
    last = time;
    const way = to.map((value, i) => (i === 0 ? turned(now[0], value) : value - now[i]));
    const near = Math.abs(way[0]) < 0.05 && Math.abs(way[1]) < 0.05 && way.slice(2).every((by) => Math.abs(by) < 2e-3 * to[2]);
    now = now.map((value, i) => value + way[i] * share);
    viewer.go(near ? viewOf(to) : viewOf(now), { instant: true });
    if (near) aim = null;
    else frame = requestAnimationFrame(glide);
  }

  function stop() {
    cancelAnimationFrame(frame);
    aim = null;
  }

  function look(view, instant) {
    if (view === (aim ?? viewer.view())) return;
    const [from, to] = [numbers(viewer.view()), numbers(view)];
    const far = Math.abs(turned(from[0], to[0])) > FLIGHT.degrees || Math.abs(to[1] - from[1]) > FLIGHT.degrees ||
      Math.max(from[2] / to[2], to[2] / from[2]) > FLIGHT.times;
    if (instant || far || still()) {
      stop();
      viewer.go(view, { instant: instant || still() });
      return;
    }
    const gliding = aim !== null;
    aim = view;
    if (!gliding) {
      now = from;
      last = 0;
      frame = requestAnimationFrame(glide);
    }
  }

  return {
    /** Hands are on this stage now, or another step is gone to. */
    stop,
    take(scene, instant = false) {
      if (String(scene.light) !== String(sceneOf(viewer).light)) viewer.light(...(scene.light ?? [null]));
      if (scene.restored !== viewer.state.restored) viewer.restored(scene.restored);
      if (scene.figure !== viewer.state.figure) viewer.figure(scene.figure);
      if (scene.finest && !viewer.state.finest) viewer.finest();
      look(scene.view, instant);
    },
  };
}
