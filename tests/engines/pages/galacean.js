// The Galacean engine, which Alipay's mini-programmes show models with.
import { frame, showEach } from "./showing.js";

const { AssetType, BackgroundMode, Camera, Color, DiffuseMode, DirectLight, Vector3, WebGLEngine } =
  globalThis.Galacean;

const engine = await WebGLEngine.create({ canvas: "view" });
engine.canvas.width = innerWidth;
engine.canvas.height = innerHeight;
const { scenes: [scene] } = engine.sceneManager;
scene.background.mode = BackgroundMode.SolidColor;
scene.background.solidColor = new Color(1, 0, 1, 1);
scene.ambientLight.diffuseMode = DiffuseMode.SolidColor;
scene.ambientLight.specularIntensity = 0;

const root = scene.createRootEntity();
const eye = root.createChild("camera");
eye.transform.setPosition(0, 0, 1);
const camera = eye.addComponent(Camera);
camera.fieldOfView = 10;
camera.nearClipPlane = 0.01;
camera.farClipPlane = 10;

const sun = root.createChild("light");
const direct = sun.addComponent(DirectLight);
const from = (x, y, z) => {
  scene.ambientLight.diffuseSolidColor = new Color(0, 0, 0, 1);
  sun.transform.setPosition(x, y, z);
  sun.transform.lookAt(new Vector3(0, 0, 0));
  direct.enabled = true;
};
const lights = {
  even: () => {
    scene.ambientLight.diffuseSolidColor = new Color(1, 1, 1, 1);
    direct.enabled = false;
  },
  right: () => from(1, 0, 1),
  above: () => from(0, 1, 1),
};

// Its loop would draw for ever and slow the other pages down, so it stands still in between.
engine.run();
engine.pause();
let shown;
showEach(async (model, light) => {
  engine.resume();
  shown?.destroy();
  shown = undefined;
  lights[light]();
  const gltf = await engine.resourceManager.load({ url: model, type: AssetType.GLTF });
  shown = gltf.instantiateSceneRoot();
  root.addChild(shown);
  await frame();
  await frame();
  engine.pause();
});
