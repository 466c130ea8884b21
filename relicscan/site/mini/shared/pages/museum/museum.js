// A museum, or a theme: what is said of it, and its relics.
const platform = require('../../lib/platform.js');
const words = require('../../lib/words.js');

Page({
  data: { words: {} },

  onLoad(query) {
    const n = Number(query.n) || 0;
    const group = words.texts().groups[n];
    words.begin(this, group.name.text);
    this.setData({ group, relics: words.cards(words.things.groups[n].relics) });
  },

  openRelic(event) {
    const relic = words.things.relics[Number(event.currentTarget.dataset.n)];
    platform.go(`/pages/relic/relic?id=${encodeURIComponent(relic.id)}`);
  },
});
