/** Smoothing as OpenCV does it: Gaussian blur of float32 and of uint8, and the median of a square window. */

import { planeLike, rint } from "lenet/reading/resampling.js";

const { fround } = Math;

/** An index carried on beyond the ends as a mirror without a double edge would show it. */
export function mirrored(index, size) {
  if (size === 1) return 0;
  let place = index;
  while (place < 0 || place >= size) place = place < 0 ? -place : 2 * size - 2 - place;
  return place;
}

function gaussian(size, sigma) {
  const half = (size - 1) / 2;
  const values = Array.from({ length: size }, (_, i) => Math.exp((-0.5 * (i - half) ** 2) / (sigma * sigma)));
  const sum = 2 * values.slice(0, half).reduce((a, b) => a + b, 0) + values[half];
  return values.map((value) => value / sum);
}

const around = (size, reach) => Int32Array.from({ length: size + 2 * reach }, (_, i) => mirrored(i - reach, size));

const kernels = new Map();

/** Gaussian blur of a float32 plane; its window reaches over four standard deviations. */
export function blur(plane, sigma) {
  if (!kernels.has(sigma)) {
    if (kernels.size > 100) kernels.clear();
    kernels.set(sigma, Float32Array.from(gaussian(rint(sigma * 8 + 1) | 1, sigma)));
  }
  return acrossThenDown(plane, kernels.get(sigma));
}

function acrossThenDown(plane, kernel) {
  const { height } = plane;
  const across = blurredAcross(plane, kernel);
  return height === 1 ? across.plane : blurredDown(across, kernel);
}

/** The plane blurred along its rows, which of them hold anything, and the columns that do. */
function blurredAcross({ data, width, height }, kernel) {
  const size = kernel.length;
  const half = size >> 1;
  const across = new Float32Array(width * height);
  const row = new Float32Array(width + 2 * half);
  const isInked = new Uint8Array(height); // of nothing nothing comes
  let [left, right] = [width, 0];
  // The last few pixels of a row are computed one by one, and then products are rounded before they are added.
  const alone = width - (width % (size === 5 ? 2 : 4));
  for (let y = 0; y < height; y++) {
    const start = y * width;
    let first = 0;
    while (first < width && data[start + first] === 0) first++;
    if (first === width) continue;
    let last = width - 1;
    while (data[start + last] === 0) last--;
    isInked[y] = 1;
    row.set(data.subarray(start, start + width), half);
    for (let x = -half; x < 0; x++) row[half + x] = data[start + mirrored(x, width)];
    for (let x = width; x < width + half; x++) row[half + x] = data[start + mirrored(x, width)];
    const from = first <= half ? 0 : first - half;
    const end = last >= width - 1 - half ? width : last + half + 1;
    const fused = Math.min(alone, end);
    if (from < left) left = from;
    if (end > right) right = end;
    if (size === 5) {
      for (let x = from; x < end; x++) {
        const near = fround(row[x + 1] + row[x + 3]);
        const far = fround(row[x] + row[x + 4]);
        if (x < alone) {
          across[start + x] = far * kernel[4] + fround(row[x + 2] * kernel[2] + fround(near * kernel[3]));
        } else {
          const sum = fround(fround(row[x + 2] * kernel[2]) + fround(near * kernel[3]));
          across[start + x] = sum + fround(far * kernel[4]);
        }
      }
      continue;
    }
    for (let x = from; x < fused; x++) {
      let sum = fround(row[x] * kernel[0]);
      for (let k = 1; k < size; k++) sum = fround(row[x + k] * kernel[k] + sum);
      across[start + x] = sum;
    }
    for (let x = Math.max(from, alone); x < end; x++) {
      let sum = fround(row[x] * kernel[0]);
      for (let k = 1; k < size; k++) sum = fround(sum + fround(row[x + k] * kernel[k]));
      across[start + x] = sum;
    }
  }
  return { plane: { data: across, width, height }, isInked, left, right };
}

