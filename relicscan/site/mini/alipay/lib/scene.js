// A relic in the Galacean engine: camera, light, model. A page of a browser runs this file as it
// stands (tests/engines/pages/mini.html), so what it does is seen there.
const orbit = require('./orbit.js');

// The light goes with the camera, so no side of a relic lies in the dark: a key from the upper
// left, a weaker fill from the right, and light from all round. What faces the camera gets about
// as much light as it takes to be shown in its own colour.
const AROUND = 0.4;
const LAMPS = [
  { power: 0.75, rotation: [-35, -40, 0] },
  { power: 0.3, rotation: [-10, 55, 0] },
];
/** The page's background, #f5f2ec, in linear light. */
const BACKGROUND = [0.9131, 0.8880, 0.8388];

/** A scene in an engine of the namespace G: see stage.js. */
function openScene(G, engine) {
  const scene = engine.sceneManager.activeScene;
  scene.background.mode = G.BackgroundMode.SolidColor;
  scene.background.solidColor = new G.Color(BACKGROUND[0], BACKGROUND[1], BACKGROUND[2], 1);
  scene.ambientLight.diffuseMode = G.DiffuseMode.SolidColor;
  scene.ambientLight.diffuseSolidColor = new G.Color(AROUND, AROUND, AROUND, 1);
  scene.ambientLight.specularIntensity = 0;

  const root = scene.createRootEntity('relic');
  const eye = root.createChild('eye');
  const camera = eye.addComponent(G.Camera);
  camera.fieldOfView = orbit.FIELD_OF_VIEW;
  LAMPS.forEach(({ power, rotation }) => {
    const lamp = eye.createChild('lamp');
    lamp.transform.setRotation(rotation[0], rotation[1], rotation[2]);
    lamp.addComponent(G.DirectLight).color = new G.Color(power, power, power, 1);
  });

  let shown = null;
  return {
    show(url) {
      return engine.resourceManager.load({ url, type: G.AssetType.GLTF }).then((gltf) => {
        const model = gltf.instantiateSceneRoot();
        root.addChild(model);
        if (shown) shown.destroy();
        shown = model;
        engine.resourceManager.gc();
      });
    },

    /** Draw one picture; nothing is drawn while nothing moves. */
    look(position, target, bounds) {
      const diagonal = orbit.diagonalOf(bounds);
      const far = Math.hypot(...position.map((value, i) => value - target[i]));
      camera.nearClipPlane = Math.max(far - diagonal, far * 0.05);
      camera.farClipPlane = far + 2 * diagonal;
      eye.transform.setPosition(position[0], position[1], position[2]);
      eye.transform.lookAt(new G.Vector3(target[0], target[1], target[2]));
      engine.update();
    },

    close() { engine.destroy(); },
  };
}

module.exports = { openScene };
