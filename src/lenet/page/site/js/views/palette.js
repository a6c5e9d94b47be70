/**
 * The colors of pictures: blue below zero, orange above, ink for strength. They follow the theme, because they are
 * read from the style sheet.
 */

const STEPS = 255;

let current = null;

/** The color tables of the theme shown: `signed` for −1..1 in 511 steps, `levels` for 0..1 in 256, as RGBA words. */
export function palette() {
  current ??= read();
  return current;
}

/** To be called when the theme has changed. */
export function forgetPalette() {
  current = null;
}

function read() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const color = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  };
  const zero = color("level-0");
  const side = (sign) => [zero, color(`${sign}-mid`), color(`${sign}-end`)];
  const negative = ramp(side("negative"), STEPS + 1);
  const positive = ramp(side("positive"), STEPS + 1);
  const signed = new Uint32Array(2 * STEPS + 1);
  for (let step = 0; step <= STEPS; step += 1) {
    signed[STEPS - step] = negative[step];
    signed[STEPS + step] = positive[step];
  }
  const css = (name) => `rgb(${color(name).join(" ")})`;
  const names = ["ink", "muted", "line", "accent", "paper", "surface", "negative", "positive"];
  const plain = Object.fromEntries(names.map((name) => [name, css(name)]));
  const tables = { signed, levels: ramp([zero, color("level-1")], STEPS + 1), ...plain };
  probe.remove();
  return tables;
}

/** `count` words from the first to the last of equally spaced colors; little-endian, so that red is the low byte. */
function ramp(colors, count) {
  return Uint32Array.from({ length: count }, (_, index) => {
    const place = (index / (count - 1)) * (colors.length - 1);
    const before = Math.min(colors.length - 2, Math.floor(place));
    const [red, green, blue] = colors[before].map((value, channel) =>
      Math.round(value + (place - before) * (colors[before + 1][channel] - value)),
    );
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
}

/** The largest size of a value among `count` from `start` on; 0 where all are zero. */
export function strength(values, start = 0, count = values.length) {
  let maximum = 0;
  for (let index = start; index < start + count; index += 1) {
    const size = Math.abs(values[index]);
    if (size > maximum) maximum = size;
  }
  return maximum;
}

/** Writes values from `start` on as colors: −scale is full blue, +scale full orange. */
export function paintSigned(words, target, values, start, count, scale) {
  const { signed } = palette();
  const factor = scale > 0 ? STEPS / scale : 0;
  for (let index = 0; index < count; index += 1) {
    const step = Math.max(-STEPS, Math.min(STEPS, Math.round(values[start + index] * factor)));
    words[target + index] = signed[STEPS + step];
  }
}

/** Writes levels between `minimum` and `maximum` as ink. */
export function paintLevels(words, levels, minimum = 0, maximum = 255) {
  const { levels: table } = palette();
  const factor = STEPS / (maximum - minimum);
  for (let index = 0; index < words.length; index += 1) {
    words[index] = table[Math.max(0, Math.min(STEPS, Math.round((levels[index] - minimum) * factor)))];
  }
}

/** Paints three planes, red, green and blue, in their own colors. */
export function paintColors(words, levels, least, most) {
  const factor = STEPS / (most - least);
  const byte = (index) => Math.max(0, Math.min(STEPS, Math.round((levels[index] - least) * factor)));
  for (let index = 0; index < words.length; index += 1) {
    const [red, green, blue] = [0, 1, 2].map((plane) => byte(plane * words.length + index));
    words[index] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
}

/** Shows width × height words on a canvas of that size; the style sheet scales it without smoothing. */
export function show(canvas, width, height, paint) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  paint(new Uint32Array(pixels.data.buffer));
  context.putImageData(pixels, 0, 0);
}
