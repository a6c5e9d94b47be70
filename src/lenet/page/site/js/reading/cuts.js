/** Where a component may be two touching digits: upright cuts, and cuts from notch to notch. */

import { findComponents } from "lenet/reading/components.js";
import { blur } from "lenet/reading/filters.js";
import { dilate, erode } from "lenet/reading/morphology.js";
import { crop, strokeWidth } from "lenet/reading/normalization.js";
import { rint } from "lenet/reading/resampling.js";

const LONGEST_CHAIN = 9; // digit heights: what is wider is a line, a frame or texture, no digits that touch
const CHIP = 0.2; // of a section's largest part: a smaller one was clipped off its neighbour

const { fround } = Math;

/**
 * Cuts of a component, left to right: little ink, a waist, the middle of two holes, facing notches.
 * @param mask { data: Uint8Array of 0 and 1, width, height }
 * @returns {[number, number][]} their columns at the top row and at the bottom row of the mask
 */
export function candidateCuts(mask, digitHeight) {
  const { width } = mask;
  if (width > LONGEST_CHAIN * digitHeight) return [];
  const stroke = strokeWidth(mask);
  const found = betweenNotches(mask, digitHeight, stroke);
  for (const [cost, column] of upright(mask, digitHeight, stroke)) found.push([cost, column, column]);
  found.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  const cuts = [];
  const least = 0.12 * digitHeight;
  for (const [, top, bottom] of found) {
    const middle = (top + bottom) / 2;
    const apart = cuts.every((other) => Math.abs(middle - (other[0] + other[1]) / 2) > least);
    const isFew = cuts.length <= (4 * width) / digitHeight;
    if (least <= middle && middle < width - least && apart && isFew) cuts.push([top, bottom]);
  }
  return cuts.sort((a, b) => a[0] + a[1] - (b[0] + b[1]));
}

/**
 * The number of each pixel's section, from 1, left to right; 0 outside the mask. A straight cut clips corners off the
 * strokes beside it: such a chip goes to the neighbour it hangs on.
 */
export function sections(mask, cuts) {
  const { data, width, height } = mask;
  const section = new Int32Array(data.length);
  for (let y = 0, at = 0; y < height; y++) {
    const down = y === 0 ? 0 : y === height - 1 ? 1 : y * (1 / (height - 1));
    const columns = cuts.map(([top, bottom]) => top + (bottom - top) * down);
    for (let x = 0; x < width; x++, at++) {
      if (!data[at]) continue;
      section[at] = 1;
      for (const column of columns) if (x >= column) section[at]++;
    }
  }
  return cuts.length > 0 ? withoutChips(section, width, height, cuts.length + 1) : section;
}

function withoutChips(section, width, height, count) {
  const given = section.slice();
  for (let value = 1; value <= count; value++) {
    const parts = findComponents(onlyWhere(section, value, width, height));
    const largest = Math.max(0, ...parts.area.subarray(1));
    for (let part = 1; part < parts.count; part++) {
      if (parts.area[part] >= CHIP * largest) continue;
      const neighbour = mostAround(section, parts, part, value, width, height);
      if (neighbour === 0) continue;
      for (let at = 0; at < given.length; at++) if (parts.labels[at] === part) given[at] = neighbour;
    }
  }
  return given;
}

function onlyWhere(numbers, value, width, height) {
  const data = new Uint8Array(numbers.length);
  for (let at = 0; at < data.length; at++) data[at] = numbers[at] === value ? 1 : 0;
  return { data, width, height };
}

/** The section that most pixels around a part belong to; 0 if there is none but its own. */
function mostAround(section, parts, part, value, width, height) {
  const counts = new Map();
  const [top, bottom] = [Math.max(0, parts.top[part] - 1), Math.min(height, parts.bottom[part] + 1)];
  const [left, right] = [Math.max(0, parts.left[part] - 1), Math.min(width, parts.right[part] + 1)];
  const chip = dilate(crop(onlyWhere(parts.labels, part, width, height), top, left, bottom, right), 3);
  for (let y = top, at = 0; y < bottom; y++) {
    for (let x = left; x < right; x++, at++) {
      const other = section[y * width + x];
      if (chip.data[at] && other !== value && other > 0) counts.set(other, (counts.get(other) ?? 0) + 1);
    }
  }
  let [best, most] = [0, 0];
  for (const [other, own] of counts) if (own > most || (own === most && other < best)) [best, most] = [other, own];
  return best;
}

