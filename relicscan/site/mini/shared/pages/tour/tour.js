const platform = require('../../lib/platform.js');
const words = require('../../lib/words.js');
const { createStage, handlers } = require('../../lib/stage.js');
const { open } = require('../../lib/open.js');

Page(Object.assign(handlers(open), {
  data: { words: {}, state: 'poster', finest: false },

  onLoad(query) {
    const { things } = words;
    const n = things.tours.findIndex((one) => one.id === decodeURIComponent(query.id || ''));
    this.tour = things.tours[Math.max(n, 0)];
    this.told = words.texts().tours[Math.max(n, 0)];
    words.begin(this, this.told.title.text);
    this.setData({ stage: words.stageSize(), title: this.told.title, text: this.told.text });
    this.stage = createStage(this);
    this.show(0);
  },

  show(number) {
    const step = this.tour.steps[number];
    const relic = words.things.relics[step.relic];
    this.at = number;
    if (this.shows !== step.relic) this.setData({ state: 'poster' });
    this.shows = step.relic;
    this.setData({
      poster: relic.poster,
      step: this.told.steps[number],
      first: number === 0,
      last: number === this.tour.steps.length - 1,
    });
    this.stage.show(relic, step.camera);
  },

  back() { if (this.at > 0) this.show(this.at - 1); },

  next() { if (this.at < this.tour.steps.length - 1) this.show(this.at + 1); },

  openRelic() {
    const relic = words.things.relics[this.shows];
    platform.go(`/pages/relic/relic?id=${encodeURIComponent(relic.id)}`);
  },
}));
