/** From the 28×28 gray levels that all networks share to the input of one: the same numbers as Python's. */

import { rint, shrink } from "lenet/reading/resampling.js";

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

/** Each new pixel is the mean of what it covers: OpenCV's INTER_AREA, which rounds halves up where it adds four. */
function resampled(image, side) {
  const { data } = shrink({ data: Float32Array.from(image), width: SIDE, height: SIDE }, side, side);
  return Uint8Array.from(data, side === SIDE / 2 ? (mean) => Math.floor(mean + 0.5) : rint);
}
