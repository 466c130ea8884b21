// The page of `relicscan serve OUT --pick`: a click on the relic becomes the TOML of a hotspot.
// Served as it is, beside the bundle of the viewer, and not part of a published site.
import { openViewer } from './viewer.js';

const TWICE_MS = 320; // a second click in this time is a zoom
const MOVED_PX = 6;

const stage = document.getElementById('stage');
const told = document.getElementById('told');
const list = document.getElementById('picked');
const relic = JSON.parse(document.getElementById('relic').textContent);
const viewer = openViewer(stage, relic, { reducedMotion: true });
const mark = Object.assign(document.createElement('div'), { className: 'mark', hidden: true });
stage.append(mark);

/** The view as two points; see camera.js for what the numbers are. */
function camera() {
  const [theta, phi, radius, ...target] = viewer.view().split(',').map(Number);
  const [a, e] = [theta, phi].map((degrees) => (degrees * Math.PI) / 180);
  const back = [Math.sin(a) * Math.cos(e), Math.sin(e), Math.cos(a) * Math.cos(e)];
  return { position: target.map((value, i) => value + radius * back[i]), target };
}

function show(toml) {
  const code = Object.assign(document.createElement('pre'), { textContent: toml.trim(), tabIndex: 0 });
  const copy = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Copy' });
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(toml);
      copy.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code);
      copy.textContent = 'Selected: press Ctrl-C';
    }
  });
  const item = document.createElement('li');
  item.append(code, copy);
  list.prepend(item);
}

async function pick(x, y) {
  const hit = viewer.pick(x, y);
  if (!hit) {
    told.textContent = 'There is nothing of the relic at that place.';
    return;
  }
  mark.style.left = `${x}px`;
  mark.style.top = `${y}px`;
  mark.hidden = false;
  const body = { relic: relic.id, position: hit.point.toArray(), normal: hit.normal.toArray(), camera: camera() };
  try {
    const answer = await fetch('../pick', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
    show((await answer.json()).toml);
    told.textContent = 'Printed in the terminal too. Paste it into relic.toml and give it a title.';
  } catch (error) {
    told.textContent = `It was not taken: ${error.message}`;
  }
}

let down = null;
let waiting = 0;
stage.addEventListener('pointerdown', (event) => { down = event.isPrimary ? [event.clientX, event.clientY] : null; });
stage.addEventListener('click', (event) => {
  if (!event.target.closest('canvas') || !down) return;
  if (Math.hypot(event.clientX - down[0], event.clientY - down[1]) > MOVED_PX) return;
  clearTimeout(waiting);
  if (event.detail > 1) return;
  const box = stage.getBoundingClientRect();
  const place = [event.clientX - box.left, event.clientY - box.top];
  waiting = setTimeout(() => pick(...place), TWICE_MS);
});
stage.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && event.target === stage) pick(stage.clientWidth / 2, stage.clientHeight / 2);
});
stage.addEventListener('viewer:view', () => { mark.hidden = true; });
// The point is to lie on the finest surface there is.
stage.addEventListener('viewer:level', () => viewer.finest(), { once: true });