function blurredDown({ plane, isInked, left, right }, kernel) {
  const { data: across, width, height } = plane;
  const half = kernel.length >> 1;
  const rows = around(height, half);
  const result = planeLike(plane);
  const { data } = result;
  const apart = width - (width % 8);
  const first = left & ~3;
  const end = Math.min(right, apart);
  for (let y = 0; y < height; y++) {
    let count = 0;
    for (let k = y; k <= y + 2 * half; k++) count += isInked[rows[k]];
    if (count === 0) continue;
    const center = y * width;
    const middle = kernel[half];
    for (let x = first; x < end; x += 4) {
      const at = center + x;
      let a = fround(across[at] * middle);
      let b = fround(across[at + 1] * middle);
      let c = fround(across[at + 2] * middle);
      let d = fround(across[at + 3] * middle);
      for (let k = 1; k <= half; k++) {
        const above = rows[y + half - k] * width + x;
        const below = rows[y + half + k] * width + x;
        const weight = kernel[half + k];
        a = fround(fround(across[above] + across[below]) * weight + a);
        b = fround(fround(across[above + 1] + across[below + 1]) * weight + b);
        c = fround(fround(across[above + 2] + across[below + 2]) * weight + c);
        d = fround(fround(across[above + 3] + across[below + 3]) * weight + d);
      }
      data[at] = a;
      data[at + 1] = b;
      data[at + 2] = c;
      data[at + 3] = d;
    }
    for (let x = apart; x < width; x++) {
      let sum = fround(across[center + x] * middle);
      for (let k = 1; k <= half; k++) {
        const near = fround(across[rows[y + half - k] * width + x] + across[rows[y + half + k] * width + x]);
        sum = fround(sum + fround(near * kernel[half + k]));
      }
      data[center + x] = sum;
    }
  }
  return result;
}

/** Gaussian blur of a uint8 plane, in fixed point; its window reaches over three standard deviations. */
export function blurBytes(plane, sigma) {
  const { data, width, height } = plane;
  const size = rint(sigma * 6 + 1) | 1;
  const half = size >> 1;
  const kernel = wholeNumbers(gaussian(size, sigma));
  const columns = around(width, half);
  const rows = around(height, half);
  const across = new Int32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += data[y * width + columns[x + k]] * kernel[k];
      across[y * width + x] = sum;
    }
  }
  const result = planeLike(plane);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += across[rows[y + k] * width + x] * kernel[k];
      result.data[y * width + x] = (sum + 32768) >> 16;
    }
  }
  return result;
}

/** A kernel in 256ths; what rounding takes from one number goes to the next. */
function wholeNumbers(kernel) {
  const half = kernel.length >> 1;
  const whole = new Int32Array(kernel.length);
  let error = 0;
  let sum = 0;
  for (let i = 0; i < half; i++) {
    const wanted = kernel[i] * 256 + error;
    whole[i] = whole[kernel.length - 1 - i] = rint(wanted);
    error = wanted - whole[i];
    sum += 2 * whole[i];
  }
  whole[half] = 256 - sum;
  return whole;
}

/** The median of a uint8 plane in a square window of odd size; beyond the edges it goes on as it ends. */
export function medianBlur(plane, size) {
  const { data, width, height } = plane;
  const half = size >> 1;
  const wanted = (size * size) >> 1;
  const clamp = (index, count) => Math.min(count - 1, Math.max(0, index));
  const result = planeLike(plane);
  const counts = new Int32Array(256);
  for (let y = 0; y < height; y++) {
    const rows = Array.from({ length: size }, (_, k) => clamp(y + k - half, height) * width);
    counts.fill(0);
    for (let k = -half; k <= half; k++) for (const row of rows) counts[data[row + clamp(k, width)]]++;
    let level = 0;
    let below = 0; // how many in the window are less than the level
    for (let x = 0; x < width; x++) {
      if (x > 0) {
        const old = clamp(x - half - 1, width);
        const next = clamp(x + half, width);
        for (const row of rows) {
          const gone = data[row + old];
          const come = data[row + next];
          counts[gone]--;
          counts[come]++;
          below += (come < level) - (gone < level);
        }
      }
      while (below > wanted) below -= counts[--level];
      while (below + counts[level] <= wanted) below += counts[level++];
      result.data[y * width + x] = level;
    }
  }
  return result;
}
