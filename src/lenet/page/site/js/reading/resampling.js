/**
 * Means over areas as OpenCV computes them for float32, rounding for rounding.
 *
 * A plane is { data: Float32Array, width, height }, row by row.
 */

const { fround } = Math;

/** A plane that is all 0. */
export const planeLike = (plane, width = plane.width, height = plane.height) => ({
  data: new Float32Array(width * height), width, height,
});

/** Half to even, as rint. */
export function rint(value) {
  const whole = Math.floor(value);
  const rest = value - whole;
  return rest < 0.5 || (rest === 0.5 && whole % 2 === 0) ? whole : whole + 1;
}

/**
 * A plane made smaller.
 * @param {number} [across], [down] pixels of the source for each of the result, if not the ratio of the sizes
 */
export function shrink(
  plane, width, height, across = 1 / (width / plane.width), down = 1 / (height / plane.height),
) {
  const isWhole = [across, down].every((scale) => Math.abs(scale - Math.round(scale)) < 2.3e-16);
  return isWhole
    ? meansOfCells(plane, width, height, Math.round(across), Math.round(down))
    : meansOfParts(plane, width, height, across, down);
}

function meansOfCells(plane, width, height, across, down) {
  const { data, width: stride, height: rows } = plane;
  const result = planeLike(plane, width, height);
  const share = fround(1 / (across * down));
  for (let y = 0, at = 0; y < height; y++) {
    const top = y * down;
    const high = Math.min(rows - top, down);
    for (let x = 0; x < width; x++, at++) {
      const left = x * across;
      const wide = Math.min(stride - left, across);
      const levels = Array.from({ length: wide * high }, (_, k) =>
        data[(top + Math.floor(k / wide)) * stride + left + (k % wide)]);
      if (levels.length < across * down) result.data[at] = fround(sumByOnes(levels) / levels.length);
      else if (across === 2 && down === 2) result.data[at] = 0.25 * sumOfBlock(levels);
      else result.data[at] = sumByFours(levels) * share;
    }
  }
  return result;
}

const sumByOnes = (levels) => levels.reduce((sum, level) => fround(sum + level), 0);

const sumOfBlock = ([a, b, c, d]) => fround(fround(a + b) + fround(c + d));

function sumByFours(levels) {
  const whole = levels.length & ~3;
  let sum = 0;
  for (let k = 0; k < whole; k += 4) {
    sum = fround(sum + fround(fround(fround(levels[k] + levels[k + 1]) + levels[k + 2]) + levels[k + 3]));
  }
  return levels.slice(whole).reduce((total, level) => fround(total + level), sum);
}

function meansOfParts(plane, width, height, across, down) {
  const columns = partsOf(plane.width, width, across);
  const result = planeLike(plane, width, height);
  for (const { from: y, to, share } of partsOf(plane.height, height, down)) {
    const row = new Float32Array(width);
    for (const { from: x, to: cell, share: weight } of columns) {
      row[cell] += fround(plane.data[y * plane.width + x] * weight);
    }
    for (let x = 0; x < width; x++) result.data[to * width + x] += fround(share * row[x]);
  }
  return result;
}

/** Which share of which cell of the result each pixel along an axis is, in their order. */
function partsOf(size, count, scale) {
  const parts = [];
  const put = (from, to, share) => parts.push({ from, to, share: fround(share) });
  for (let cell = 0; cell < count; cell++) {
    const start = cell * scale;
    const end = start + scale;
    const wide = Math.min(scale, size - start);
    const last = Math.min(Math.floor(end), size - 1);
    const first = Math.min(Math.ceil(start), last);
    if (first - start > 1e-3) put(first - 1, cell, (first - start) / wide);
    for (let index = first; index < last; index++) put(index, cell, 1 / wide);
    if (end - last > 1e-3) put(last, cell, Math.min(Math.min(end - last, 1), wide) / wide);
  }
  return parts;
}
