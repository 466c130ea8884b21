// What of a view is in the address, so that a link leads back to it: view, spot, light, restored.
import { readHash, writeHash } from '../scripts/address.js';

const WAIT_MS = 300; // Safari allows a hundred replacements in half a minute

let waiting = 0;
let parts = {};

export { readHash };

/** Keep parts for the address; null takes one out. Written when nothing has come for a moment. */
export function keep(more) {
  Object.assign(parts, more);
  clearTimeout(waiting);
  waiting = setTimeout(flush, WAIT_MS);
}

export function flush() {
  clearTimeout(waiting);
  if (Object.keys(parts).length) writeHash(parts);
  parts = {};
}

/** What waits to be written belongs to a relic that is no longer shown. */
export function forget() {
  clearTimeout(waiting);
  parts = {};
}