/** Columns with little ink, of small extent, or between two holes, with what speaks against each. */
function upright(mask, digitHeight, stroke) {
  const { data, width, height } = mask;
  const near = Math.floor(0.08 * digitHeight) + 1;
  const counts = Array.from({ length: width }, (_, x) => {
    let count = 0;
    for (let y = 0; y < height; y++) count += data[y * width + x];
    return count;
  });
  const ink = smooth(counts, 0.2 * stroke);
  const { top, bottom } = outlines(mask);
  const extent = smooth(
    top.map((first, x) => (first < height ? Math.max(bottom[x] - first + 1, 0) : 0)),
    0.2 * stroke,
  );
  const leastInk = lowest(ink, near);
  const leastExtent = lowest(extent, near);
  const mostExtent = highest(extent, 3 * near);
  const crossed = ink.map((own) => fround(0.5 * own) / fround(stroke));
  const found = betweenHoles(mask, digitHeight).map((column) => [0.5 * crossed[column] - 0.5, column]);
  for (let x = 0; x < width; x++) {
    if (ink[x] === leastInk[x] && ink[x] < fround(2.6 * stroke)) found.push([crossed[x], x]);
    const isWaist = extent[x] === leastExtent[x] && extent[x] < fround(fround(0.9) * mostExtent[x]);
    if (isWaist) found.push([(1.2 * extent[x]) / digitHeight, x]);
  }
  return found;
}

/** The highest and the lowest row of ink in each column; height and -1 where there is none. */
function outlines({ data, width, height }) {
  const top = new Array(width).fill(height);
  const bottom = new Array(width).fill(-1);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (!data[at]) continue;
      if (top[x] === height) top[x] = y;
      bottom[x] = y;
    }
  }
  return { top, bottom };
}

/** The columns midway between neighbouring enclosed holes that do not stand over one another. */
function betweenHoles({ data, width, height }, digitHeight) {
  const paper = { data: new Uint8Array((width + 2) * (height + 2)).fill(1), width: width + 2, height: height + 2 };
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) paper.data[(y + 1) * (width + 2) + x + 1] = 1 - data[at];
  }
  const regions = findComponents(paper, false);
  const holes = [];
  for (let number = 1; number < regions.count; number++) {
    const isHole = number !== regions.labels[0] && regions.area[number] > 2 * (0.06 * digitHeight) ** 2;
    if (isHole) holes.push([regions.left[number] - 1, regions.right[number] - 1]);
  }
  holes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const columns = [];
  for (let index = 1; index < holes.length; index++) {
    const [before, behind] = [holes[index - 1][1], holes[index][0]];
    if (behind > before - 2) columns.push(Math.floor((before + behind) / 2));
  }
  return columns;
}

/** Cuts from a notch in the upper outline to one in the lower outline across little ink. */
function betweenNotches(mask, digitHeight, stroke) {
  const { data, width, height } = mask;
  const { top, bottom } = outlines(mask);
  const sigma = 0.03 * digitHeight;
  const near = Math.floor(0.15 * digitHeight) + 1;
  const upper = notches(smooth(top, sigma), near);
  const lower = notches(smooth(bottom.map((row) => height - 1 - row), sigma), near);
  const least = 0.08 * digitHeight; // what a notch is deep
  const found = [];
  for (const [x, depthX] of upper) {
    for (const [z, depthZ] of lower) {
      const [y, w] = [top[x], bottom[z]];
      if (Math.abs(x - z) > 0.35 * digitHeight || Math.min(depthX, depthZ) < least || y >= w) continue;
      const slope = (z - x) / (w - y);
      if (Math.abs(slope) >= 1.2) continue;
      let crossed = 0;
      for (let row = y; row <= w; row++) crossed += data[row * width + rint(x + slope * (row - y))];
      found.push([(0.4 * crossed) / stroke, x - slope * y, x + slope * (height - 1 - y)]);
    }
  }
  return found;
}

/** Columns where an outline is deepest among those near, and how much deeper than the shallower side. */
function notches(depth, near) {
  const deepest = highest(depth, near);
  const found = [];
  for (let column = 1; column < depth.length - 1; column++) {
    if (depth[column] !== deepest[column]) continue;
    const before = Math.min(...depth.subarray(Math.max(0, column - 3 * near), column));
    const after = Math.min(...depth.subarray(column + 1, column + 1 + 3 * near));
    found.push([column, fround(depth[column] - Math.max(before, after))]);
  }
  return found;
}

const asRow = (data) => ({ data, width: data.length, height: 1 });
const lowest = (profile, near) => erode(asRow(profile), 2 * near + 1, 1).data;
const highest = (profile, near) => dilate(asRow(profile), 2 * near + 1, 1).data;
const smooth = (profile, sigma) => blur(asRow(Float32Array.from(profile)), Math.max(0.5, sigma)).data;
