// The address bar: #view=…&spot=…&light=…&restored=1; what others put there (step=3) stays.
const WAIT_MS = 300; // Safari allows a hundred replacements in half a minute

let waiting = 0;
let patch = {};
let own = null;

export const readHash = () => new URLSearchParams(location.hash.slice(1));

/** Change parts of the hash; null takes one out. Written when nothing has come for a moment. */
export function writeHash(parts) {
  Object.assign(patch, parts);
  clearTimeout(waiting);
  waiting = setTimeout(flushHash, WAIT_MS);
}

export function flushHash() {
  clearTimeout(waiting);
  const hash = readHash();
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === '') hash.delete(key);
    else hash.set(key, value);
  }
  patch = {};
  // Commas are for reading; nothing else of a value may be let through unescaped.
  const text = hash.toString().replaceAll('%2C', ',');
  own = text ? `#${text}` : '';
  if (own !== location.hash) history.replaceState(history.state, '', own || location.pathname + location.search);
}

/** Call back with the hash when the visitor changes it, not when we do. */
export function onHash(changed) {
  addEventListener('hashchange', () => {
    if (location.hash !== own) changed(readHash());
  });
}
