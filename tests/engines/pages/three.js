// Plain three.js: GLTFLoader with the decoders that come in its own package.
import * as THREE from "three";
import { DRACOLoader } from "three/addons/loaders/DRACOLoader.js";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";
import { showEach } from "./showing.js";

const canvas = document.querySelector("#view");
const renderer = new THREE.WebGLRenderer({ canvas, antialias: true, preserveDrawingBuffer: true });
renderer.setSize(innerWidth, innerHeight, false);
renderer.toneMapping = THREE.NoToneMapping;

const camera = new THREE.PerspectiveCamera(10, innerWidth / innerHeight, 0.01, 10);
camera.position.set(0, 0, 1);

const draco = new DRACOLoader();
draco.setDecoderPath("/engines/three/examples/jsm/libs/draco/gltf/");
const loader = new GLTFLoader().setMeshoptDecoder(MeshoptDecoder).setDRACOLoader(draco);

// A radiance of one from everywhere: three divides diffuse light by pi.
const even = () => new THREE.AmbientLight("white", Math.PI);
const from = (x, y, z) => {
  const light = new THREE.DirectionalLight("white", Math.PI);
  light.position.set(x, y, z);
  return light;
};
const lights = { even, right: () => from(1, 0, 1), above: () => from(0, 1, 1) };

showEach(async (model, light) => {
  const scene = new THREE.Scene();
  scene.background = new THREE.Color(1, 0, 1);
  renderer.render(scene, camera);
  const { scene: loaded } = await loader.loadAsync(model);
  scene.add(loaded, lights[light]());
  await renderer.compileAsync(scene, camera);
  renderer.render(scene, camera);
});
