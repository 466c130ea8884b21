// The laser pointer: a red point on the stage that stands on the same place of the object in each
// window. A camera of the viewer sees the same across the shorter side of any stage, so the point is
// counted from the middle in shares of that side.

/** `moved({x, y} | null)` tells where this window's mouse is while the pointer is on. */
export function createPointer(stage, moved) {
  const point = document.createElement('div');
  point.className = 'laser';
  point.hidden = true;
  stage.append(point);
  let on = false;
  let at = null;
  let waiting = 0;

  function show(place) {
    at = place;
    const { clientWidth: width, clientHeight: height } = stage;
    const side = Math.min(width, height);
    point.hidden = !on || !at;
    if (point.hidden) return;
    const [x, y] = [width / 2 + at.x * side, height / 2 + at.y * side];
    point.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    point.dataset.at = `${at.x},${at.y}`;
  }

  /** Mine: shown at once, told once a frame. */
  function pointTo(place) {
    show(place);
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      moved(at);
    });
  }

  const moves = (event) => {
    if (!on) return;
    const box = stage.getBoundingClientRect();
    const side = Math.min(box.width, box.height);
    const share = (value) => Math.round(value * 1e4) / 1e4;
    pointTo({
      x: share((event.clientX - box.left - box.width / 2) / side),
      y: share((event.clientY - box.top - box.height / 2) / side),
    });
  };
  const leaves = () => { if (on) pointTo(null); };
  stage.addEventListener('pointermove', moves);
  stage.addEventListener('pointerleave', leaves);
  const watcher = new ResizeObserver(() => show(at));
  watcher.observe(stage);

  return {
    get at() { return at; },
    /** Another window's. */
    show,
    /** By keys: from where it is, or the middle. */
    nudge(dx, dy) {
      if (!on) return;
      const { x, y } = at ?? { x: 0, y: 0 };
      const within = (value) => Math.max(-1, Math.min(1, Math.round(value * 1e4) / 1e4));
      pointTo({ x: within(x + dx), y: within(y + dy) });
    },
    set on(value) {
      on = value;
      stage.classList.toggle('pointing', on);
      show(at);
    },
    remove() {
      stage.removeEventListener('pointermove', moves);
      stage.removeEventListener('pointerleave', leaves);
      stage.classList.remove('pointing');
      watcher.disconnect();
      point.remove();
    },
  };
}
