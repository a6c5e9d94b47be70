/**
 * Image transformations of the sliders: dilation or erosion of the strokes, then one bilinear resampling for scale,
 * rotation and shift, then salt-and-pepper noise. Images are gray levels, 0 background and 255 ink.
 */

import { UNCHANGED } from "lenet/store.js";

const SIDE = 28;
const MARGIN = 5;
const PADDED_SIDE = SIDE + 2 * MARGIN;

/** @typedef {{shiftX: number, shiftY: number, rotation: number, scale: number, thickness: number, noise: number,
 *   noiseSeed: number}} Changes */

/**
 * The sliders: shifts and thickness in pixels, rotation in degrees, noise as the share of inverted pixels.
 * `sampleStep` is the distance between the measured points of a curve.
 */
export const SLIDERS = Object.freeze([
  { key: "shiftX", minimum: -12, maximum: 12, step: 0.5, sampleStep: 1 },
  { key: "shiftY", minimum: -12, maximum: 12, step: 0.5, sampleStep: 1 },
  { key: "rotation", minimum: -90, maximum: 90, step: 1, sampleStep: 4 },
  { key: "scale", minimum: 0.4, maximum: 2, step: 0.02, sampleStep: 0.04 },
  { key: "thickness", minimum: -1.5, maximum: 3, step: 0.1, sampleStep: 0.1 },
  { key: "noise", minimum: 0, maximum: 0.3, step: 0.01, sampleStep: 0.01 },
]);

/** Whether all sliders are in their neutral positions; the seed does not matter. */
export function isUnchanged(changes) {
  return SLIDERS.every(({ key }) => changes[key] === UNCHANGED[key]);
}

/**
 * Transforms an image by all sliders.
 * @param {Uint8Array} image 784 gray levels
 * @param {Changes} changes rotation is clockwise, around the middle of the image, where normalization has put the
 *   digit's center of mass; thickness is the radius by which strokes grow (below 0: shrink)
 * @returns {Uint8Array} 784 gray levels, a new array
 */
export function applyChanges(image, changes) {
  let levels = Float32Array.from(image);
  if (changes.thickness !== 0) levels = thicken(levels, changes.thickness);
  if (changes.shiftX !== 0 || changes.shiftY !== 0 || changes.rotation !== 0 || changes.scale !== 1) {
    levels = resample(levels, changes);
  }
  const result = Uint8Array.from(levels, Math.round);
  if (changes.noise > 0) invertPixels(result, changes.noise, changes.noiseSeed);
  return result;
}

/**
 * Gray dilation (erosion below 0) by a disc of any radius: the largest (smallest) level on rings a pixel apart,
 * interpolated between the pixels, so that the result is continuous in the radius.
 */
function thicken(levels, thickness) {
  const isDilation = thickness > 0;
  const padded = new Float32Array(PADDED_SIDE * PADDED_SIDE);
  for (let row = 0; row < SIDE; row += 1) {
    padded.set(levels.subarray(row * SIDE, (row + 1) * SIDE), (row + MARGIN) * PADDED_SIDE + MARGIN);
  }
  const result = levels.slice();
  for (let radius = Math.abs(thickness); radius > 0; radius -= 1) {
    const angles = radius > 1 ? 24 : 16;
    for (let index = 0; index < angles; index += 1) {
      const angle = (2 * Math.PI * index) / angles;
      accumulateExtremes(result, padded, radius * Math.sin(angle), radius * Math.cos(angle), isDilation);
    }
  }
  return result;
}

/** Replaces each level by the maximum (for erosion minimum) of itself and the level at an offset. */
function accumulateExtremes(result, padded, down, right, isDilation) {
  const top = Math.floor(down);
  const left = Math.floor(right);
  const fractionDown = down - top;
  const fractionRight = right - left;
  const topLeft = (1 - fractionDown) * (1 - fractionRight);
  const topRight = (1 - fractionDown) * fractionRight;
  const bottomLeft = fractionDown * (1 - fractionRight);
  const bottomRight = fractionDown * fractionRight;
  for (let row = 0; row < SIDE; row += 1) {
    let source = (row + MARGIN + top) * PADDED_SIDE + MARGIN + left;
    const end = (row + 1) * SIDE;
    for (let target = row * SIDE; target < end; target += 1, source += 1) {
      const level = topLeft * padded[source] + topRight * padded[source + 1]
        + bottomLeft * padded[source + PADDED_SIDE] + bottomRight * padded[source + PADDED_SIDE + 1];
      if (isDilation ? level > result[target] : level < result[target]) result[target] = level;
    }
  }
}

function resample(levels, { shiftX, shiftY, rotation, scale }) {
  const middle = (SIDE - 1) / 2;
  const angle = (rotation * Math.PI) / 180;
  const cosine = Math.cos(angle) / scale;
  const sine = Math.sin(angle) / scale;
  const result = new Float32Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row += 1) {
    for (let column = 0; column < SIDE; column += 1) {
      const right = column - middle - shiftX;
      const down = row - middle - shiftY;
      const x = cosine * right + sine * down + middle;
      const y = cosine * down - sine * right + middle;
      if (x > -1 && y > -1 && x < SIDE && y < SIDE) result[row * SIDE + column] = interpolate(levels, x, y);
    }
  }
  return result;
}

/** Bilinear interpolation, 0 outside the image. */
function interpolate(levels, x, y) {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const fractionX = x - left;
  const fractionY = y - top;
  const level = (row, column) =>
    row >= 0 && row < SIDE && column >= 0 && column < SIDE ? levels[row * SIDE + column] : 0;
  return (1 - fractionY) * ((1 - fractionX) * level(top, left) + fractionX * level(top, left + 1))
    + fractionY * ((1 - fractionX) * level(top + 1, left) + fractionX * level(top + 1, left + 1));
}

/** Inverts a share of the pixels; each has its own threshold from the seed, so that more noise adds inverted pixels. */
function invertPixels(image, share, seed) {
  let state = seed >>> 0;
  for (let index = 0; index < image.length; index += 1) {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    if (((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32 < share) image[index] = 255 - image[index];
  }
}
