/** Gaussian blur of float32 as OpenCV does it, rounding for rounding. */

import { planeLike, rint } from "lenet/reading/resampling.js";

const { fround } = Math;

/** The plane blurred; the window reaches over four standard deviations, and edges mirror what they close. */
export function blur(plane, sigma) {
  const kernel = gaussian(rint(sigma * 8 + 1) | 1, sigma);
  return down(across(plane, kernel), kernel);
}

function gaussian(size, sigma) {
  const half = (size - 1) / 2;
  const values = Array.from({ length: size }, (_, i) => Math.exp((-0.5 * (i - half) ** 2) / (sigma * sigma)));
  const sum = 2 * values.slice(0, half).reduce((a, b) => a + b, 0) + values[half];
  return Float32Array.from(values, (value) => value / sum);
}

/** An index carried on beyond the ends as a mirror without a double edge would show it. */
function mirrored(index, size) {
  if (size === 1) return 0;
  let place = index;
  while (place < 0 || place >= size) place = place < 0 ? -place : 2 * size - 2 - place;
  return place;
}

function across(plane, kernel) {
  const { data, width, height } = plane;
  const half = kernel.length >> 1;
  const sumAt = kernel.length === 5 ? sumOfFive : sumOfAll;
  // The last few pixels of a row are computed one by one, and then products are rounded before they are added.
  const alone = width - (width % (kernel.length === 5 ? 2 : 4));
  const result = planeLike(plane);
  for (let y = 0, at = 0; y < height; y++) {
    const row = Float32Array.from({ length: width + 2 * half }, (_, x) => data[y * width + mirrored(x - half, width)]);
    for (let x = 0; x < width; x++, at++) result.data[at] = sumAt(row, x, kernel, x < alone);
  }
  return result;
}

function sumOfAll(row, x, kernel, isFused) {
  let sum = fround(row[x] * kernel[0]);
  for (let k = 1; k < kernel.length; k++) {
    const product = row[x + k] * kernel[k];
    sum = fround((isFused ? product : fround(product)) + sum);
  }
  return sum;
}

function sumOfFive(row, x, kernel, isFused) {
  const middle = fround(row[x + 2] * kernel[2]);
  const near = fround(row[x + 1] + row[x + 3]);
  const far = fround(row[x] + row[x + 4]);
  if (isFused) return far * kernel[4] + fround(middle + fround(near * kernel[3]));
  return fround(middle + fround(near * kernel[3])) + fround(far * kernel[4]);
}

function down(plane, kernel) {
  const { data, width, height } = plane;
  const half = kernel.length >> 1;
  const alone = width - (width % 8);
  const result = planeLike(plane);
  for (let y = 0, at = 0; y < height; y++) {
    const rows = Array.from({ length: kernel.length }, (_, k) => mirrored(y + k - half, height) * width);
    for (let x = 0; x < width; x++, at++) {
      let sum = fround(data[at] * kernel[half]);
      for (let k = 1; k <= half; k++) {
        const product = fround(data[rows[half - k] + x] + data[rows[half + k] + x]) * kernel[half + k];
        sum = fround((x < alone ? product : fround(product)) + sum);
      }
      result.data[at] = sum;
    }
  }
  return result;
}
