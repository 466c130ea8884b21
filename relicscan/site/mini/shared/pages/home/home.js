const platform = require('../../lib/platform.js');
const words = require('../../lib/words.js');

Page({
  data: { words: {} },

  onShow() { this.fill(); },

  fill() {
    const { things } = words;
    const told = words.texts();
    words.begin(this, told.title.text);
    this.setData({
      languages: things.languages.map((language, n) => ({
        n, name: language.name, chosen: n === words.number() ? 'chosen' : '',
      })),
      title: told.title,
      text: told.text,
      tours: words.numbered(told.tours),
      groups: words.numbered(told.groups),
      relics: words.cards(things.selected),
    });
  },

  choose(event) {
    words.choose(Number(event.currentTarget.dataset.n));
    this.fill();
  },

  openGroup(event) { platform.go(`/pages/museum/museum?n=${event.currentTarget.dataset.n}`); },

  openTour(event) {
    const tour = words.things.tours[Number(event.currentTarget.dataset.n)];
    platform.go(`/pages/tour/tour?id=${encodeURIComponent(tour.id)}`);
  },

  openRelic(event) {
    const relic = words.things.relics[Number(event.currentTarget.dataset.n)];
    platform.go(`/pages/relic/relic?id=${encodeURIComponent(relic.id)}`);
  },

  openAbout() { platform.go('/pages/about/about'); },
});
