// How much light is let in: as much as makes the first view as bright as the poster, which a dark
// relic has been given more of (relicscan/quality/previews.py).
const SIDE = 96;
const LEAST = 0.6;
const MOST = 2.2;

const linear = Float32Array.from({ length: 256 }, (_, value) => {
  const s = value / 255;
  return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
});

/** Mean luminance of what is opaque in RGBA pixels; null where next to nothing is. */
function brightness(pixels) {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3] < 250) continue;
    sum += 0.2126 * linear[pixels[i]] + 0.7152 * linear[pixels[i + 1]] + 0.0722 * linear[pixels[i + 2]];
    count += 1;
  }
  return count > SIDE ? sum / count : null;
}

/** Of a square of a picture; null where it cannot be read. */
function brightnessOf(image, left, top, side) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(image, left, top, side, side, 0, 0, SIDE, SIDE);
  try {
    return brightness(context.getImageData(0, 0, SIDE, SIDE).data);
  } catch {
    return null; // a poster from elsewhere
  }
}

/** The exposure at which the view `first` is as bright as the stage's poster; 1 without one.
 * `draw()` draws what the camera sees onto the stage's canvas. */
export function exposureFor({ poster, canvas }, draw) {
  if (!poster || poster.hidden || !poster.complete || !poster.naturalWidth) return 1;
  const wanted = brightnessOf(poster, 0, 0, poster.naturalWidth);
  if (wanted === null) return 1;
  draw();
  const side = Math.min(canvas.width, canvas.height);
  const found = brightnessOf(canvas, (canvas.width - side) / 2, (canvas.height - side) / 2, side);
  return found ? Math.max(LEAST, Math.min(MOST, wanted / found)) : 1;
}
