// Levels of detail: the coarsest at once, finer ones when they are worth their bytes.
import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';
import { MeshoptDecoder } from 'three/examples/jsm/libs/meshopt_decoder.module.js';

// A visitor who is still here after so long wants to see more than the first look.
const STAYS_MS = 4000;

// How much nearer than at first the camera is when a level no longer resolves what is seen.
const NEARER = 1.4;
const MUCH_NEARER = 2.2;

const loader = new GLTFLoader().setMeshoptDecoder(MeshoptDecoder);

/** Whether this device should be spared what nobody asked for. */
export function spares(saveData) {
  const { connection } = navigator;
  return saveData || connection?.saveData === true || /2g|3g/.test(connection?.effectiveType ?? '');
}

/** Loads a relic's levels one after the other.
 *
 * `before()` is waited for, `place(mesh)` puts one into the scene and takes the last one out;
 * `said(level, index)` and `failed(error)` tell the page; `progress(share)` is null when nothing is
 * being loaded.
 */
export function createLevels({ before, place, said, failed, progress, saveData }) {
  let relic = null;
  let current = -1;
  let wanted = -1;
  let stopping = null;
  let staying = 0;
  let busy = null;

  /** Too large for the device to be loaded unasked: phones have crashed on large textures. */
  const fits = (level) => !level.gpu_bytes || level.gpu_bytes <= (navigator.deviceMemory ?? 4) * 2 ** 24;

  async function fetched(level, signal) {
    const response = await fetch(level.url, { signal });
    if (!response.ok) throw new Error(`${level.url}: ${response.status}`);
    const reader = response.body?.getReader();
    if (!reader) return response.arrayBuffer();
    const parts = [];
    let got = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      got += value.length;
      // Compressed on the way, so `bytes` of the file is what arrives here.
      progress(level.bytes ? Math.min(1, got / level.bytes) : null);
    }
    return new Blob(parts).arrayBuffer();
  }

  async function load(signal) {
    while (current < wanted && !signal.aborted) {
      const index = wanted;
      const level = relic.levels[index];
      if (current < 0 || relic.levels[current].url !== level.url) {
        const gltf = await loader.parseAsync(await fetched(level, signal), '');
        if (signal.aborted) return;
        let mesh = null;
        gltf.scene.updateMatrixWorld(true);
        gltf.scene.traverse((object) => { mesh = object.isMesh ? object : mesh; });
        if (!mesh) throw new Error(`${level.url} holds no mesh`);
        await before();
        if (signal.aborted) return;
        place(mesh);
      }
      current = index;
      said(level, index);
    }
  }

  /** Load level `index` unless as fine a one is there; resolves when it is shown. */
  function want(index) {
    if (!relic || index <= wanted) return busy ?? Promise.resolve();
    wanted = index;
    if (busy) return busy;
    const { signal } = stopping;
    busy = load(signal)
      .catch((error) => {
        if (signal.aborted) return;
        wanted = current;
        failed(error, current);
      })
      .finally(() => {
        if (signal.aborted) return;
        busy = null;
        progress(null);
      });
    return busy;
  }

  const unasked = (index) => {
    const at = Math.min(index, relic.levels.length - 1);
    if (!spares(saveData) && fits(relic.levels[at])) want(at);
  };

  return {
    get index() { return current; },
    /** Another relic, from its coarsest level on. */
    show(next) {
      this.stop();
      relic = next;
      current = wanted = -1;
      stopping = new AbortController();
      return want(0).then(() => {
        if (current < 0) return;
        staying = setTimeout(() => unasked(1), STAYS_MS);
      });
    },
    stop() {
      clearTimeout(staying);
      stopping?.abort();
      busy = null;
    },
    /** The camera is so much nearer than in the first view. */
    nearer(times) {
      if (current < 0) return;
      if (times > MUCH_NEARER) unasked(relic.levels.length - 1);
      else if (times > NEARER) unasked(1);
    },
    /** The finest, because the visitor asked. */
    finest: () => want(relic.levels.length - 1),
  };
}

/** Give back the memory of a mesh that is no longer shown. */
export function dispose(mesh) {
  mesh.geometry.dispose();
  for (const texture of mesh.material.userData.textures) {
    texture.dispose();
    texture.source.data?.close?.();
  }
  mesh.material.dispose();
}
