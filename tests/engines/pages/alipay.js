// The stage of the Alipay mini-programme as it opens there: its own files, the engine as it is
// built from npm, and a stand-in for the platform's `my`. The files are wrapped so that the
// browser's WebAssembly, Worker and fetch are hidden from them, since a mini-programme has none.
import { showEach } from './showing.js';

const canvas = document.getElementById('stage');
canvas.createImage = () => new Image();
canvas.requestAnimationFrame = (run) => requestAnimationFrame(run);

const query = { select: () => query, node: () => query, boundingClientRect: () => query };
query.exec = (take) => take([{ node: canvas }, canvas.getBoundingClientRect()]);
globalThis.my = {
  createSelectorQuery: () => query,
  getSystemInfoSync: () => ({
    language: 'zh-Hans', model: '', pixelRatio: 1, platform: 'android', system: '',
    screenHeight: innerHeight, screenWidth: innerWidth,
    windowHeight: innerHeight, windowWidth: innerWidth,
  }),
  request({ url, success, fail }) {
    fetch(url).then((answer) => answer.arrayBuffer()).then(
      (data) => success({ data, status: 200, headers: {} }), fail,
    );
  },
};

const files = {};
const require = (path) => files[path.split('/').pop()];
globalThis.define = (name, run) => {
  const module = { exports: {} };
  run(module, module.exports, require);
  files[name] = module.exports;
};
for (const name of ['orbit.js', 'stage.js', 'galacean.js', 'scene.js', 'open.js']) {
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = `/models/lib/${name}`;
    Object.assign(script, { onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

const size = { renderWidth: innerWidth, renderHeight: innerHeight };
const page = { setData: (data) => Object.assign(page.data, data), data: { stage: size } };
const stage = files['stage.js'].createStage(page);
await stage.opened(files['open.js'].open(page));
showEach(async (model) => {
  const relic = {
    levels: [{ url: location.origin + model }], bounds: [[-0.05, -0.05, -0.05], [0.05, 0.05, 0.05]],
  };
  await stage.show(relic, { position: [0, 0, 0.25], target: [0, 0, 0] });
  if (page.data.state !== 'shown') throw new Error(`the stage is ${page.data.state}`);
});
