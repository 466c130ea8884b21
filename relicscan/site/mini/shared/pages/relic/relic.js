const platform = require('../../lib/platform.js');
const words = require('../../lib/words.js');
const { createStage, handlers } = require('../../lib/stage.js');
const { open } = require('../../lib/open.js');

Page(Object.assign(handlers(open), {
  data: { words: {}, state: 'poster', finest: false },

  onLoad(query) {
    const { things } = words;
    const n = things.relics.findIndex((one) => one.id === decodeURIComponent(query.id || ''));
    this.relic = things.relics[Math.max(n, 0)];
    const told = words.texts().relics[Math.max(n, 0)];
    words.begin(this, told.title.text);
    this.setData({
      stage: words.stageSize(),
      poster: this.relic.poster,
      finest: this.relic.levels.length === 1,
      told,
      spots: words.numbered(told.spots),
      facts: words.numbered(told.facts),
      truth: words.numbered(told.truth.map((text) => ({ text }))),
      rights: words.numbered(told.rights),
      tours: this.relic.tours.map((tour) => ({ n: tour, title: words.texts().tours[tour].title })),
    });
    this.stage = createStage(this);
    this.stage.show(this.relic, null);
  },

  showFirst() { this.stage.go(null); },

  showDetail(event) {
    this.stage.go(this.relic.spots[Number(event.currentTarget.dataset.n)].camera);
    this.stage.finest();
  },

  openTour(event) {
    const tour = words.things.tours[Number(event.currentTarget.dataset.n)];
    platform.go(`/pages/tour/tour?id=${encodeURIComponent(tour.id)}`);
  },

  copyCitation() { platform.copy(this.data.told.citation); },
}));
