// The platform as far as pages use it: what they set, where they go, what the stage is asked.
// Opens every page of a package and answers in JSON: node mini_stand_in.js PACKAGE TARGET
const path = require('path');
const [root, platform] = process.argv.slice(2);
const said = { went: [], titles: [], looked: [], loaded: [], stored: null };
const api = {
  navigateTo: ({ url }) => said.went.push(url),
  setNavigationBar: ({ title }) => said.titles.push(title),
  setNavigationBarTitle: ({ title }) => said.titles.push(title),
  getStorageSync: () => (platform === 'alipay' ? { data: said.stored } : said.stored),
  setStorageSync: (...given) => { said.stored = given.length === 2 ? given[1] : given[0].data; },
  setClipboard: ({ text }) => { said.copied = text; },
  setClipboardData: ({ data }) => { said.copied = data; },
  getSystemInfoSync: () => ({ windowWidth: 375, pixelRatio: 3 }),
};
global.my = global.wx = api;
global.App = () => {};
let page;
global.Page = (given) => { page = given; };
global.setTimeout = (run) => { setImmediate(run); return 1; };
const opened = (name, query) => {
  require(path.join(root, 'pages', name, `${name}.js`));
  const one = Object.assign(Object.create(page), { data: JSON.parse(JSON.stringify(page.data)) });
  one.setData = (data) => { JSON.stringify(data); Object.assign(one.data, data); };
  if (one.onLoad) one.onLoad(query || {});
  if (one.onShow) one.onShow();
  return one;
};
const at = (n) => ({ currentTarget: { dataset: { n: String(n) } } });
const rest = () => new Promise((done) => {
  let turns = 60;
  const next = () => { turns -= 1; if (turns) setImmediate(next); else done(); };
  next();
});
const scene = {
  show: (url) => { said.loaded.push(url); return Promise.resolve(); },
  look: (eye, target) => said.looked.push([eye, target]),
  close: () => { said.closed = true; },
};
(async () => {
  require(path.join(root, 'app.js'));
  const found = {};
  const home = opened('home');
  home.openGroup(at(1)); home.openTour(at(0)); home.openRelic(at(1)); home.openAbout();
  found.home = JSON.parse(JSON.stringify(home.data));
  home.choose(at(1));
  found.english = home.data.title;
  home.choose(at(0));
  found.museum = opened('museum', { n: '1' }).data;
  found.about = opened('about').data;
  const relic = opened('relic', { id: 'cup' });
  await relic.stage.opened(Promise.resolve(scene));
  const first = said.looked.length;
  relic.showDetail(at(0)); await rest();
  found.detail = said.looked[said.looked.length - 1];
  relic.showFirst(); await rest();
  found.first = [said.looked[first - 1], said.looked[said.looked.length - 1]];
  relic.touchStart({ touches: [{ clientX: 0, clientY: 0 }] });
  relic.touchMove({ touches: [{ clientX: 187.5, clientY: 0 }] });
  found.turned = said.looked[said.looked.length - 1];
  relic.touchStart({ touches: [{ clientX: 0, clientY: 0 }, { clientX: 50, clientY: 0 }] });
  relic.touchMove({ touches: [{ clientX: 0, clientY: 0 }, { clientX: 100, clientY: 0 }] });
  found.nearer = said.looked[said.looked.length - 1];
  relic.copyCitation();
  found.relic = relic.data;
  relic.onUnload();
  const tour = opened('tour', { id: 'both' });
  await tour.stage.opened(Promise.resolve(scene));
  tour.back(); tour.next(); await rest(); tour.next();
  found.tour = tour.data;
  found.step = said.looked[said.looked.length - 1];
  const lost = opened('relic', { id: 'cup' });
  console.error = () => {};
  await lost.stage.opened(Promise.reject(new Error('no WebGL')));
  found.lost = lost.data.state;
  console.log(JSON.stringify({ said, found }));
})();
