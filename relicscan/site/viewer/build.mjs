// Bundles the viewer:  node build.mjs <folder with node_modules> <folder for the bundles>
//
// Every entry becomes one file that holds all it needs and names no other, so that `publish` can
// call it by the hash of its content. What the pages run at once (`relic.js`) is small; it imports
// `viewer.js`, with three in it, by the address that the page gives.
//
// Brotli (quality 11) of viewer.js with three 0.187.0, in kB; @google/model-viewer 4.4.0 has 235:
//   with three's build                                     151.4
//   with its sources, of which parts can be left out       158.3
//   without its shaders, as ours are all that is drawn     128.1
//   without what no model of ours has (UNUSED)             118.1
// A loader of our own in place of GLTFLoader would save 15 more, and a tested reader.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [modules, target] = process.argv.slice(2).map((path) => resolve(path));
const { build } = createRequire(join(modules, 'package.json'))('esbuild');
const sources = dirname(fileURLToPath(import.meta.url));
const three = join(modules, 'node_modules', 'three');

const names = (list) => list.trim().split(/\s+/);

// Parts of three that a relic never uses, by path below three/src: they are replaced by empty
// classes of the same names. GLTFLoader can make animations, skins, lights and lines; no model of
// ours has any.
const UNUSED = {
  'animation/AnimationClip.js': names('AnimationClip'),
  'animation/tracks/NumberKeyframeTrack.js': names('NumberKeyframeTrack'),
  'animation/tracks/QuaternionKeyframeTrack.js': names('QuaternionKeyframeTrack'),
  'animation/tracks/VectorKeyframeTrack.js': names('VectorKeyframeTrack'),
  'extras/PMREMGenerator.js': names('PMREMGenerator'),
  'lights/DirectionalLight.js': names('DirectionalLight'),
  'lights/PointLight.js': names('PointLight'),
  'lights/SpotLight.js': names('SpotLight'),
  'math/Interpolant.js': names('Interpolant'),
  'objects/Bone.js': names('Bone'),
  'objects/InstancedMesh.js': names('InstancedMesh'),
  'objects/Line.js': names('Line'),
  'objects/LineLoop.js': names('LineLoop'),
  'objects/LineSegments.js': names('LineSegments'),
  'objects/Points.js': names('Points'),
  'objects/Skeleton.js': names('Skeleton'),
  'objects/SkinnedMesh.js': names('SkinnedMesh'),
  'renderers/shaders/DFGLUTData.js': names('getDFGLUT'),
};

// It is asked for names that an animation could call.
const PROPERTY_BINDING = 'export class PropertyBinding { static sanitizeNodeName(name) { return name; } }';

const leftOut = {
  name: 'left out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^three$/ }, () => ({
      path: join(three, 'src', 'Three.js'),
      sideEffects: false,
    }));
    onLoad({ filter: /ShaderLib[\\/].*\.glsl\.js$/ }, () => ({
      contents: "export const vertex = '', fragment = '';",
    }));
    onLoad({ filter: /ShaderChunk[\\/].*\.glsl\.js$/ }, () => ({
      contents: "export default '';",
    }));
    onLoad({ filter: /three[\\/]src[\\/]animation[\\/]PropertyBinding\.js$/ }, () => ({
      contents: PROPERTY_BINDING,
    }));
    for (const [path, parts] of Object.entries(UNUSED)) {
      const filter = new RegExp(`three[\\\\/]src[\\\\/]${path.replaceAll('/', '[\\\\/]')}$`);
      const contents = parts.map((part) => `export class ${part} {}`).join('\n');
      onLoad({ filter }, () => ({ contents }));
    }
  },
};

// Comments, indentation and empty lines of our shaders.
const shaders = {
  name: 'shaders',
  setup({ onLoad }) {
    onLoad({ filter: /\.glsl$/ }, ({ path }) => ({
      loader: 'text',
      contents: readFileSync(path, 'utf8')
        .replace(/\/\/.*$/gm, '')
        .replace(/^[ \t]+|[ \t]+$/gm, '')
        .replace(/\n{2,}/g, '\n'),
    }));
  },
};

// The viewer and the script of relic pages; then those of the other pages.
const ENTRIES = [
  ...names('viewer relic').map((name) => join(sources, `${name}.js`)),
  ...names('page search tour worker').map((name) => join(sources, '..', 'scripts', `${name}.js`)),
];

mkdirSync(target, { recursive: true });
await build({
  entryPoints: ENTRIES,
  entryNames: '[name]',
  outdir: target,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2020',
  charset: 'utf8',
  legalComments: 'none', // they are in the licence file
  logLevel: 'warning',
  nodePaths: [join(modules, 'node_modules')],
  plugins: [leftOut, shaders],
});

const licence = readFileSync(join(three, 'LICENSE'), 'utf8');
const [, meshopt] = readFileSync(join(three, 'examples/jsm/libs/meshopt_decoder.module.js'), 'utf8')
  .match(/^\/\/ (Copyright .*)$/m);
writeFileSync(
  join(target, 'LICENSES.txt'),
  `viewer.js contains three.js (https://threejs.org):\n\n${licence}\n`
    + 'and the decoder of meshoptimizer (https://meshoptimizer.org), under the same terms of the MIT\n'
    + `license:\n\n${meshopt}\n`,
);
