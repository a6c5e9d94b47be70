/**
 * Means over areas as OpenCV computes them for float32, rounding for rounding.
 *
 * A plane is { data: Float32Array, width, height }, row by row.
 */

const { fround } = Math;

/** Creates a plane of zeros, with the size of another one unless another size is given. */
export const zerosLike = (plane, width = plane.width, height = plane.height) => ({
  data: new Float32Array(width * height), width, height,
});

/** Rounds half to even, as C's rint. */
export function rint(value) {
  const integer = Math.floor(value);
  const fraction = value - integer;
  return fraction < 0.5 || (fraction === 0.5 && integer % 2 === 0) ? integer : integer + 1;
}

/**
 * Area resampling (INTER_AREA) of a plane to a smaller size.
 * @param {number} [scaleX] columns of the source for each of the result, if not the ratio of the widths
 * @param {number} [scaleY] rows of the source for each of the result, if not the ratio of the heights
 */
export function shrink(
  plane, width, height, scaleX = 1 / (width / plane.width), scaleY = 1 / (height / plane.height),
) {
  const isWhole = [scaleX, scaleY].every((scale) => Math.abs(scale - Math.round(scale)) < 2.3e-16);
  return isWhole
    ? integerAreaMeans(plane, width, height, Math.round(scaleX), Math.round(scaleY))
    : fractionalAreaMeans(plane, width, height, scaleX, scaleY);
}

function integerAreaMeans(plane, width, height, scaleX, scaleY) {
  const { data, width: stride, height: rows } = plane;
  const result = zerosLike(plane, width, height);
  const share = fround(1 / (scaleX * scaleY));
  for (let y = 0, index = 0; y < height; y++) {
    const top = y * scaleY;
    const cellHeight = Math.min(rows - top, scaleY);
    for (let x = 0; x < width; x++, index++) {
      const left = x * scaleX;
      const cellWidth = Math.min(stride - left, scaleX);
      const levels = Array.from({ length: cellWidth * cellHeight }, (_, k) =>
        data[(top + Math.floor(k / cellWidth)) * stride + left + (k % cellWidth)]);
      if (levels.length < scaleX * scaleY) result.data[index] = fround(sumSequentially(levels) / levels.length);
      else if (scaleX === 2 && scaleY === 2) result.data[index] = 0.25 * sumTwoByTwo(levels);
      else result.data[index] = sumInFours(levels) * share;
    }
  }
  return result;
}

// OpenCV's orders of addition: one by one at the edges, in pairs for blocks of 2×2, in fours for all others.
const sumSequentially = (levels) => levels.reduce((sum, level) => fround(sum + level), 0);

const sumTwoByTwo = ([a, b, c, d]) => fround(fround(a + b) + fround(c + d));

function sumInFours(levels) {
  const unrolledEnd = levels.length & ~3;
  let sum = 0;
  for (let k = 0; k < unrolledEnd; k += 4) {
    sum = fround(sum + fround(fround(fround(levels[k] + levels[k + 1]) + levels[k + 2]) + levels[k + 3]));
  }
  return levels.slice(unrolledEnd).reduce((total, level) => fround(total + level), sum);
}

function fractionalAreaMeans(plane, width, height, scaleX, scaleY) {
  const columns = overlapsOf(plane.width, width, scaleX);
  const result = zerosLike(plane, width, height);
  for (const { from: y, to, share } of overlapsOf(plane.height, height, scaleY)) {
    const row = new Float32Array(width);
    for (const { from: x, to: cell, share: weight } of columns) {
      row[cell] += fround(plane.data[y * plane.width + x] * weight);
    }
    for (let x = 0; x < width; x++) result.data[to * width + x] += fround(share * row[x]);
  }
  return result;
}

/** Overlap weights along an axis: for each cell of the result, in order, the pixels that it overlaps, and their shares. */
function overlapsOf(size, count, scale) {
  const overlaps = [];
  const addOverlap = (from, to, share) => overlaps.push({ from, to, share: fround(share) });
  for (let cell = 0; cell < count; cell++) {
    const start = cell * scale;
    const end = start + scale;
    const cellWidth = Math.min(scale, size - start);
    const last = Math.min(Math.floor(end), size - 1);
    const first = Math.min(Math.ceil(start), last);
    if (first - start > 1e-3) addOverlap(first - 1, cell, (first - start) / cellWidth);
    for (let index = first; index < last; index++) addOverlap(index, cell, 1 / cellWidth);
    if (end - last > 1e-3) addOverlap(last, cell, Math.min(Math.min(end - last, 1), cellWidth) / cellWidth);
  }
  return overlaps;
}
