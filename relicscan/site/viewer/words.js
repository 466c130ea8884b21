// What the viewer says itself, in English; the page's island `texts` says it in its language.
const ENGLISH = {
  lang: 'en',
  viewer: '3D viewer',
  keys: 'Arrow keys turn, plus and minus zoom, 0 shows the first view, L moves the light, M measures.',
  loading: 'Loading',
  failed: 'The 3D model could not be loaded.',
  no_webgl: 'This browser cannot show 3D models.',
  detail: 'Show me this detail',
  close: 'Close',
  previous: 'Previous',
  next: 'Next',
  measure_first: 'Tap a first point on the object.',
  measure_second: 'Tap a second point.',
  measure_missed: 'That is beside the object.',
  measured: 'Distance: {cm}',
  light_hint: 'Drag to move the light.',
  restored: 'Made up to close holes',
  height: 'Height',
  width: 'Width',
  depth: 'Depth',
  figure_person: 'A person of 170 cm for scale',
  figure_hand: 'A hand of 18 cm for scale',
  figure_cube: 'A cube of 1 cm for scale',
  copied: 'The link was copied.',
  ar_no_scale: 'The size of this object is not known, so it cannot be placed in a room.',
  ar_none: 'This device cannot place objects in a room.',
  ar_place: 'Tap to place the object.',
};

/** word(key, {name: value}): the page's text, else the English one; word.use(texts) takes others. */
export function createWords(texts = {}) {
  const word = (key, values = {}) =>
    (texts[key] ?? ENGLISH[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  word.use = (others) => { texts = others; };
  return word;
}

/** Centimetres as a language writes them, as fine as a pick on a screen can be. */
export function centimetres(metres, lang) {
  const cm = metres * 100;
  const digits = cm < 10 ? 2 : cm < 1000 ? 1 : 0;
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${new Intl.NumberFormat(lang, format).format(cm)} cm`;
}
