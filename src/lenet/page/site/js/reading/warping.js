/** Affine enlargement, linear or cubic, as OpenCV's warpAffine computes it, rounding for rounding. */

const { fround } = Math;
const CUBIC_COEFFICIENT = fround(-0.75); // a of Keys's cubic convolution, as OpenCV has it
const FRAME = 8; // zeros around a row, wide enough for every tap

/**
 * Enlarges a float32 plane; pixel (x, y) goes to (scale x + offset, scale y + offset), beyond the plane all is 0.
 * @param {boolean} isCubic cubic interpolation instead of linear
 */
export function enlarge(plane, scale, offset, width, height, isCubic) {
  const roundedScale = fround(scale);
  const inverseScale = roundedScale * (1 / (roundedScale * roundedScale));
  const step = fround(inverseScale);
  const shift = fround(-inverseScale * fround(offset));
  const roundedProduct = (index) => fround(fround(step * index) + shift);
  // OpenCV computes columns 16 at a time by fused multiply-add, rounded once; the last ones one by one, rounded twice.
  const fusedEnd = width - (width % 16);
  const fusedProduct = (index) => (index < fusedEnd ? fround(step * index + shift) : roundedProduct(index));
  const columns = tapsOf(isCubic ? roundedProduct : fusedProduct, width, plane.width, isCubic);
  const rows = tapsOf(roundedProduct, height, plane.height, isCubic);
  return resampleAndTranspose(resampleAndTranspose(plane, columns), rows);
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
function resampleAndTranspose({ data, width, height }, taps) {
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
  const beforeWeight = fround(CUBIC_COEFFICIENT * fround(x * fround(complement * complement)));
  const firstWeight = fround(fround(1.25 * x - 2.25) * square + 1);
  const behindWeight = fround(CUBIC_COEFFICIENT * fround(square * complement));
  const secondWeight = fround(fround(fround(1 - beforeWeight) - firstWeight) - behindWeight);
  return (row, offset) =>
    row[offset + 2] * behindWeight
    + fround(row[offset + 1] * secondWeight
      + fround(row[offset] * firstWeight + fround(row[offset - 1] * beforeWeight)));
}
