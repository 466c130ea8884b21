// Opens the stage of a page: the canvas, the engine, the scene.
const engine = require('../engine/galacean.js');
const { openScene } = require('./scene.js');

function open(page) {
  if (!engine.WebGLEngine) {
    return Promise.reject(new Error(
      'the engine is not built: in the folder engine beside this package, run npm install and then npm run build',
    ));
  }
  return engine.registerCanvas({ id: '#stage' })
    .then((canvas) => engine.WebGLEngine.create({ canvas }))
    .then((opened) => {
      opened.canvas.width = page.data.stage.renderWidth;
      opened.canvas.height = page.data.stage.renderHeight;
      return openScene(engine, opened);
    });
}

module.exports = { open };
