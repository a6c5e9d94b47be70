/** Masks, planes of 0 and 1, and parts of them that know where in the whole they lie. */

const combined = (a, b, own) => {
  const data = new Uint8Array(a.data.length);
  own(data, a.data, b.data);
  return { ...a, data };
};

export const isEmpty = (mask) => !mask.data.includes(1);

export const both = (a, b) =>
  combined(a, b, (data, one, other) => {
    for (let at = 0; at < data.length; at++) data[at] = one[at] & other[at];
  });

export const either = (a, b) =>
  combined(a, b, (data, one, other) => {
    for (let at = 0; at < data.length; at++) data[at] = one[at] | other[at];
  });

export const without = (a, b) =>
  combined(a, b, (data, one, other) => {
    for (let at = 0; at < data.length; at++) data[at] = one[at] & ~other[at];
  });

/** 1 where the window around a pixel, reaching as `morphology.js` says, holds a one. */
export const dilated = (mask, width, height = width) => spread(spread(mask, 1, width, true), 1, height, false);

/** 0 where the window around a pixel holds a zero; what lies outside does not count. */
export const eroded = (mask, width, height = width) => spread(spread(mask, 0, width, true), 0, height, false);

export const opened = (mask, width, height) => dilated(eroded(mask, width, height), width, height);

export const closed = (mask, width, height) => eroded(dilated(mask, width, height), width, height);

/** Each pixel of a value gives it to those along its row, or column, in whose window it lies. */
function spread(mask, value, size, isLevel) {
  if (size === 1) return mask;
  const { data, width, height } = mask;
  const [count, step, lines, next] = isLevel ? [width, 1, height, width] : [height, width, width, 1];
  const behind = size >> 1;
  const ahead = size - 1 - behind;
  const given = new Uint8Array(data.length);
  if (value === 0) given.fill(1);
  for (let line = 0; line < lines; line++) {
    const base = line * next;
    let done = 0;
    for (let index = 0, at = base; index < count; index++, at += step) {
      if (data[at] !== value) continue;
      const end = Math.min(count, index + behind + 1);
      for (let to = Math.max(done, index - ahead); to < end; to++) given[base + to * step] = value;
      done = end;
    }
  }
  return { ...mask, data: given };
}

/**
 * The part of a mask that holds all its ones, in a margin that ends at the mask's edges.
 * @returns { data, width, height, left, top, whole: { width, height } } | null; left and top multiples of 4. null if
 *   the mask is empty
 */
export function inkedPart(mask, margin) {
  const box = boxOf(mask);
  if (!box) return null;
  const whole = { width: mask.width, height: mask.height };
  const left = Math.max(0, box.left - margin) & ~3;
  const top = Math.max(0, box.top - margin) & ~3;
  const width = Math.min(whole.width, box.right + margin) - left;
  const height = Math.min(whole.height, box.bottom + margin) - top;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * whole.width + left;
    data.set(mask.data.subarray(start, start + width), y * width);
  }
  return { data, width, height, left, top, whole };
}

/** A mask of the whole with what a part of it holds, elsewhere 0. */
export function inWhole({ data, width, height, left, top, whole }) {
  const all = new Uint8Array(whole.width * whole.height);
  for (let y = 0; y < height; y++) {
    all.set(data.subarray(y * width, (y + 1) * width), (top + y) * whole.width + left);
  }
  return { data: all, ...whole };
}

export function transposed({ data, width, height, left, top, whole }) {
  const turned = new Uint8Array(data.length);
  for (let y = 0, at = 0; y < height; y++) for (let x = 0; x < width; x++, at++) turned[x * height + y] = data[at];
  const turnedWhole = { width: whole.height, height: whole.width };
  return { data: turned, width: height, height: width, left: top, top: left, whole: turnedWhole };
}

/** Where the ones of a mask lie; null if there are none. */
export function boxOf({ data, width, height }) {
  const first = data.indexOf(1);
  if (first < 0) return null;
  const top = Math.floor(first / width);
  const bottom = Math.floor(data.lastIndexOf(1) / width) + 1;
  let [left, right] = [width, 0];
  for (let y = top; y < bottom; y++) {
    const start = y * width;
    for (let x = 0; x < left; x++) if (data[start + x]) left = x;
    for (let x = width - 1; x >= right; x--) if (data[start + x]) right = x + 1;
  }
  return { left, top, right, bottom };
}
