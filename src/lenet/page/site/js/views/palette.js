/**
 * Color maps: a diverging one, blue below zero and orange above, and a sequential one from paper to ink. They follow
 * the theme, because they are read from the style sheet.
 */

const MAX_LEVEL = 255;

let cachedPalette = null;

/**
 * Color lookup tables of the current theme, RGBA words with red in the low byte: `signed` for −1..1 in 511 levels,
 * `levels` for 0..1 in 256; and the style sheet's colors by name.
 */
export function palette() {
  cachedPalette ??= readStyles();
  return cachedPalette;
}

/** To be called when the theme has changed. */
export function clearPaletteCache() {
  cachedPalette = null;
}

function readStyles() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const color = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  };
  const zero = color("level-0");
  const endpoints = (sign) => [zero, color(`${sign}-mid`), color(`${sign}-end`)];
  const negative = interpolateColors(endpoints("negative"), MAX_LEVEL + 1);
  const positive = interpolateColors(endpoints("positive"), MAX_LEVEL + 1);
  const signed = new Uint32Array(2 * MAX_LEVEL + 1);
  for (let level = 0; level <= MAX_LEVEL; level += 1) {
    signed[MAX_LEVEL - level] = negative[level];
    signed[MAX_LEVEL + level] = positive[level];
  }
  const css = (name) => `rgb(${color(name).join(" ")})`;
  const names = ["ink", "muted", "line", "accent", "paper", "surface", "negative", "positive"];
  const cssColors = Object.fromEntries(names.map((name) => [name, css(name)]));
  const tables = { signed, levels: interpolateColors([zero, color("level-1")], MAX_LEVEL + 1), ...cssColors };
  probe.remove();
  return tables;
}

/** Interpolates `count` pixels linearly between equally spaced colors; little-endian, so that red is the low byte. */
function interpolateColors(colors, count) {
  return Uint32Array.from({ length: count }, (_, index) => {
    const position = (index / (count - 1)) * (colors.length - 1);
    const lower = Math.min(colors.length - 2, Math.floor(position));
    const [red, green, blue] = colors[lower].map((value, channel) =>
      Math.round(value + (position - lower) * (colors[lower + 1][channel] - value)),
    );
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
}

/** The largest absolute value among `count` from `start` on; 0 where all are zero. */
export function maxAbs(values, start = 0, count = values.length) {
  let maximum = 0;
  for (let index = start; index < start + count; index += 1) {
    const magnitude = Math.abs(values[index]);
    if (magnitude > maximum) maximum = magnitude;
  }
  return maximum;
}

/** Paints pixels from `target` on by `count` values from `start` on: −scale is full blue, +scale full orange. */
export function paintSigned(pixels, target, values, start, count, scale) {
  const { signed } = palette();
  const factor = scale > 0 ? MAX_LEVEL / scale : 0;
  for (let index = 0; index < count; index += 1) {
    const level = Math.max(-MAX_LEVEL, Math.min(MAX_LEVEL, Math.round(values[start + index] * factor)));
    pixels[target + index] = signed[MAX_LEVEL + level];
  }
}

/** Maps levels between `minimum` and `maximum` to the sequential colors. */
export function paintLevels(pixels, levels, minimum = 0, maximum = 255) {
  const { levels: grayTable } = palette();
  const factor = MAX_LEVEL / (maximum - minimum);
  for (let index = 0; index < pixels.length; index += 1) {
    pixels[index] = grayTable[Math.max(0, Math.min(MAX_LEVEL, Math.round((levels[index] - minimum) * factor)))];
  }
}

/** Paints three planes, red, green and blue, in their own colors. */
export function paintColors(pixels, levels, minimum, maximum) {
  const factor = MAX_LEVEL / (maximum - minimum);
  const byte = (index) => Math.max(0, Math.min(MAX_LEVEL, Math.round((levels[index] - minimum) * factor)));
  for (let index = 0; index < pixels.length; index += 1) {
    const [red, green, blue] = [0, 1, 2].map((plane) => byte(plane * pixels.length + index));
    pixels[index] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
}

/** Resizes a canvas to width × height and paints its pixels; the style sheet scales it without smoothing. */
export function paintCanvas(canvas, width, height, paint) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  const imageData = context.createImageData(width, height);
  paint(new Uint32Array(imageData.data.buffer));
  context.putImageData(imageData, 0, 0);
}
