/** Gaussian blur of float32 as OpenCV does it, rounding for rounding. */

import { zerosLike, rint } from "lenet/reading/resampling.js";

const { fround } = Math;

/** Separable Gaussian blur; the kernel reaches over four standard deviations; border: reflect-101. */
export function blur(plane, sigma) {
  const kernel = gaussianKernel(rint(sigma * 8 + 1) | 1, sigma);
  return blurColumns(blurRows(plane, kernel), kernel);
}

function gaussianKernel(size, sigma) {
  const radius = (size - 1) / 2;
  const values = Array.from({ length: size }, (_, i) => Math.exp((-0.5 * (i - radius) ** 2) / (sigma * sigma)));
  const sum = 2 * values.slice(0, radius).reduce((a, b) => a + b, 0) + values[radius];
  return Float32Array.from(values, (value) => value / sum);
}

/** Border reflect-101: an index beyond the ends, reflected at the first or last pixel without repeating it. */
function reflectIndex(index, size) {
  if (size === 1) return 0;
  let reflectedIndex = index;
  while (reflectedIndex < 0 || reflectedIndex >= size) {
    reflectedIndex = reflectedIndex < 0 ? -reflectedIndex : 2 * size - 2 - reflectedIndex;
  }
  return reflectedIndex;
}

function blurRows(plane, kernel) {
  const { data, width, height } = plane;
  const radius = kernel.length >> 1;
  const convolveAt = kernel.length === 5 ? convolveFiveTaps : convolve;
  // OpenCV multiplies and adds in one rounding (fused) up to the last whole vector of a row; the rest rounds products.
  const fusedEnd = width - (width % (kernel.length === 5 ? 2 : 4));
  const result = zerosLike(plane);
  for (let y = 0, offset = 0; y < height; y++) {
    const row = Float32Array.from({ length: width + 2 * radius },
      (_, x) => data[y * width + reflectIndex(x - radius, width)]);
    for (let x = 0; x < width; x++, offset++) result.data[offset] = convolveAt(row, x, kernel, x < fusedEnd);
  }
  return result;
}

function convolve(row, x, kernel, isFused) {
  let sum = fround(row[x] * kernel[0]);
  for (let k = 1; k < kernel.length; k++) {
    const product = row[x + k] * kernel[k];
    sum = fround((isFused ? product : fround(product)) + sum);
  }
  return sum;
}

function convolveFiveTaps(row, x, kernel, isFused) {
  const middle = fround(row[x + 2] * kernel[2]);
  const near = fround(row[x + 1] + row[x + 3]);
  const far = fround(row[x] + row[x + 4]);
  if (isFused) return far * kernel[4] + fround(middle + fround(near * kernel[3]));
  return fround(middle + fround(near * kernel[3])) + fround(far * kernel[4]);
}

function blurColumns(plane, kernel) {
  const { data, width, height } = plane;
  const radius = kernel.length >> 1;
  const fusedEnd = width - (width % 8);
  const result = zerosLike(plane);
  for (let y = 0, offset = 0; y < height; y++) {
    const rows = Array.from({ length: kernel.length }, (_, k) => reflectIndex(y + k - radius, height) * width);
    for (let x = 0; x < width; x++, offset++) {
      let sum = fround(data[offset] * kernel[radius]);
      for (let k = 1; k <= radius; k++) {
        const product = fround(data[rows[radius - k] + x] + data[rows[radius + k] + x]) * kernel[radius + k];
        sum = fround((x < fusedEnd ? product : fround(product)) + sum);
      }
      result.data[offset] = sum;
    }
  }
  return result;
}
