/** From the 28×28 gray levels that all networks share to the input of one: the same numbers as Python's. */

const SIDE = 28;

/**
 * @param {{inputShape: number[], description: Object}} network
 * @param {Uint8Array} image - 28·28 gray levels, 0 background, 255 full ink
 * @returns {Float32Array} channels · rows · columns in the network's range; smaller pictures are padded with
 *     background, larger ones resampled by area, and every channel is the same
 */
export function networkInput(network, image) {
  const [channels, height, width] = network.inputShape;
  const levels = levelsOf(network.description.input_range);
  const grays = fitted(image, height, width);
  const area = height * width;
  const input = new Float32Array(channels * area);
  for (let at = 0; at < area; at++) input[at] = levels[grays[at]];
  for (let channel = 1; channel < channels; channel++) input.copyWithin(channel * area, 0, area);
  return input;
}

const knownLevels = new WeakMap();

function levelsOf(range) {
  if (!knownLevels.has(range)) {
    const [background, ink] = range;
    const step = (ink - background) / 255;
    const levels = new Float32Array(256);
    for (let gray = 0; gray < 255; gray++) levels[gray] = gray * step + background;
    levels[255] = ink;
    knownLevels.set(range, levels);
  }
  return knownLevels.get(range);
}

function fitted(image, height, width) {
  if (height >= SIDE && width >= SIDE) return padded(image, SIDE, height, width);
  const shorter = Math.min(height, width);
  return padded(resampled(image, shorter), shorter, height, width);
}

function padded(image, side, height, width) {
  if (side === height && side === width) return image;
  const [top, left] = [(height - side) >> 1, (width - side) >> 1];
  const result = new Uint8Array(height * width);
  for (let row = 0; row < side; row++) {
    result.set(image.subarray(row * side, (row + 1) * side), (top + row) * width + left);
  }
  return result;
}

/** Each new pixel is the mean of what it covers: OpenCV's INTER_AREA with its rounding to float32 at every step. */
function resampled(image, side) {
  const isWhole = SIDE % side === 0; // then OpenCV adds whole numbers, and rounds halves up where it adds four
  const cover = Array.from({ length: side }, (_, target) => coverOf(target, SIDE / side));
  const narrow = new Float32Array(SIDE * side);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < side; column++) {
      for (const [x, share] of cover[column]) {
        narrow[row * side + column] += isWhole ? image[row * SIDE + x] : Math.fround(share * image[row * SIDE + x]);
      }
    }
  }
  const result = new Uint8Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      let sum = 0;
      for (const [y, share] of cover[row]) {
        const level = narrow[y * side + column];
        sum = isWhole ? sum + level : Math.fround(sum + Math.fround(share * level));
      }
      const mean = isWhole ? sum / (SIDE / side) ** 2 : sum;
      result[row * side + column] = side === SIDE / 2 ? Math.floor(mean + 0.5) : rounded(mean);
    }
  }
  return result;
}

/** The old pixels along an axis that a new one covers, as [index, share of the new pixel in float32]. */
function coverOf(target, scale) {
  const start = target * scale;
  const end = start + scale;
  const cell = Math.min(scale, SIDE - start);
  const covered = [];
  for (let index = Math.floor(start); index < Math.min(end, SIDE); index++) {
    const overlap = Math.min(end, index + 1) - Math.max(start, index);
    if (overlap > 1e-3) covered.push([index, Math.fround(overlap / cell)]);
  }
  return covered;
}

/** To the nearest whole number; of two as near to the even one. */
function rounded(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
