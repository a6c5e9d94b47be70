/** Straight, nearly level runs in a mask. */

import { findComponents } from "lenet/reading/components.js";
import { planeLike, rint } from "lenet/reading/resampling.js";

const STEEPEST = 0.08;
const TILTS = Array.from({ length: 9 }, (_, index) => (index === 8 ? STEEPEST : index * (STEEPEST / 4) - STEEPEST));
const { fround } = Math;

/**
 * Where a mask has straight, nearly level runs of at least some length: the mask sheared by each tilt, opened by a
 * level bar of that length, and sheared back.
 * @param part a part of a mask, as `inkedPart` gives it; tilts are around the middle of the whole
 * @returns a part of the same size; null if there are no runs
 */
export function runsOf(part, length) {
  const wide = wideComponents(part, length);
  if (!wide) return null;
  const places = placesOf(wide);
  const found = planeLike(part);
  for (const tilt of TILTS) {
    const rowAt = rowsOf(shearing(tilt, part.whole.width), part.whole);
    const back = shearing(tilt, part.whole.width, true);
    const rowBack = rowsOf(back, part.whole);
    for (const [y, start, end] of runsAlong(wide, places, tilt, rowAt, length)) {
      for (let x = start; x < end; x++) {
        const middle = Math.round(y - back.lean * x - back.shift);
        for (let row = middle - 1; row <= middle + 1; row++) {
          if (row < part.top || row >= part.top + part.height || rowBack(x, row) !== y) continue;
          found.data[(row - part.top) * part.width + x - part.left] = 1;
        }
      }
    }
  }
  return { ...part, data: found.data };
}

/** The row that column x shows in row y of a sheared picture is about y + lean x + shift. */
const shearing = (tilt, width, back = false) => ({
  lean: fround(tilt) * (back ? -1 : 1),
  shift: fround((tilt * width) / 2) * (back ? 1 : -1),
});

/** The row from which a sheared picture has its pixel at (x, y). */
function rowsOf({ lean, shift }, { width }) {
  const alone = width - (width % 16); // from here on pixels are computed one by one
  return (x, y) => rint(x < alone ? fround(lean * x + fround(y + shift)) : fround(fround(lean * x + y) + shift));
}

/** The runs of the sheared mask: [row, start, end], moved by a pixel if the bar's length is even, as opening does. */
function runsAlong(mask, places, tilt, rowAt, length) {
  const { data, width, height, left, top, whole } = mask;
  const moved = length % 2 === 0 ? 1 : 0;
  const runs = [];
  for (const y of fullRows(places, mask, tilt, length)) {
    let start = -1;
    for (let x = left; x <= left + width; x++) {
      const row = x < left + width ? rowAt(x, y) - top : -1;
      const isInk = row >= 0 && row < height && data[row * width + x - left] !== 0;
      if (isInk && start < 0) start = x;
      if (isInk || start < 0) continue;
      if (x - start >= length) runs.push([y, start + moved, Math.min(x + moved, whole.width, left + width)]);
      start = -1;
    }
  }
  return runs;
}

/** The rows of the sheared mask that may hold so many of its pixels, which are given by their places. */
function fullRows(places, { width, height, left, top, whole }, tilt, length) {
  const { lean, shift } = shearing(tilt, whole.width);
  const least = new Int32Array(width);
  const most = new Int32Array(width); // another row where it is nearly a half: rounding decides between them
  const reach = Math.ceil(Math.abs(tilt) * whole.width) + 2;
  for (let x = 0; x < width; x++) {
    least[x] = reach - Math.round(lean * (left + x) + shift + 1e-3);
    most[x] = reach - Math.round(lean * (left + x) + shift - 1e-3);
  }
  const counts = new Int32Array(height + 2 * reach);
  for (const at of places) {
    const x = at % width;
    const y = (at - x) / width;
    counts[y + least[x]]++;
    if (most[x] !== least[x]) counts[y + most[x]]++;
  }
  const rows = [];
  for (let index = 0; index < counts.length; index++) {
    const y = index - reach + top;
    if (counts[index] >= length && y >= 0 && y < whole.height) rows.push(y);
  }
  return rows;
}

function placesOf(mask) {
  const places = new Int32Array(mask.data.length);
  let count = 0;
  for (let at = 0; at < places.length; at++) if (mask.data[at]) places[count++] = at;
  return places.subarray(0, count);
}

/** The components that are wide enough to hold a run, which is connected; null if there are none. */
function wideComponents(mask, length) {
  const { count, labels, left, right } = findComponents(mask);
  const isWide = Uint8Array.from(left, (start, number) => (number > 0 && right[number] - start >= length ? 1 : 0));
  if (!isWide.includes(1)) return null;
  if (count === 2) return mask;
  const data = new Uint8Array(labels.length);
  for (let at = 0; at < data.length; at++) data[at] = isWide[labels[at]];
  return { ...mask, data };
}
