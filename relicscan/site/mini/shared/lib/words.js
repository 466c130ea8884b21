// The language that a visitor has chosen, and what things are called in it.
const languages = require('../data/languages.js');
const platform = require('./platform.js');
const things = require('../data/things.js');

const KEY = 'language';

let chosen = -1;

/** The number of the language: the one chosen before, else the exhibition's first. */
function number() {
  if (chosen < 0) {
    const before = platform.stored(KEY);
    chosen = Math.max(0, things.languages.findIndex((language) => language.tag === before));
  }
  return chosen;
}

function choose(next) {
  chosen = next;
  platform.store(KEY, things.languages[next].tag);
}

/** Everything that is said in the language. */
const texts = () => languages[number()]();

/** Items with their number, by which a list tells them apart. */
const numbered = (items) => items.map((item, n) => Object.assign({ n }, item));

/** What every page needs, and its title. */
function begin(page, title) {
  platform.title(title);
  page.setData({ dir: things.languages[number()].dir, words: texts().words });
}

/** Relics of things.js by number, as cards. */
const cards = (relics) => relics.map((n) => ({
  n,
  thumb: things.relics[n].thumb,
  title: texts().relics[n].title,
  date: texts().relics[n].date,
}));

/** How large a stage is, square and as wide as the screen: in px, and in those of the canvas. */
function stageSize() {
  const { windowWidth, pixelRatio } = platform.system();
  const render = Math.round(windowWidth * Math.min(pixelRatio || 1, 2));
  return { width: windowWidth, height: windowWidth, renderWidth: render, renderHeight: render };
}

module.exports = { begin, cards, choose, number, numbered, stageSize, texts, things };
