/** Enlarging by a scale as OpenCV's affine map does it, rounding for rounding. */

const { fround } = Math;
const SHARPNESS = fround(-0.75); // of the cubic weights

/**
 * A float32 plane enlarged; pixel (x, y) goes to (scale x + corner, scale y + corner), beyond the plane all is 0.
 * @param {boolean} isCubic cubic interpolation instead of linear
 */
export function enlarge(plane, scale, corner, width, height, isCubic) {
  const size = fround(scale);
  const exact = size * (1 / (size * size));
  const step = fround(exact);
  const shift = fround(-exact * fround(corner));
  const apart = (index) => fround(fround(step * index) + shift);
  const alone = width - (width % 16); // from here on pixels are computed one by one
  const fused = (index) => (index < alone ? fround(step * index + shift) : apart(index));
  const weightsOf = isCubic ? cubicWeights : linearWeights;
  const columns = taps(isCubic ? apart : fused, width, plane.width, weightsOf);
  const rows = taps(apart, height, plane.height, weightsOf);
  return isCubic ? cubic(plane, columns, rows) : linear(plane, columns, rows);
}

/** For each pixel of the result its place between two of the source, and the weights there. */
function taps(placeOf, count, size, weightsOf) {
  const first = new Int32Array(count);
  const weights = new Float32Array(count * weightsOf(0).length);
  for (let index = 0; index < count; index++) {
    const place = placeOf(index);
    first[index] = Math.min(size + 3, Math.max(-4, Math.floor(place)));
    const own = weightsOf(fround(place - Math.floor(place)));
    weights.set(own, index * own.length);
  }
  return { count, first, weights };
}

const linearWeights = (x) => [x];

function cubicWeights(x) {
  const rest = fround(1 - x);
  const square = fround(x * x);
  const before = fround(SHARPNESS * fround(x * fround(rest * rest)));
  const first = fround(fround(1.25 * x - 2.25) * square + 1);
  const behind = fround(SHARPNESS * fround(square * rest));
  return [before, first, fround(fround(fround(1 - before) - first) - behind), behind];
}

const FRAME = 8;

/** The plane's row in a frame of zeros, wide enough for every tap. */
function framedRow(row, plane, y) {
  row.fill(0);
  if (y >= 0 && y < plane.height) row.set(plane.data.subarray(y * plane.width, (y + 1) * plane.width), FRAME);
  return row;
}

function cubic(plane, columns, rows) {
  const { count: width, weights: across, first } = columns;
  const result = { data: new Float32Array(width * rows.count), width, height: rows.count };
  const row = new Float32Array(plane.width + 2 * FRAME);
  const lines = [0, 1, 2, 3].map(() => new Float32Array(width));
  let ready = -100; // the source's row that lines[0] holds
  const fill = (line, y) => {
    framedRow(row, plane, y);
    for (let x = 0, k = 0; x < width; x++, k += 4) {
      const at = first[x] + FRAME - 1;
      let sum = fround(row[at] * across[k]);
      sum = fround(row[at + 1] * across[k + 1] + sum);
      sum = fround(row[at + 2] * across[k + 2] + sum);
      line[x] = row[at + 3] * across[k + 3] + sum;
    }
  };
  for (let y = 0, k = 0; y < rows.count; y++, k += 4) {
    const top = rows.first[y] - 1;
    if (top >= plane.height || top + 4 <= 0) continue;
    if (top !== ready) {
      if (top === ready + 1) {
        lines.push(lines.shift());
        fill(lines[3], top + 3);
      } else {
        lines.forEach((line, index) => fill(line, top + index));
      }
      ready = top;
    }
    const [a, b, c, d] = lines;
    const wa = rows.weights[k];
    const wb = rows.weights[k + 1];
    const wc = rows.weights[k + 2];
    const wd = rows.weights[k + 3];
    for (let x = 0, at = y * width; x < width; x++, at++) {
      result.data[at] = d[x] * wd + fround(c[x] * wc + fround(b[x] * wb + fround(a[x] * wa)));
    }
  }
  return result;
}

function linear(plane, columns, rows) {
  const { count: width, weights: across, first } = columns;
  const result = { data: new Float32Array(width * rows.count), width, height: rows.count };
  const row = new Float32Array(plane.width + 2 * FRAME);
  let upper = new Float32Array(width);
  let lower = new Float32Array(width);
  let ready = -100;
  const fill = (line, y) => {
    framedRow(row, plane, y);
    for (let x = 0; x < width; x++) {
      const level = row[first[x] + FRAME];
      line[x] = across[x] * fround(row[first[x] + FRAME + 1] - level) + level;
    }
  };
  for (let y = 0; y < rows.count; y++) {
    const top = rows.first[y];
    if (top < -1 || top >= plane.height) continue;
    if (top !== ready) {
      if (top === ready + 1) [upper, lower] = [lower, upper];
      else fill(upper, top);
      fill(lower, top + 1);
      ready = top;
    }
    const share = rows.weights[y];
    for (let x = 0, at = y * width; x < width; x++, at++) {
      result.data[at] = share * fround(lower[x] - upper[x]) + upper[x];
    }
  }
  return result;
}
