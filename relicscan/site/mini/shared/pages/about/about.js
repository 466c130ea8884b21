const words = require('../../lib/words.js');

Page({
  data: { words: {} },

  onLoad() {
    const told = words.texts();
    words.begin(this, told.words.about_title);
    this.setData({
      about: told.about,
      contact: told.contact,
      licences: words.numbered(told.licences),
    });
  },
});
