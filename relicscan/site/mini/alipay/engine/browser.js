// What the engine takes for granted of a browser and a mini-programme does not have: esbuild puts
// these in their place (--inject).
export {
  atob, btoa, Blob, cancelAnimationFrame, devicePixelRatio, document, Element, Event, EventTarget,
  HTMLCanvasElement, HTMLElement, HTMLImageElement, HTMLMediaElement, HTMLVideoElement, Image,
  ImageData, location, navigator, Node, OffscreenCanvas, performance, requestAnimationFrame,
  screen, URL, WebGL2RenderingContext, WebGLRenderingContext, window, XMLHttpRequest,
} from '@galacean/appx-adapter/alipay';
