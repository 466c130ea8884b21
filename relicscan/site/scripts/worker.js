// The service worker: what is named by its content is taken from the cache for ever; a page is asked
// for, and taken from the cache where the network is gone or too slow. No page is shown from the
// cache that could be had fresh, so a rebuilt site is seen at once.
const SEEN = 'seen';
const MOST = 400; // files that were only seen; those of kept galleries stay
const PATIENCE_MS = 4000;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin || request.headers.has('range')) return;
  event.respondWith(url.pathname.includes('/assets/') ? lasting(request) : fresh(request, event));
});

async function lasting(request) {
  return (await caches.match(request)) ?? keep(request, await fetch(request));
}

async function fresh(request) {
  const known = caches.match(request, { ignoreSearch: true });
  const asked = fetch(request).then((answer) => keep(request, answer));
  const slow = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS); });
  try {
    const first = await Promise.race([asked, slow.then(() => known)]);
    return first ?? (await asked);
  } catch (error) {
    const answer = await known;
    if (answer) return answer;
    throw error;
  }
}

async function keep(request, answer) {
  if (answer.ok && answer.status === 200) {
    const seen = await caches.open(SEEN);
    await seen.put(request, answer.clone());
    const all = await seen.keys();
    await Promise.all(all.slice(0, Math.max(0, all.length - MOST)).map((one) => seen.delete(one)));
  }
  return answer;
}
