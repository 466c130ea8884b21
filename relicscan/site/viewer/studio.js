// The light: the studio of relicscan/quality/light.py, so that the first view looks as the poster
// does, and one lamp that the visitor moves. Directions and powers are that module's.
import {
  DepthTexture, LessEqualCompare, LinearFilter, Matrix4, OrthographicCamera, UnsignedIntType,
  Vector3, WebGLRenderTarget,
} from 'three';
import { plainMaterial } from './material.js';
import nothing from './nothing.frag.glsl';
import heightsShader from './heights.frag.glsl';

const radians = (degrees) => (degrees * Math.PI) / 180;
const sine = (degrees) => Math.sin(radians(degrees));

// Azimuth from the camera to the right, elevation, half angle (degrees), power, colour.
const KEY = { azimuth: -52, elevation: 40, half: 22, power: 1.0, color: [1.0, 0.97, 0.93] };
const FILL = { azimuth: 60, elevation: 12, half: 35, power: 0.17, color: [0.94, 0.97, 1.0] };
const RIM = { azimuth: 165, elevation: 48, half: 22, power: 0.3, color: [0.97, 0.98, 1.0] };
// Powers times what an even sky of 85 degrees (a floor of 80) gives to a surface that faces it.
const SKY = 0.3 * 0.54;
const FLOOR = 0.09 * 0.59;
const FLOOR_COLOR = [1.0, 0.97, 0.94];

// The visitor's lamp is smaller than the softbox, and the rest is dimmed: relief needs contrast.
const LAMP_HALF = 5;
const LAMP_POWER = 1.1;
const DIMMED = 0.32;

// How far the underside is seen: in radii of the relic around its middle, and up from the floor.
export const CONTACT_REACH = 1.4;
const CONTACT_HEIGHT = 0.07;

/** The direction (unit, towards the light) of an azimuth (0 front, 90 the +X side), an elevation. */
export function towards(azimuth, elevation, into = new Vector3()) {
  const flat = Math.cos(radians(elevation));
  return into.set(
    Math.sin(radians(azimuth)) * flat,
    Math.sin(radians(elevation)),
    Math.cos(radians(azimuth)) * flat,
  );
}

const softbox = (cosine, width) =>
  cosine > width ? cosine : Math.max(cosine + width, 0) ** 2 / (4 * width);

/** As in the studio: the light is set for a surface halfway between the camera and the key. */
function studioPower() {
  const facing = towards(KEY.azimuth, KEY.elevation).add(new Vector3(0, 0, 1)).normalize();
  let light = SKY * (0.5 + 0.5 * facing.y) + FLOOR * (0.5 - 0.5 * facing.y);
  for (const box of [KEY, FILL, RIM]) {
    const cosine = facing.dot(towards(box.azimuth, box.elevation));
    light += box.power * softbox(cosine, sine(box.half));
  }
  return 1 / light;
}

