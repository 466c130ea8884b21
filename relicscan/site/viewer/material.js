// What a glTF material of relicscan's becomes here: one shader, with what the model has.
import { DoubleSide, FrontSide, GLSL3, RawShaderMaterial, Vector3, Vector4 } from 'three';
import relicVertex from './relic.vert.glsl';
import relicFragment from './relic.frag.glsl';
import plainVertex from './plain.vert.glsl';
import shadow from './shadow.glsl';
import ground from './ground.frag.glsl';
import flat from './flat.frag.glsl';

// What has no colour is shown as light stone, as on the poster (linear).
const STONE = [0.617, 0.571, 0.508];

// Restored places: a blue that no fired clay, stone or bronze has (linear).
export const RESTORED = [0.05, 0.22, 0.85];

const PRECISION = 'precision highp float;\n';
const withShadow = (shader) => shader.replace(PRECISION, `${PRECISION}${shadow}`);

/** The material of a mesh that GLTFLoader made; takes over its textures. */
export function relicMaterial(mesh, studio, { restored, anisotropy, pixelRatio, small }) {
  const { geometry, material: from } = mesh;
  const has = (name) => name in geometry.attributes;
  const defines = {
    SHADOW_SAMPLES: small ? 10 : 20,
    STRIPE_PX: (7 * pixelRatio).toFixed(1),
  };
  const colored = from.map || has('color');
  const base = from.color && colored ? from.color.toArray() : STONE;
  const uniforms = { ...studio.uniforms, base: { value: new Vector3(...base) } };
  const map = (name, texture) => {
    texture.anisotropy = anisotropy;
    uniforms[name] = { value: texture };
  };
  if (has('uv')) defines.WITH_UV = '';
  if (from.map) {
    defines.WITH_MAP = '';
    map('map', from.map);
  }
  if (from.aoMap) {
    defines.WITH_OCCLUSION = '';
    map('occlusionMap', from.aoMap);
    uniforms.occlusionStrength = { value: from.aoMapIntensity };
  }
  if (from.normalMap && has('tangent')) {
    defines.WITH_RELIEF = '';
    map('reliefMap', from.normalMap);
    uniforms.reliefScale = { value: from.normalScale.x };
  }
  if (has('color')) defines.WITH_COLOR = '';
  if (has('_filled')) {
    defines.WITH_FILLED = '';
    uniforms.restored = restored;
    uniforms.restoredColor = { value: new Vector3(...RESTORED) };
  }
  const material = new RawShaderMaterial({
    glslVersion: GLSL3,
    defines,
    uniforms,
    vertexShader: relicVertex,
    fragmentShader: withShadow(relicFragment),
    side: from.side,
  });
  material.userData.textures = [from.map, from.aoMap, from.normalMap].filter(Boolean);
  from.dispose();
  return material;
}

/** A material that needs positions only. */
export function plainMaterial(fragmentShader, uniforms = {}, more = {}) {
  return new RawShaderMaterial({
    glslVersion: GLSL3,
    vertexShader: plainVertex,
    fragmentShader,
    uniforms,
    side: DoubleSide,
    ...more,
  });
}

/** The floor: nothing but the shadow on it. Premultiplied black needs no other blending. */
export function groundMaterial(studio, reach, small) {
  return plainMaterial(withShadow(ground), studio.ground, {
    defines: { SHADOW_SAMPLES: small ? 12 : 24, CONTACT_REACH: reach.toFixed(2) },
    transparent: true,
    depthWrite: false,
    side: FrontSide,
  });
}

/** One colour [r, g, b, a], sRGB. */
export function flatMaterial(color) {
  return plainMaterial(flat, { color: { value: new Vector4(...color) } }, { transparent: true });
}
