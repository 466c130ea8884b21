// The stage: a canvas over the poster, layers over the canvas, and pictures drawn only when
// something has changed.
import { Scene, WebGLRenderer } from 'three';

const MAX_PIXEL_RATIO = 2;

// Pictures that take longer than this (ms, the median of some) are drawn with fewer pixels.
const SLOW_MS = 50;

/** What an element holds is made here, once; `layer('spots')` makes <div class="spots">. */
export function createStage(element, { onFrame, onDraw, onLost, onBack }) {
  const canvas = document.createElement('canvas');
  const renderer = new WebGLRenderer({ canvas, alpha: true, antialias: true, powerPreference: 'high-performance' });
  renderer.setClearColor(0x000000, 0);
  const scene = new Scene();
  scene.matrixWorldAutoUpdate = true;
  const poster = element.querySelector('.poster');
  if (poster) poster.after(canvas);
  else element.prepend(canvas);

  let pixelRatio = Math.min(MAX_PIXEL_RATIO, devicePixelRatio || 1);
  let asked = 0;
  let last = 0;
  let drawing = true;
  const took = [];

  function resize() {
    const { clientWidth: width, clientHeight: height } = element;
    if (!width || !height) return;
    renderer.setPixelRatio(pixelRatio);
    renderer.setSize(width, height, false);
    draw();
  }

  function draw() {
    if (drawing) onDraw();
  }

  function frame(now) {
    asked = 0;
    const elapsed = Math.min(100, now - last || 16);
    const moving = onFrame(now, elapsed);
    // Only while it moves do times between frames say how long one takes.
    if (moving) measure(now - last);
    last = now;
    draw();
    if (moving) request();
    else last = 0;
  }

  function measure(ms) {
    if (!last || ms > 1000) return;
    took.push(ms);
    if (took.length < 20) return;
    const median = took.sort((a, b) => a - b)[10];
    took.length = 0;
    if (median > SLOW_MS && pixelRatio > 1) {
      pixelRatio = Math.max(1, pixelRatio * 0.7);
      resize();
    }
  }

  function request() {
    if (!asked && drawing) asked = requestAnimationFrame(frame);
  }

  canvas.addEventListener('webglcontextlost', (event) => {
    event.preventDefault();
    drawing = false;
    onLost();
  });
  canvas.addEventListener('webglcontextrestored', () => {
    drawing = true;
    onBack();
    request();
  });
  const watcher = new ResizeObserver(resize);
  watcher.observe(element);

  return {
    element, canvas, renderer, scene, poster, request, draw,
    get aspect() { return (element.clientWidth || 1) / (element.clientHeight || 1); },
    get shorter() { return Math.min(element.clientWidth, element.clientHeight) || 1; },
    get pixelRatio() { return pixelRatio; },
    /** WebXR draws its own frames. */
    pause(value) { drawing = !value; if (!value) resize(); },
    layer(name, tag = 'div') {
      const layer = document.createElement(tag);
      layer.className = name;
      element.append(layer);
      return layer;
    },
    tell(name, detail) {
      element.dispatchEvent(new CustomEvent(`viewer:${name}`, { detail, bubbles: true }));
    },
    dispose() {
      watcher.disconnect();
      cancelAnimationFrame(asked);
      renderer.dispose();
      canvas.remove();
    },
  };
}
