// The page's address: #step=3 is the tour's; view, spot, light and restored are the viewer's.
export const readHash = () => new URLSearchParams(location.hash.slice(1));

/** Change parts of the hash; null takes one out. No event is raised and no entry of the history made. */
export function writeHash(parts) {
  const hash = readHash();
  for (const [key, value] of Object.entries(parts)) {
    if (value === null) hash.delete(key);
    else hash.set(key, value);
  }
  const text = hash.toString().replaceAll('%2C', ',');
  history.replaceState(history.state, '', `${location.pathname}${location.search}${text ? `#${text}` : ''}`);
}
