// Hotspots: a button on each, dimmed when the object is in front of it, and a card with its text.
import { Vector3 } from 'three';
import { axesOf, viewFrom } from './camera.js';

const from = new Vector3();
const to = new Vector3();

/** The view of a spot: the museum's, else straight at it, as near as a detail wants. Which way a
 * spot without a normal faces is taken to be away from the middle. */
export function viewOf(spot, home) {
  if (spot.camera) return viewFrom(spot.camera.position, spot.camera.target);
  const target = [...spot.position];
  const outward = spot.normal ?? target.map((value, i) => value - home.target[i]);
  if (Math.hypot(...outward) < 0.01 * home.radius) return { ...home, radius: home.radius * 0.4, target };
  const facing = viewFrom(target.map((value, i) => value + outward[i]), target);
  // A little from above rather than straight on: that is how relief reads.
  const phi = Math.max(-40, Math.min(70, facing.phi * 0.8 + 4));
  return { ...facing, phi, radius: home.radius * 0.4 };
}

export function createSpots(stage, overlay, { word, hit, onOpen, onDetail }) {
  const layer = stage.layer('spots');
  const card = stage.layer('spot-card');
  card.hidden = true;
  card.setAttribute('role', 'group');
  let spots = [];
  let buttons = [];
  let open = null;
  let settling = 0;

  const button = (name, words, action) => {
    const element = document.createElement('button');
    element.type = 'button';
    element.className = name;
    if (words) element.setAttribute('aria-label', words);
    element.addEventListener('click', action);
    return element;
  };
  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    element.className = name;
    element.textContent = text;
    return element;
  };

  function fill(spot) {
    const shut = button('card-close', word('close'), () => show(null, { focus: true }));
    const detail = make('button', 'card-detail', word('detail'));
    detail.type = 'button';
    detail.addEventListener('click', () => onDetail(spot));
    const title = make('h3', 'card-title', spot.title);
    title.id = 'spot-card-title';
    card.setAttribute('aria-labelledby', title.id);
    const parts = [title, shut];
    if (spot.text) parts.push(make('p', 'card-text', spot.text));
    if (spot.audio) {
      const audio = document.createElement('audio');
      audio.controls = true;
      audio.preload = 'none';
      audio.src = spot.audio;
      parts.push(audio);
    }
    const actions = make('div', 'card-actions', '');
    actions.append(detail);
    if (spots.length > 1) {
      const beside = (by) => spots[(spots.indexOf(spot) + by + spots.length) % spots.length];
      actions.append(
        button('card-previous', word('previous'), () => onOpen(beside(-1), { focus: true })),
        button('card-next', word('next'), () => onOpen(beside(1), { focus: true })),
      );
    }
    card.replaceChildren(...parts, actions);
  }

  /** Open the card of a spot (null: shut it). */
  function show(spot, { focus = false } = {}) {
    const last = open;
    open = spot;
    card.hidden = !spot;
    stage.element.classList.toggle('with-card', Boolean(spot));
    buttons.forEach((element, i) => {
      element.setAttribute('aria-expanded', String(spots[i] === spot));
    });
    if (spot) fill(spot);
    if (spot && focus) card.querySelector('.card-close').focus({ preventScroll: true });
    else if (focus && last) buttons[spots.indexOf(last)]?.focus({ preventScroll: true });
    if (last !== spot) stage.tell('spot', { id: spot?.id ?? null });
  }

  /** Dim what lies behind the object. Rays are for when the camera rests; until then normals. */
  function hide(thoroughly) {
    const eye = from.copy(stage.eye);
    spots.forEach((spot, i) => {
      to.fromArray(spot.position).sub(eye);
      const distance = to.length();
      let behind = spot.normal ? to.dot(new Vector3(...spot.normal)) > 0.2 * distance : null;
      if (thoroughly && !behind) {
        const met = hit(eye, to.divideScalar(distance));
        behind = met !== null && met.distance < distance - 0.02 * stage.size;
      }
      if (behind !== null) buttons[i].toggleAttribute('data-behind', behind);
    });
  }

  overlay.lines.push(() => {
    if (!spots.length) return;
    spots.forEach((spot, i) => {
      const { x, y, behind } = overlay.project(spot.position);
      buttons[i].style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
      buttons[i].hidden = behind;
    });
    hide(false);
    clearTimeout(settling);
    settling = setTimeout(() => hide(true), 120);
  });

  return {
    get open() { return open; },
    show,
    find: (id) => spots.find((spot) => spot.id === id),
    /** The spots of another relic. */
    set(next) {
      if (open) show(null);
      spots = next.filter((spot) => spot.position);
      buttons = spots.map((spot, i) => {
        const element = button('spot', null, () => {
          if (open === spot) show(null);
          else onOpen(spot, { focus: true });
        });
        element.dataset.spot = spot.id;
        element.setAttribute('aria-expanded', 'false');
        element.append(make('span', 'spot-number', String(i + 1)), ' ', make('span', 'spot-title', spot.title));
        return element;
      });
      layer.replaceChildren(...buttons);
    },
    visible(on) { layer.hidden = !on; if (!on && open) show(null); },
    get shown() { return !layer.hidden; },
  };
}
