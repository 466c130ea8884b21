// What the mini-programme uses: the engine, the canvas that the adapter hands to it, and a decoder
// of meshopt. The engine's own runs in web workers and WebAssembly, and the pages of a
// mini-programme have neither; this one is plain JavaScript, which the exports of meshoptimizer do
// not name.
import {
  GLTFExtensionMode, GLTFExtensionParser, GLTFParserType, registerGLTFExtension,
} from '@galacean/engine';
import { MeshoptDecoder } from './node_modules/meshoptimizer/meshopt_decoder_reference.js';

const MESHOPT = 'EXT_meshopt_compression';

class Meshopt extends GLTFExtensionParser {
  createAndParse(context, view) {
    return context.get(GLTFParserType.Buffer, view.buffer).then((buffer) => {
      const source = new Uint8Array(buffer, view.byteOffset || 0, view.byteLength);
      const { count, byteStride, mode, filter } = view;
      return MeshoptDecoder.decodeGltfBufferAsync(count, byteStride, source, mode, filter);
    });
  }
}

// Of several that decode an extension, the engine takes the last.
registerGLTFExtension(MESHOPT, GLTFExtensionMode.CreateAndParse)(Meshopt);

export {
  AssetType, BackgroundMode, Camera, Color, DiffuseMode, DirectLight, Vector3, WebGLEngine,
} from '@galacean/engine';
export { registerCanvas } from '@galacean/appx-adapter/alipay';
