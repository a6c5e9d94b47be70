/**
 * Resizing as OpenCV does it, rounding for rounding: means over areas, linear and nearest.
 *
 * A plane is { data, width, height }; data a Uint8Array or a Float32Array, row by row.
 */

const { fround } = Math;

/** A plane of the same kind of numbers, all 0. */
export const planeLike = (plane, width = plane.width, height = plane.height) => ({
  data: new plane.data.constructor(width * height), width, height,
});

/** Half to even, as rint. */
export function rint(value) {
  const whole = Math.floor(value);
  const rest = value - whole;
  return rest < 0.5 || (rest === 0.5 && whole % 2 === 0) ? whole : whole + 1;
}

/**
 * Means over areas. Enlarging a side falls back on the linear interpolation that keeps whole cells whole.
 * @param plane uint8 or float32
 * @param {number} [across], [down] pixels of the source for each of the result, if not the ratio of the sizes
 */
export function resizeArea(
  plane, width, height, across = 1 / (width / plane.width), down = 1 / (height / plane.height),
) {
  if (width === plane.width && height === plane.height) return { ...plane, data: plane.data.slice() };
  if (across < 1 || down < 1) return linearBytes(plane, width, height, areaSpans);
  const isWhole = Math.abs(across - Math.round(across)) < 2.3e-16 && Math.abs(down - Math.round(down)) < 2.3e-16;
  return isWhole
    ? meansOfCells(plane, width, height, Math.round(across), Math.round(down))
    : meansOfParts(plane, width, height, across, down);
}

function meansOfCells(plane, width, height, across, down) {
  const { data, width: stride, height: rows } = plane;
  const result = planeLike(plane, width, height);
  const isFloat = data instanceof Float32Array;
  const share = fround(1 / (across * down));
  for (let y = 0, at = 0; y < height; y++) {
    const top = y * down;
    const bottom = Math.min(rows, top + down);
    for (let x = 0; x < width; x++, at++) {
      const left = x * across;
      const right = Math.min(stride, left + across);
      if (isFloat && across === 2 && down === 2 && right - left === 2 && bottom - top === 2) {
        const a = top * stride + left;
        const b = a + stride;
        result.data[at] = 0.25 * fround(fround(data[a] + data[a + 1]) + fround(data[b] + data[b + 1]));
        continue;
      }
      const isPart = bottom - top < down || right - left < across;
      let sum = 0;
      if (isFloat && !isPart) {
        sum = sumByFours(data, stride, top, left, bottom, right);
      } else {
        for (let v = top; v < bottom; v++) {
          for (let u = left, from = v * stride + left; u < right; u++, from++) sum = fround(sum + data[from]);
        }
      }
      const count = (bottom - top) * (right - left);
      let mean = isPart ? fround(sum / count) : fround(sum * share);
      if (!isFloat) mean = across === 2 && down === 2 && !isPart ? (sum + 2) >> 2 : rint(mean);
      result.data[at] = mean;
    }
  }
  return result;
}

function sumByFours(data, stride, top, left, bottom, right) {
  const across = right - left;
  const count = across * (bottom - top);
  if (across === 4) {
    let sum = 0;
    for (let at = top * stride + left, end = at + count / 4 * stride; at < end; at += stride) {
      sum = fround(sum + fround(fround(fround(data[at] + data[at + 1]) + data[at + 2]) + data[at + 3]));
    }
    return sum;
  }
  const level = (k) => data[(top + Math.floor(k / across)) * stride + left + (k % across)];
  let sum = 0;
  let k = 0;
  for (; k <= count - 4; k += 4) {
    sum = fround(sum + fround(fround(fround(level(k) + level(k + 1)) + level(k + 2)) + level(k + 3)));
  }
  for (; k < count; k++) sum = fround(sum + level(k));
  return sum;
}

function partsOf(size, count, scale) {
  const from = [];
  const to = [];
  const share = [];
  const put = (index, cell, part) => {
    from.push(index);
    to.push(cell);
    share.push(fround(part));
  };
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
  return { from: Int32Array.from(from), to: Int32Array.from(to), share: Float32Array.from(share) };
}

function meansOfParts(plane, width, height, across, down) {
  const { data, width: stride } = plane;
  const { from, to, share: part } = partsOf(stride, width, across);
  const rows = partsOf(plane.height, height, down);
  const result = planeLike(plane, width, height);
  const isFloat = data instanceof Float32Array;
  const ends = new Int32Array(width);
  to.forEach((cell, k) => (ends[cell] = k + 1));
  const source = new Float32Array(stride);
  const row = new Float32Array(width);
  const sum = new Float32Array(width);
  const store = (y) => {
    if (isFloat) result.data.set(sum, y * width);
    else for (let x = 0; x < width; x++) result.data[y * width + x] = rint(sum[x]);
  };
  let cell = rows.to[0];
  for (let j = 0; j < rows.from.length; j++) {
    if (j === 0 || rows.from[j] !== rows.from[j - 1]) {
      const start = rows.from[j] * stride;
      source.set(data.subarray(start, start + stride));
      for (let x = 0, k = 0; x < width; x++) {
        let total = 0;
        for (const end = ends[x]; k < end; k++) total = fround(total + fround(source[from[k]] * part[k]));
        row[x] = total;
      }
    }
    const share = rows.share[j];
    if (rows.to[j] !== cell) {
      store(cell);
      cell = rows.to[j];
      for (let x = 0; x < width; x++) sum[x] = share * row[x];
    } else {
      for (let x = 0; x < width; x++) sum[x] = sum[x] + fround(share * row[x]);
    }
  }
  store(cell);
  return result;
}

