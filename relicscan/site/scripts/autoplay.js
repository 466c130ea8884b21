// A tour that goes on by itself: a step lasts as long as its sound, or as many seconds as it says.

/** `soundOf(index)` is the audio element of a step or null; `changed(on, ended)` tells the page. */
export function createAutoplay(guide, { soundOf, changed }) {
  let on = false;
  let turn = 0;
  let timer = 0;
  let sound = null;

  function quiet() {
    turn += 1;
    clearTimeout(timer);
    sound?.pause();
    sound = null;
  }

  function stop(ended = false) {
    if (!on) return;
    on = false;
    quiet();
    changed(false, ended);
  }

  /** Stay at the current step, which may still be loading, and go on. */
  async function stay(arriving) {
    quiet();
    const mine = turn;
    await arriving;
    if (mine !== turn) return;
    const forth = () => {
      if (mine !== turn) return;
      if (guide.at + 1 < guide.count) stay(guide.next({ byItself: true }));
      else stop(true);
    };
    sound = soundOf(guide.at);
    if (sound) {
      sound.onended = forth;
      sound.onerror = () => { if (mine === turn) timer = setTimeout(forth, guide.step.seconds * 1000); };
      sound.currentTime = 0;
      // A browser that does not let it sound lets it be read.
      if (await sound.play().then(() => true, () => false)) return;
    }
    if (mine === turn) timer = setTimeout(forth, guide.step.seconds * 1000);
  }

  return {
    get on() { return on; },
    stop: () => stop(),
    start() {
      on = true;
      changed(true, false);
      const last = guide.at + 1 === guide.count;
      stay(last && guide.count > 1 ? guide.to(0, { byItself: true }) : guide.settled ? null : guide.to(guide.at, { byItself: true }));
    },
  };
}
