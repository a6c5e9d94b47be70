/** Enlarging of uint8 by cubic interpolation. */

import { centeredSpans, planeLike, rint } from "lenet/reading/resampling.js";

const { fround } = Math;

/** Cubic interpolation of uint8, as Intel's library does it: in float32. */
export function resizeCubic(plane, width, height) {
  const { data, width: stride, height: rows } = plane;
  const columns = cubicSpans(stride, width);
  const down = cubicSpans(rows, height);
  const across = new Float32Array(width * rows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0, k = 0; x < width; x++, k += 4) {
      const start = y * stride;
      const { at, share } = columns;
      const a = fround(data[start + at[k]] * share[k]) + fround(data[start + at[k + 1]] * share[k + 1]);
      const b = fround(data[start + at[k + 2]] * share[k + 2]) + fround(data[start + at[k + 3]] * share[k + 3]);
      across[y * width + x] = fround(a) + fround(b);
    }
  }
  const result = planeLike(plane, width, height);
  for (let y = 0, k = 0; y < height; y++, k += 4) {
    const { at, share } = down;
    for (let x = 0; x < width; x++) {
      const a = fround(across[at[k] * width + x] * share[k]) + fround(across[at[k + 1] * width + x] * share[k + 1]);
      const b =
        fround(across[at[k + 2] * width + x] * share[k + 2]) + fround(across[at[k + 3] * width + x] * share[k + 3]);
      result.data[y * width + x] = Math.min(255, Math.max(0, rint(fround(fround(a) + fround(b)))));
    }
  }
  return result;
}

function cubicSpans(size, count) {
  const { first, share } = centeredSpans(size, count);
  const at = new Int32Array(4 * count);
  const weights = new Float32Array(4 * count);
  for (let index = 0; index < count; index++) {
    const x = fround(share[index]);
    const x2 = fround(x * x);
    const x3 = fround(x2 * x);
    const k = 4 * index;
    weights[k] = -0.75 * fround(fround(x3 - 2 * x2) + x);
    weights[k + 1] = fround(fround(1.25 * x3) - fround(2.25 * x2)) + 1;
    weights[k + 2] = fround(fround(-1.25 * x3) + fround(1.5 * x2)) + fround(0.75 * x);
    weights[k + 3] = -0.75 * fround(x2 - x3);
    for (let tap = 0; tap < 4; tap++) at[k + tap] = Math.min(size - 1, Math.max(0, first[index] + tap - 1));
  }
  return { at, share: weights };
}