/** The studio around a relic: uniforms of its shaders, and the pictures that the lights take. */
export function createStudio(renderer, small) {
  const power = studioPower();
  const depthsSize = small ? 1024 : 2048;
  const vector = () => ({ value: new Vector3() });
  const uniforms = {
    keyFrom: vector(), fillFrom: vector(), rimFrom: vector(),
    key: vector(), fill: vector(), rim: vector(), sky: vector(), floorLight: vector(),
    keySoft: { value: 0 }, keySpread: { value: 0 }, lift: { value: 0 }, exposure: { value: 1 },
    depths: { value: null }, lightMatrix: { value: new Matrix4() },
  };
  const ground = {
    heights: { value: null }, middle: vector(), radius: { value: 1 },
    depths: uniforms.depths, lightMatrix: uniforms.lightMatrix,
    keySpread: { value: 0.13 }, strength: { value: 0.5 }, keyShare: { value: 0.5 },
  };
  const underside = { floorY: { value: 0 }, reach: { value: 1 } };
  const depthMaterial = plainMaterial(nothing, {}, { polygonOffset: true, polygonOffsetFactor: 1.5, polygonOffsetUnits: 4 });
  const heightMaterial = plainMaterial(heightsShader, underside);

  const depths = new WebGLRenderTarget(depthsSize, depthsSize);
  depths.depthTexture = new DepthTexture(depthsSize, depthsSize, UnsignedIntType);
  depths.depthTexture.compareFunction = LessEqualCompare;
  depths.depthTexture.magFilter = depths.depthTexture.minFilter = LinearFilter;
  uniforms.depths.value = depths.depthTexture;
  const heights = new WebGLRenderTarget(256, 256, { generateMipmaps: true, minFilter: 1008 });
  ground.heights.value = heights.texture;

  const camera = new OrthographicCamera();
  const middle = new Vector3();
  const bias = new Matrix4().set(0.5, 0, 0, 0.5, 0, 0.5, 0, 0.5, 0, 0, 0.5, 0.5, 0, 0, 0, 1);
  let radius = 1;
  let floor = 0;
  let lamp = null;
  let stale = true;
  let standing = null;

  /** The relic: its middle, the radius around that, and how high its floor is. */
  function around(box) {
    box.getCenter(middle);
    radius = box.min.distanceTo(box.max) / 2 || 1;
    floor = box.min.y;
    uniforms.lift.value = radius * 0.004;
    ground.middle.value.copy(middle).setY(floor);
    ground.radius.value = radius;
    underside.floorY.value = floor;
    underside.reach.value = radius * CONTACT_HEIGHT;
    stale = true;
    standing = null;
  }

  /** Where the lamp stands, degrees in the relic's frame; null: the studio, with the camera. */
  function setLamp(next) {
    lamp = next;
    stale = true;
    standing = null;
  }

  function turn(cameraAzimuth) {
    const { keyFrom, fillFrom, rimFrom, key, fill, rim, sky, floorLight } = uniforms;
    if (lamp) towards(lamp.azimuth, lamp.elevation, keyFrom.value);
    else towards(cameraAzimuth + KEY.azimuth, KEY.elevation, keyFrom.value);
    towards(cameraAzimuth + FILL.azimuth, FILL.elevation, fillFrom.value);
    towards(cameraAzimuth + RIM.azimuth, RIM.elevation, rimFrom.value);
    const rest = power * (lamp ? DIMMED : 1);
    key.value.set(...KEY.color).multiplyScalar(power * KEY.power * (lamp ? LAMP_POWER : 1));
    fill.value.set(...FILL.color).multiplyScalar(rest * FILL.power);
    rim.value.set(...RIM.color).multiplyScalar(rest * RIM.power * (lamp ? 0.4 : 1));
    sky.value.setScalar(rest * SKY);
    floorLight.value.set(...FLOOR_COLOR).multiplyScalar(rest * FLOOR);
    uniforms.keySoft.value = sine(lamp ? LAMP_HALF : KEY.half);
    uniforms.keySpread.value = lamp ? 0.004 : 0.016;
    ground.keySpread.value = lamp ? 0.03 : 0.13;
    ground.keyShare.value = keyFrom.value.y > 0.05 ? (lamp ? 0.5 : 0.4) : 0;
  }

  /** Draw what the key light sees, if it or the relic has moved. `models`: only what casts. */
  function update(scene, cameraAzimuth) {
    // The studio follows the camera in steps that the eye does not see.
    const step = lamp ? 'lamp' : Math.round(cameraAzimuth);
    if (!stale && step === standing) return;
    const wasStale = stale;
    stale = false;
    standing = step;
    turn(lamp ? cameraAzimuth : step);
    place(uniforms.keyFrom.value, radius);
    draw(scene, depths, depthMaterial);
    uniforms.lightMatrix.value
      .multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse)
      .premultiply(bias);
    if (!wasStale) return;
    place(new Vector3(0, -1, 0), radius * CONTACT_REACH, new Vector3(0, 0, -1));
    draw(scene, heights, heightMaterial);
  }

  function place(from, reach, up = new Vector3(0, 1, 0)) {
    camera.left = camera.bottom = -reach;
    camera.right = camera.top = reach;
    camera.near = 0.1 * reach;
    camera.far = 5.1 * reach;
    camera.up.copy(Math.abs(from.y) > 0.99 ? new Vector3(0, 0, -1) : up);
    camera.position.copy(middle).addScaledVector(from, 2.6 * reach);
    camera.lookAt(middle);
    camera.updateMatrixWorld();
    camera.updateProjectionMatrix();
  }

  function draw(scene, target, material) {
    const background = scene.children.filter((child) => !child.userData.casts && child.visible);
    for (const child of background) child.visible = false;
    scene.overrideMaterial = material;
    renderer.setRenderTarget(target);
    renderer.setClearColor(0x000000, 0);
    renderer.clear();
    renderer.render(scene, camera);
    renderer.setRenderTarget(null);
    scene.overrideMaterial = null;
    for (const child of background) child.visible = true;
  }

  return {
    uniforms, ground, around, setLamp, update,
    get lamp() { return lamp; },
    /** Everything must be drawn again: another level, or the context was lost. */
    refresh() { stale = true; },
    /** The azimuth and elevation from which the key light comes now, degrees. */
    direction() {
      const { x, y, z } = uniforms.keyFrom.value;
      return { azimuth: (Math.atan2(x, z) * 180) / Math.PI, elevation: (Math.asin(y) * 180) / Math.PI };
    },
    dispose() { depths.dispose(); heights.dispose(); },
  };
}
