/** A digit as it would look had it been written a little turned or slanted: the mean over these is surer than one. */

import { rint } from "lenet/reading/resampling.js";

const SIDE = 28;
const TURN = 8; // degrees to either side
const SLANT = 0.15; // columns that the top moves against the bottom, for each row

const { fround } = Math;

/**
 * The picture as it is, turned to either side, and slanted to either side; bilinear, paper beyond the edges.
 * @param {Uint8Array} image 28×28, ink-high
 * @returns {Uint8Array[]} five pictures, the first the given one
 */
export const views = (image) => [image, ...TAPS.map((taps) => augmented(image, taps))];

function augmented(image, taps) {
  const view = new Uint8Array(image.length);
  for (let at = 0; at < view.length; at++) {
    let sum = 0;
    for (const { places, weights } of taps) sum = fround(sum + fround(image[places[at]] * weights[at]));
    view[at] = rint(sum);
  }
  return view;
}

/** The four pixels that each pixel of a view lies among, and the share of each. */
function tapsOf([[a, b], [c, d]]) {
  const middle = (SIDE - 1) / 2;
  const corners = [[0, 0], [0, 1], [1, 0], [1, 1]];
  return corners.map(([below, beside]) => {
    const places = new Int32Array(SIDE * SIDE);
    const weights = new Float32Array(SIDE * SIDE);
    for (let at = 0; at < places.length; at++) {
      const down = Math.floor(at / SIDE) - middle;
      const across = (at % SIDE) - middle;
      const column = a * across + b * down + middle;
      const row = c * across + d * down + middle;
      const x = Math.floor(column) + beside;
      const y = Math.floor(row) + below;
      if (x < 0 || y < 0 || x >= SIDE || y >= SIDE) continue;
      places[at] = y * SIDE + x;
      weights[at] = (1 - Math.abs(row - y)) * (1 - Math.abs(column - x));
    }
    return { places, weights };
  });
}

function turned(degrees) {
  const angle = (degrees * Math.PI) / 180;
  return [[Math.cos(angle), -Math.sin(angle)], [Math.sin(angle), Math.cos(angle)]];
}

const TAPS = [turned(-TURN), turned(TURN), [[1, -SLANT], [0, 1]], [[1, SLANT], [0, 1]]].map(tapsOf);