/** Linear interpolation; uint8 in fixed point, float32 with one rounding for each product and sum. */
export function resizeLinear(plane, width, height) {
  if (width === plane.width && height === plane.height) return { ...plane, data: plane.data.slice() };
  return plane.data instanceof Float32Array
    ? linearFloats(plane, width, height)
    : linearBytes(plane, width, height, roundedSpans);
}

/** For each pixel of the result the pixel before its place in the source, and how far it lies behind that. */
export function centeredSpans(size, count) {
  const scale = size / count;
  const first = new Int32Array(count);
  const share = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const place = (index + 0.5) * scale - 0.5;
    first[index] = Math.floor(place);
    share[index] = place - first[index];
  }
  return { first, share };
}

/** The same in single precision. */
function roundedSpans(size, count) {
  const scale = 1 / (count / size);
  const first = new Int32Array(count);
  const share = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const place = fround((index + 0.5) * scale - 0.5);
    first[index] = Math.floor(place);
    share[index] = place - first[index];
  }
  return { first, share };
}

function areaSpans(size, count) {
  const scale = 1 / (count / size);
  const first = new Int32Array(count);
  const share = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    first[index] = Math.floor(index * scale);
    const over = fround(index + 1 - (first[index] + 1) * (count / size));
    share[index] = over <= 0 ? 0 : over - Math.floor(over);
  }
  return { first, share };
}

function linearFloats(plane, width, height) {
  const { data, width: stride } = plane;
  const clipped = (size, count) => {
    const { first, share } = centeredSpans(size, count);
    for (let index = 0; index < count; index++) {
      if (first[index] < 0 || first[index] >= size - 1) {
        first[index] = first[index] < 0 ? 0 : size - 1;
        share[index] = 0;
      }
    }
    return { first, share: Float32Array.from(share) };
  };
  const columns = clipped(stride, width);
  const rows = clipped(plane.height, height);
  const result = planeLike(plane, width, height);
  const across = (y) => {
    const row = new Float32Array(width);
    const start = y * stride;
    for (let x = 0; x < width; x++) {
      const at = start + columns.first[x];
      const level = data[at];
      const share = columns.share[x];
      row[x] = share === 0 ? level : level + share * fround(data[at + 1] - level);
    }
    return row;
  };
  let upper = null;
  let lower = null;
  let current = -1;
  for (let y = 0; y < height; y++) {
    const first = rows.first[y];
    if (first !== current) {
      upper = first === current + 1 && lower ? lower : across(first);
      lower = first + 1 < plane.height ? across(first + 1) : upper;
      current = first;
    }
    const share = rows.share[y];
    const start = y * width;
    for (let x = 0; x < width; x++) {
      const level = upper[x];
      result.data[start + x] = level + share * fround(lower[x] - level);
    }
  }
  return result;
}

function linearBytes(plane, width, height, spansOf) {
  const { data, width: stride, height: rows } = plane;
  const result = planeLike(plane, width, height);
  const spans = spansOf(stride, width);
  const left = new Int32Array(width);
  const right = new Int32Array(width);
  const weight = new Int32Array(width);
  const rest = new Int32Array(width);
  for (let x = 0; x < width; x++) {
    let share = fround(spans.share[x]);
    let first = spans.first[x];
    if (first < 0) [first, share] = [0, 0];
    if (first >= stride - 1) [first, share] = [stride - 1, 0];
    left[x] = first;
    right[x] = Math.min(first + 1, stride - 1);
    weight[x] = rint(share * 2048);
    rest[x] = rint(fround(1 - share) * 2048);
  }
  const across = (y) => {
    const row = new Int32Array(width);
    const start = Math.min(Math.max(y, 0), rows - 1) * stride;
    for (let x = 0; x < width; x++) {
      row[x] = data[start + left[x]] * rest[x] + data[start + right[x]] * weight[x];
    }
    return row;
  };
  const down = spansOf(rows, height);
  let upper = null;
  let lower = null;
  let current = null;
  for (let y = 0; y < height; y++) {
    const first = down.first[y];
    if (first !== current) {
      upper = across(first);
      lower = across(first + 1);
      current = first;
    }
    const share = rint(fround(down.share[y]) * 2048);
    const rest = rint(fround(1 - fround(down.share[y])) * 2048);
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const a = (rest * (upper[x] >> 4)) >> 16;
      const b = (share * (lower[x] >> 4)) >> 16;
      result.data[at] = (a + b + 2) >> 2;
    }
  }
  return result;
}

/** The nearest pixel to the left and above. */
export function resizeNearest(plane, width, height) {
  const { data, width: stride, height: rows } = plane;
  const result = planeLike(plane, width, height);
  const columns = Int32Array.from({ length: width }, (_, x) => Math.min(stride - 1, Math.floor((x * stride) / width)));
  for (let y = 0; y < height; y++) {
    const start = Math.min(rows - 1, Math.floor((y * rows) / height)) * stride;
    for (let x = 0; x < width; x++) result.data[y * width + x] = data[start + columns[x]];
  }
  return result;
}
