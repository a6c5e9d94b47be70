/** Test-time augmentation: views of a digit, rotated and sheared a little to either side, to average over. */

import { rint } from "lenet/reading/resampling.js";

const IMAGE_SIDE = 28;
const SHEAR = 0.15; // columns that the top moves against the bottom, for each row; rotations lean a stroke as far

const { fround } = Math;

/**
 * Views of a picture: itself, two rotations and two shears, bilinear, with paper beyond the edges.
 * @param {Uint8Array} image 28×28, ink-high
 * @returns {Uint8Array[]} five pictures, the first one the image itself
 */
export const augmentedViews = (image) => [image, ...TAPS.map((taps) => augment(image, taps))];

function augment(image, taps) {
  const view = new Uint8Array(image.length);
  for (let index = 0; index < view.length; index++) {
    let sum = 0;
    for (const { indices, weights } of taps) sum = fround(sum + fround(image[indices[index]] * weights[index]));
    view[index] = rint(sum);
  }
  return view;
}

/** Bilinear interpolation: the four source pixels of each pixel of a view, and their weights. */
function tapsOf([[a, b], [c, d]]) {
  const center = (IMAGE_SIDE - 1) / 2;
  const corners = [[0, 0], [0, 1], [1, 0], [1, 1]];
  return corners.map(([offsetY, offsetX]) => {
    const indices = new Int32Array(IMAGE_SIDE * IMAGE_SIDE);
    const weights = new Float32Array(IMAGE_SIDE * IMAGE_SIDE);
    for (let index = 0; index < indices.length; index++) {
      const y0 = Math.floor(index / IMAGE_SIDE) - center;
      const x0 = (index % IMAGE_SIDE) - center;
      const column = a * x0 + b * y0 + center;
      const row = c * x0 + d * y0 + center;
      const x = Math.floor(column) + offsetX;
      const y = Math.floor(row) + offsetY;
      if (x < 0 || y < 0 || x >= IMAGE_SIDE || y >= IMAGE_SIDE) continue;
      indices[index] = y * IMAGE_SIDE + x;
      weights[index] = (1 - Math.abs(row - y)) * (1 - Math.abs(column - x));
    }
    return { indices, weights };
  });
}

function rotation(slope) {
  const length = Math.hypot(1, slope);
  return [[1 / length, -slope / length], [slope / length, 1 / length]];
}

const TAPS = [rotation(-SHEAR), rotation(SHEAR), [[1, -SHEAR], [0, 1]], [[1, SHEAR], [0, 1]]].map(tapsOf);
