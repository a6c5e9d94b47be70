/** Affine enlargement, linear or cubic, as OpenCV's warpAffine computes it, rounding for rounding. */

const { fround } = Math;
const SHARPNESS = fround(-0.75); // of the cubic weights
const FRAME = 8; // zeros around a row, wide enough for every tap

/**
 * A float32 plane enlarged; pixel (x, y) goes to (scale x + corner, scale y + corner), beyond the plane all is 0.
 * @param {boolean} isCubic cubic interpolation instead of linear
 */
export function enlarge(plane, scale, corner, width, height, isCubic) {
  const size = fround(scale);
  const exact = size * (1 / (size * size));
  const step = fround(exact);
  const shift = fround(-exact * fround(corner));
  const roundedProduct = (index) => fround(fround(step * index) + shift);
  const fusedEnd = width - (width % 16); // from here on pixels are computed one by one
  const fusedProduct = (index) => (index < fusedEnd ? fround(step * index + shift) : roundedProduct(index));
  const columns = tapsOf(isCubic ? roundedProduct : fusedProduct, width, plane.width, isCubic);
  const rows = tapsOf(roundedProduct, height, plane.height, isCubic);
  return stretched(stretched(plane, columns), rows);
}

/** For each pixel of the result its position between two of the source, and the weights of those around. */
function tapsOf(placeOf, count, size, isCubic) {
  return Array.from({ length: count }, (_, index) => {
    const position = placeOf(index);
    const first = Math.min(size + 3, Math.max(-4, Math.floor(position))) + FRAME;
    const share = fround(position - Math.floor(position));
    return { first, levelOf: isCubic ? cubic(share) : linear(share) };
  });
}

/** The plane with its rows stretched, and turned so that they are columns. */
function stretched({ data, width, height }, taps) {
  const result = { data: new Float32Array(taps.length * height), width: height, height: taps.length };
  const row = new Float32Array(width + 2 * FRAME);
  for (let y = 0; y < height; y++) {
    row.set(data.subarray(y * width, (y + 1) * width), FRAME);
    taps.forEach(({ first, levelOf }, x) => { result.data[x * height + y] = levelOf(row, first); });
  }
  return result;
}

const linear = (share) => (row, offset) => share * fround(row[offset + 1] - row[offset]) + row[offset];

function cubic(x) {
  const complement = fround(1 - x);
  const square = fround(x * x);
  const beforeWeight = fround(SHARPNESS * fround(x * fround(complement * complement)));
  const first = fround(fround(1.25 * x - 2.25) * square + 1);
  const behindWeight = fround(SHARPNESS * fround(square * complement));
  const second = fround(fround(fround(1 - beforeWeight) - first) - behindWeight);
  return (row, offset) =>
    row[offset + 2] * behindWeight
    + fround(row[offset + 1] * second + fround(row[offset] * first + fround(row[offset - 1] * beforeWeight)));
}
