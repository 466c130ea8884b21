// The search page: looks through the index of its language as the visitor types.
//
// Words are compared folded: case, accents and width do not count, ß is ss, æ is ae; every word must
// occur somewhere, at the beginning of a word in scripts that have words, anywhere in those that
// have none. Titles come first. The address keeps what is asked for.
const own = document.querySelector('script[data-index]');
const root = new URL(own.dataset.root, document.baseURI);
const form = document.getElementById('seek');
const list = document.getElementById('found');
const told = document.getElementById('told');
const more = document.getElementById('more');
const all = document.getElementById('all');
const AT_A_TIME = 60;
const TYPING_MS = 120;

const texts = JSON.parse(document.getElementById('texts').textContent);
let index = null;
let shown = [];

export const fold = (text) => text.normalize('NFKD').replace(/\p{M}+/gu, '').toLowerCase()
  .replaceAll('ß', 'ss').replaceAll('æ', 'ae').replaceAll('œ', 'oe').replaceAll('ø', 'o').replaceAll('ł', 'l');

// Chinese, Japanese, Thai and their like are written without spaces.
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Khmer}\p{sc=Lao}\p{sc=Myanmar}]/u;

export const has = (text, word) =>
  unspaced.test(word) ? text.includes(word) : text.startsWith(word) || new RegExp(`[^\\p{L}\\p{N}]${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'u').test(text);

async function load(address) {
  const data = await (await fetch(address)).json();
  return {
    ...data,
    relics: data.relics.map(([id, title, museum, thumb, dating, years, kinds, materials, extra]) => ({
      id, title, museum, thumb, dating, years, kinds, materials,
      named: fold(title),
      told: fold([title, data.museums[museum][1], dating, ...kinds.map((k) => data.kinds[k]),
        ...materials.map((m) => data.materials[m]), extra].join(' ')),
    })),
  };
}

function offer() {
  const options = {
    museum: index.museums.map(([, name], i) => [i, name]),
    period: index.periods.map(([, , label], i) => [i, label]),
    material: index.materials.map((name, i) => [i, name]),
    kind: index.kinds.map((name, i) => [i, name]),
  };
  const { lang } = document.documentElement;
  const collator = new Intl.Collator(lang);
  for (const [name, values] of Object.entries(options)) {
    const select = form.elements[name];
    if (name !== 'period') values.sort((a, b) => collator.compare(a[1], b[1]));
    select.replaceChildren(new Option(texts.any, ''), ...values.map(([value, label]) => new Option(label, value)));
    select.closest('label').hidden = values.length < 2;
  }
}

function look() {
  const words = fold(form.elements.q.value).split(/\s+/).filter(Boolean);
  const chosen = (name) => form.elements[name].value;
  const period = chosen('period') === '' ? null : index.periods[chosen('period')];
  const fits = (relic) =>
    (chosen('museum') === '' || relic.museum === Number(chosen('museum'))) &&
    (chosen('kind') === '' || relic.kinds.includes(Number(chosen('kind')))) &&
    (chosen('material') === '' || relic.materials.includes(Number(chosen('material')))) &&
    (!period || (relic.years && relic.years[0] <= period[1] && relic.years[1] >= period[0])) &&
    words.every((word) => has(relic.told, word));
  const rank = (relic) => (words.length && words.every((word) => has(relic.named, word)) ? 0 : 1);
  shown = index.relics.filter(fits).map((relic, i) => [rank(relic), i, relic])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, , relic]) => relic);
  list.replaceChildren();
  told.textContent = shown.length ? texts.found_count.replace('{count}', shown.length) : texts.found_none;
  next();
  const asked = new URLSearchParams();
  for (const name of ['q', 'museum', 'period', 'material', 'kind']) {
    if (form.elements[name].value) asked.set(name, form.elements[name].value);
  }
  history.replaceState(history.state, '', `${location.pathname}${asked.size ? `?${asked}` : ''}`);
}

function next() {
  for (const relic of shown.slice(list.children.length, list.children.length + AT_A_TIME)) list.append(card(relic));
  list.hidden = false;
  all.hidden = true;
  more.hidden = list.children.length >= shown.length;
}

function card(relic) {
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const picture = relic.thumb
    ? element('img', { src: new URL(relic.thumb, root), width: 300, height: 300, alt: '', loading: 'lazy', decoding: 'async' })
    : element('span', { className: 'no-picture' });
  const title = element('span', { className: 'card-title', dir: 'auto' }, relic.title);
  const sub = element('span', { className: 'card-sub' }, relic.dating || texts.no_date);
  return element('li', { className: 'card' }, element('a', { href: `relics/${relic.id}.html` }, picture, title, sub));
}

async function begin(address) {
  index = await load(address);
  offer();
  const asked = new URLSearchParams(location.search);
  for (const [name, value] of asked) if (form.elements[name]) form.elements[name].value = value;
  form.hidden = false;
  look();
}

let waiting = 0;
const later = () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, TYPING_MS);
};
form.addEventListener('input', later);
form.addEventListener('change', look);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  look();
});
form.addEventListener('reset', () => setTimeout(look));
more.addEventListener('click', () => {
  const first = list.children.length;
  next();
  list.children[first]?.querySelector('a').focus();
});
begin(new URL(own.dataset.index, document.baseURI)).catch(() => {
  all.hidden = false; // the list that is there anyway
});
