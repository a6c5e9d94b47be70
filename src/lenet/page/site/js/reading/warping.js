/** Scaling and translation by linear or cubic interpolation, bit for bit as OpenCV's warpAffine. */

const { fround } = Math;
const CUBIC_COEFFICIENT = fround(-0.75); // a of Keys's cubic convolution, as OpenCV has it
const PADDING = 8; // zeros on either side of a row, enough for every sample that interpolation takes

/**
 * Scales and translates a float32 plane; pixel (x, y) goes to (scale x + offset, scale y + offset), beyond the plane all
 * is 0.
 *
 * @param {boolean} isCubic - cubic interpolation instead of linear
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
  const columns = samplersOf(isCubic ? roundedProduct : fusedProduct, width, plane.width, isCubic);
  const rows = samplersOf(roundedProduct, height, plane.height, isCubic);
  return resampleAndTranspose(resampleAndTranspose(plane, columns), rows);
}

/** Computes, for each pixel of the result, the source pixel to start from, and how to interpolate from there. */
function samplersOf(positionOf, count, sourceLength, isCubic) {
  return Array.from({ length: count }, (_, index) => {
    const position = positionOf(index);
    const start = Math.min(sourceLength + 3, Math.max(-4, Math.floor(position))) + PADDING;
    const fraction = fround(position - Math.floor(position));
    return { start, interpolate: isCubic ? cubicInterpolation(fraction) : linearInterpolation(fraction) };
  });
}

/** Resamples the rows of a plane, and transposes it. */
function resampleAndTranspose({ data, width, height }, samplers) {
  const result = { data: new Float32Array(samplers.length * height), width: height, height: samplers.length };
  const row = new Float32Array(width + 2 * PADDING);
  for (let y = 0; y < height; y++) {
    row.set(data.subarray(y * width, (y + 1) * width), PADDING);
    samplers.forEach(({ start, interpolate }, x) => { result.data[x * height + y] = interpolate(row, start); });
  }
  return result;
}

const linearInterpolation = (fraction) => (row, start) =>
  fraction * fround(row[start + 1] - row[start]) + row[start];

function cubicInterpolation(x) {
  const complement = fround(1 - x);
  const square = fround(x * x);
  const beforeWeight = fround(CUBIC_COEFFICIENT * fround(x * fround(complement * complement)));
  const firstWeight = fround(fround(1.25 * x - 2.25) * square + 1);
  const behindWeight = fround(CUBIC_COEFFICIENT * fround(square * complement));
  const secondWeight = fround(fround(fround(1 - beforeWeight) - firstWeight) - behindWeight);
  return (row, start) =>
    row[start + 2] * behindWeight
    + fround(row[start + 1] * secondWeight
      + fround(row[start] * firstWeight + fround(row[start - 1] * beforeWeight)));
}
