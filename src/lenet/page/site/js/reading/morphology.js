/**
 * Greatest and least levels around each pixel: dilation, erosion, opening and closing.
 *
 * What lies outside a plane does not count. A window of even size reaches one pixel farther to the left and up, as
 * OpenCV's does in erosion and dilation alike.
 */

import { rint } from "lenet/reading/resampling.js";

const windowOf = (size) => [size >> 1, size - 1 - (size >> 1)];

/** The greatest level in a window of width × height pixels around each. */
export const dilate = (plane, width = 3, height = width) => greatest(plane, width, height, outsideOf(plane, true));

/** The least level in a window; ``outside`` is what lies beyond the plane, if that counts. */
export const erode = (plane, width = 3, height = width, outside = outsideOf(plane, false)) =>
  least(plane, width, height, outside);

export const open = (plane, width, height, outside) => dilate(erode(plane, width, height, outside), width, height);

export const close = (plane, width, height) => erode(dilate(plane, width, height), width, height);

/** Closing with a disc as wide as an odd number of pixels. */
export function closeWithDisc(plane, size) {
  const reach = discOf(size);
  const most = plane.data.reduce((a, b) => Math.max(a, b));
  if (isWithinReach(plane, most, size >> 1)) return { ...plane, data: plane.data.slice().fill(most) };
  return byDisc(byDisc(plane, reach, true), reach, false);
}

/** Whether every pixel surely has one of the greatest level in its disc: on even paper closing leaves nothing else. */
function isWithinReach({ data, width, height }, most, radius) {
  const aslant = Math.floor(radius * Math.SQRT1_2);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (data[at] === most) continue;
      const far = radius * width;
      if (x >= radius && data[at - radius] === most) continue;
      if (x < width - radius && data[at + radius] === most) continue;
      if (y >= radius && data[at - far] === most) continue;
      if (y < height - radius && data[at + far] === most) continue;
      const [isLeft, isRight] = [x >= aslant, x < width - aslant];
      const [up, down] = [at - aslant * width, at + aslant * width];
      if (y >= aslant && ((isLeft && data[up - aslant] === most) || (isRight && data[up + aslant] === most))) continue;
      if (y >= height - aslant) return false;
      if (!((isLeft && data[down - aslant] === most) || (isRight && data[down + aslant] === most))) return false;
    }
  }
  return true;
}

function outsideOf(plane, isMost) {
  if (plane.data instanceof Float32Array) return isMost ? -Infinity : Infinity;
  return isMost ? 0 : 255;
}

function greatest(plane, across, down, outside) {
  const level = across > 1 ? greatestAcross(plane, across, outside) : plane;
  if (down > 1) return greatestDown(level, down, outside);
  return level === plane ? { ...plane, data: plane.data.slice() } : level;
}

function greatestAcross(plane, across, outside) {
  const result = { ...plane, data: new plane.data.constructor(plane.data.length) };
  const { width, height, data } = plane;
  const [before] = windowOf(across);
  const row = new data.constructor(width + across - 1);
  for (let y = 0; y < height; y++) {
    row.fill(outside);
    row.set(data.subarray(y * width, (y + 1) * width), before);
    let span = 1;
    for (; 2 * span <= across; span *= 2) {
      for (let x = 0, next = span; next < row.length; x++, next++) if (row[next] > row[x]) row[x] = row[next];
    }
    const rest = across - span;
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const a = row[x];
      const b = row[x + rest];
      result.data[at] = a > b ? a : b;
    }
  }
  return result;
}

function greatestDown(plane, down, outside) {
  const { width, height, data } = plane;
  const result = { ...plane, data: new plane.data.constructor(plane.data.length) };
  const [above] = windowOf(down);
  const tall = new data.constructor(width * (height + down - 1));
  if (outside !== 0) tall.fill(outside);
  tall.set(data, above * width);
  let span = 1;
  for (; 2 * span <= down; span *= 2) {
    const far = span * width;
    for (let at = 0, next = far; next < tall.length; at++, next++) if (tall[next] > tall[at]) tall[at] = tall[next];
  }
  const rest = (down - span) * width;
  for (let at = 0; at < result.data.length; at++) {
    const a = tall[at];
    const b = tall[at + rest];
    result.data[at] = a > b ? a : b;
  }
  return result;
}

function least(plane, across, down, outside) {
  const level = across > 1 ? leastAcross(plane, across, outside) : plane;
  if (down > 1) return leastDown(level, down, outside);
  return level === plane ? { ...plane, data: plane.data.slice() } : level;
}

function leastAcross(plane, across, outside) {
  const result = { ...plane, data: new plane.data.constructor(plane.data.length) };
  const { width, height, data } = plane;
  const [before] = windowOf(across);
  const row = new data.constructor(width + across - 1);
  for (let y = 0; y < height; y++) {
    row.fill(outside);
    row.set(data.subarray(y * width, (y + 1) * width), before);
    let span = 1;
    for (; 2 * span <= across; span *= 2) {
      for (let x = 0, next = span; next < row.length; x++, next++) if (row[next] < row[x]) row[x] = row[next];
    }
    const rest = across - span;
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const a = row[x];
      const b = row[x + rest];
      result.data[at] = a < b ? a : b;
    }
  }
  return result;
}

function leastDown(plane, down, outside) {
  const { width, height, data } = plane;
  const result = { ...plane, data: new plane.data.constructor(plane.data.length) };
  const [above] = windowOf(down);
  const tall = new data.constructor(width * (height + down - 1));
  if (outside !== 0) tall.fill(outside);
  tall.set(data, above * width);
  let span = 1;
  for (; 2 * span <= down; span *= 2) {
    const far = span * width;
    for (let at = 0, next = far; next < tall.length; at++, next++) if (tall[next] < tall[at]) tall[at] = tall[next];
  }
  const rest = (down - span) * width;
  for (let at = 0; at < result.data.length; at++) {
    const a = tall[at];
    const b = tall[at + rest];
    result.data[at] = a < b ? a : b;
  }
  return result;
}

/** How far the disc reaches to the left and right in each of its rows. */
function discOf(size) {
  const radius = size >> 1;
  return Int32Array.from({ length: size }, (_, i) => {
    const down = i - radius;
    return rint(radius * Math.sqrt((radius * radius - down * down) * (1 / (radius * radius))));
  });
}

function byDisc(plane, reach, isMost) {
  const { width, height } = plane;
  const radius = reach.length >> 1;
  const extreme = isMost ? dilate : erode;
  const rows = new Map();
  for (const wide of reach) if (!rows.has(wide)) rows.set(wide, extreme(plane, 2 * wide + 1, 1).data);
  const data = rows.get(reach[radius]).slice();
  reach.forEach((wide, index) => {
    const down = index - radius;
    if (down === 0) return;
    const levels = rows.get(wide);
    const first = Math.max(0, -down) * width;
    const end = Math.min(height, height - down) * width;
    const ahead = down * width;
    if (isMost) {
      for (let at = first; at < end; at++) if (levels[at + ahead] > data[at]) data[at] = levels[at + ahead];
    } else {
      for (let at = first; at < end; at++) if (levels[at + ahead] < data[at]) data[at] = levels[at + ahead];
    }
  });
  return { data, width, height };
}
