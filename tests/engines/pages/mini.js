// The scene of the Alipay mini-programme, its files as they are written into the package, beside
// the models. In the address, `light` says from where the model is looked at: "first", or
// "x,y,z" of the camera, which looks at the origin, or a drag of half a stage: "turned".
import { showEach } from './showing.js';

/** The files, each inside the function that a platform wraps around a module. */
const files = {};
const require = (path) => files[path.replace('./', '')];
globalThis.define = (name, run) => {
  const module = { exports: {} };
  run(module, require);
  files[name] = module.exports;
};
for (const name of ['orbit.js', 'stage.js', 'scene.js']) {
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = `/models/lib/${name}`;
    Object.assign(script, { onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

const engine = await Galacean.WebGLEngine.create({ canvas: 'view' });
engine.canvas.width = innerWidth;
engine.canvas.height = innerHeight;
const page = { setData: (data) => Object.assign(page.data, data), data: {} };
const stage = files['stage.js'].createStage(page);
await stage.opened(Promise.resolve(files['scene.js'].openScene(Galacean, engine)));

const BOUNDS = [[-0.05, -0.05, -0.05], [0.05, 0.05, 0.05]];
showEach(async (model, how) => {
  const place = how.split(',').map(Number);
  const camera = place.length === 3 ? { position: place, target: [0, 0, 0] } : null;
  await stage.show({ levels: [{ url: model }], bounds: BOUNDS }, camera);
  if (how === 'turned') {
    stage.touchStart([{ clientX: 0, clientY: 0 }]);
    stage.touchMove([{ clientX: innerWidth, clientY: 0 }], innerWidth);
  }
  if (page.data.state !== 'shown') throw new Error(`the stage is ${page.data.state}`);
});
