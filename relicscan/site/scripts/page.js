// Every page: the other languages in place, the menu, galleries kept for offline.
//
// A language is a page of its own. Choosing one fetches that page and takes its texts over, element
// by element, where both have the same structure; what a viewer has drawn, and where the visitor
// is, stays. Without scripts, and where a page has an index of its own, the link simply leads there.
const own = document.querySelector('script[data-root]');
const root = new URL(own?.dataset.root ?? './', document.baseURI);

// What belongs to the viewer, or to what the visitor has done, is not taken from the other page.
const KEPT = '.stage, #found, [data-kept]';

async function speak(link) {
  const answer = await fetch(link.href);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const other = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const rest = location.search + location.hash;
  history.replaceState(history.state, '', link.href + rest);
  const { lang, dir } = other.documentElement;
  Object.assign(document.documentElement, { lang, dir });
  document.title = other.title;
  take(document.body, other.body);
  try {
    localStorage.setItem('language', lang);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
  document.dispatchEvent(new CustomEvent('page:language', { detail: { lang } }));
}

/** Makes `here` say what `there` says, element by element. */
function take(here, there) {
  if (here.matches(KEPT)) {
    for (const name of ['aria-label', 'alt']) copy(here, there, name);
    const [poster, theirs] = [here.querySelector('.poster'), there.querySelector('.poster')];
    if (poster && theirs) copy(poster, theirs, 'alt');
    return;
  }
  for (const name of ['lang', 'dir', 'href', 'aria-label', 'aria-current', 'alt', 'title', 'placeholder']) {
    copy(here, there, name);
  }
  if (here.tagName === 'AUDIO') copy(here, there, 'src');
  if (here.tagName === 'SCRIPT') {
    if (here.type === 'application/json') here.textContent = there.textContent;
    return;
  }
  const [mine, theirs] = [[...here.children], [...there.children]];
  const same = mine.length === theirs.length && mine.every((child, i) => child.tagName === theirs[i].tagName);
  if (same && mine.length && onlyElements(here) && onlyElements(there)) {
    mine.forEach((child, i) => take(child, theirs[i]));
  } else {
    here.replaceChildren(...[...there.childNodes].map((node) => document.importNode(node, true)));
  }
}

const onlyElements = (element) =>
  [...element.childNodes].every((node) => node.nodeType === Node.ELEMENT_NODE || !node.textContent.trim());

function copy(here, there, name) {
  const value = there.getAttribute(name);
  if (value === null) here.removeAttribute(name);
  else here.setAttribute(name, value);
}

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-tongue]');
  if (!link || document.querySelector('script[data-index]') || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  speak(link)
    .then(() => menu?.removeAttribute('open'))
    .catch(() => location.assign(link.href));
});

// The menu closes as menus do.
const menu = document.querySelector('[data-menu]');
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && menu?.open) {
    menu.open = false;
    menu.querySelector('summary').focus();
  }
});
document.addEventListener('click', (event) => {
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
});

// The first page of all is in the first language: a visitor of another is led there once.
const { page } = document.documentElement.dataset;
if (page === 'home' && own?.dataset.root === '') {
  const tongues = [...document.querySelectorAll('a[data-tongue]')];
  let wanted = navigator.languages ?? [navigator.language];
  try {
    wanted = [localStorage.getItem('language') ?? '', ...wanted];
  } catch {
    // As above.
  }
  const near = (tag) => {
    const script = /^zh(?!.*(Hant|TW|HK|MO))/i.test(tag) ? 'zh-Hans' : tag;
    return tongues.find(({ dataset: { tongue } }) => tongue === script || script.startsWith(`${tongue}-`) ||
      tongue.split('-')[0] === script.split('-')[0]);
  };
  const link = wanted.filter(Boolean).map(near).find(Boolean);
  if (link && link.dataset.tongue !== document.documentElement.lang) location.replace(link.href);
}

// A relic's page inside another page shows its stage alone.
if (new URLSearchParams(location.search).has('embed')) document.documentElement.classList.add('embed');

// Without a network, what was seen before is shown, and galleries that were kept.
if ('serviceWorker' in navigator && isSecureContext) {
  navigator.serviceWorker.register(new URL('sw.js', root), { updateViaCache: 'none' }).catch(() => {});
}
const button = document.querySelector('[data-offline]');
if (button && 'caches' in window && 'serviceWorker' in navigator) {
  const told = document.querySelector('[data-offline-told]');
  button.hidden = false;
  button.addEventListener('click', async () => {
    const texts = JSON.parse(document.getElementById('texts').textContent);
    const addresses = JSON.parse(document.getElementById('gallery').textContent);
    button.disabled = true;
    try {
      const kept = await caches.open('kept');
      const all = [location.pathname, ...addresses].map((one) => new URL(one, document.baseURI).href);
      for (let done = 0; done < all.length; done += 1) {
        if (!(await kept.match(all[done]))) await kept.add(all[done]);
        told.textContent = `${done + 1} / ${all.length}`;
      }
      told.textContent = texts.offline_kept;
    } catch {
      told.textContent = texts.offline_failed;
      button.disabled = false;
    }
  });
}
