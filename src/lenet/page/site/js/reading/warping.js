/** Affine enlargement, linear or cubic, as OpenCV's warpAffine computes it, rounding for rounding. */

const { fround } = Math;
const SHARPNESS = fround(-0.75); // of the cubic weights
const FRAME = 8; // zeros around a row, wide enough for every tap

/**
 * A float32 plane enlarged; pixel (x, y) goes to (scale x + corner, scale y + corner), beyond the plane all is 0.
 * @param {boolean} isCubic cubic interpolation instead of linear
 */
export function enlarge(plane, scale, corner, width, height, isCubic) {
  const roundedScale = fround(scale);
  const inverseScale = roundedScale * (1 / (roundedScale * roundedScale));
  const step = fround(inverseScale);
  const shift = fround(-inverseScale * fround(corner));
  const roundedProduct = (index) => fround(fround(step * index) + shift);
  const fusedEnd = width - (width % 16); // from here on pixels are computed one by one
  const fusedProduct = (index) => (index < fusedEnd ? fround(step * index + shift) : roundedProduct(index));
  const columns = tapsOf(isCubic ? roundedProduct : fusedProduct, width, plane.width, isCubic);
  const rows = tapsOf(roundedProduct, height, plane.height, isCubic);
  return stretchRows(stretchRows(plane, columns), rows);
}

/** For each pixel of the result the source pixel to start from, and how to interpolate from there. */
function tapsOf(positionOf, count, sourceLength, isCubic) {
  return Array.from({ length: count }, (_, index) => {
    const position = positionOf(index);
    const start = Math.min(sourceLength + 3, Math.max(-4, Math.floor(position))) + FRAME;
    const fraction = fround(position - Math.floor(position));
    return { start, interpolate: isCubic ? cubicInterpolation(fraction) : linearInterpolation(fraction) };
  });
}

/** Resamples the rows of a plane, and transposes it. */
function stretchRows({ data, width, height }, taps) {
  const result = { data: new Float32Array(taps.length * height), width: height, height: taps.length };
  const row = new Float32Array(width + 2 * FRAME);
  for (let y = 0; y < height; y++) {
    row.set(data.subarray(y * width, (y + 1) * width), FRAME);
    taps.forEach(({ start, interpolate }, x) => { result.data[x * height + y] = interpolate(row, start); });
  }
  return result;
}

const linearInterpolation = (fraction) => (row, offset) =>
  fraction * fround(row[offset + 1] - row[offset]) + row[offset];

function cubicInterpolation(x) {
  const complement = fround(1 - x);
  const square = fround(x * x);
  const beforeWeight = fround(SHARPNESS * fround(x * fround(complement * complement)));
  const firstWeight = fround(fround(1.25 * x - 2.25) * square + 1);
  const behindWeight = fround(SHARPNESS * fround(square * complement));
  const secondWeight = fround(fround(fround(1 - beforeWeight) - firstWeight) - behindWeight);
  return (row, offset) =>
    row[offset + 2] * behindWeight
    + fround(row[offset + 1] * secondWeight
      + fround(row[offset] * firstWeight + fround(row[offset - 1] * beforeWeight)));
}
