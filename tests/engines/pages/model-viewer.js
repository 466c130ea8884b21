// @google/model-viewer as a museum's page has it; the decoders come from this host.
import { ModelViewerElement } from "/engines/@google/model-viewer/dist/model-viewer.min.js";
import { frame, showEach } from "./showing.js";

// The meshopt decoder is in the bundle and is used only once a location is set: any script.
ModelViewerElement.meshoptDecoderLocation = "/pages/nothing.js";
ModelViewerElement.dracoDecoderLocation = "/engines/three/examples/jsm/libs/draco/gltf/";
ModelViewerElement.minimumRenderScale = 1;

const viewer = document.querySelector("#view");

const once = (good, bad) =>
  new Promise((resolve, reject) => {
    viewer.addEventListener(good, resolve, { once: true });
    viewer.addEventListener(bad, (e) => reject(new Error(JSON.stringify(e.detail))), { once: true });
  });

showEach(async (model, light) => {
  viewer.src = null; // or the last model would stay until this one has come
  await viewer.updateComplete;
  const environment = `/lights/${light}.hdr`;
  const loaded = once("load", "error");
  const lit = viewer.environmentImage === environment || once("environment-change", "error");
  viewer.environmentImage = environment;
  viewer.src = model;
  await Promise.all([loaded, lit]);
  viewer.jumpCameraToGoal();
  await frame();
});
