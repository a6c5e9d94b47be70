/** Printed lines among the ink: ruled and squared paper, the lines of forms, boxes around digits. */

import { sidesOfBoxes } from "lenet/reading/boxes.js";
import { findComponents } from "lenet/reading/components.js";
import { distances } from "lenet/reading/distance.js";
import { maskAbove, middleHeight } from "lenet/reading/ink.js";
import {
  both, boxOf, closed, dilated, either, inkedPart, inWhole, isEmpty, opened, transposed, without,
} from "lenet/reading/masks.js";
import { closeWithDisc } from "lenet/reading/morphology.js";
import { crop } from "lenet/reading/normalization.js";
import { resizeArea, resizeNearest } from "lenet/reading/resampling.js";
import { runsOf } from "lenet/reading/runs.js";
import { median } from "lenet/reading/sums.js";

export const CROP = 300; // pixels of the ink map: a picture no larger may be a crop around its digits
const RULE_LENGTH = 0.7; // the share of the picture that a rule crosses at least, if it is alone
const RULE_LENGTH_IN_CROP = 0.9;
const THICKNESS = 0.06; // its greatest, as a share of its length
const THICKNESS_OF_SHORTER = 0.02; // the same along the picture's shorter side, where a 1 may stand
const GAP = 0.015; // the widest gap in a rule, as a share of the picture
const LONG = 3; // a line as long as so many digits are high is a rule,
const LONG_SIDE = 0.25; // if it is this share of the picture
const BAR = 0.07; // the shortest side of a box, as a share of the picture
const BAR_THICKNESS = 0.3; // its thickness, of its length
const SHORTEST_BAR = 20; // pixels

const { fround } = Math;

/** Where the ink above a threshold is printed lines: 1 on a rule; null if there are none. */
export function findRules(ink, threshold) {
  const mask = maskAbove(ink, threshold);
  const { width, height } = mask;
  if (Math.max(width, height) <= CROP) return rulesOf(mask);
  // Half the size is enough to see a line.
  const rules = rulesOf(resizeArea(mask, Math.max(1, width >> 1), Math.max(1, height >> 1)));
  return rules && dilated(resizeNearest(rules, width, height), 3);
}

/** The mask without its rules; strokes that cross them stay whole. */
export function withoutRules(mask, rules) {
  const lines = both(mask, rules);
  if (isEmpty(lines)) return mask;
  const depth = distances(mask).data;
  const thickness = Math.max(1, median(where(lines, depth)) * 1.6 + 1);
  const most = fround(thickness);
  const kept = { ...mask, data: mask.data.slice() };
  for (let at = 0; at < depth.length; at++) if (lines.data[at] && depth[at] <= most) kept.data[at] = 0;
  return joinedAlong(kept, lines, (Math.floor(2 * thickness) | 1) + 2);
}

/** The mask, and what closing it with a disc puts on lines. */
function joinedAlong(mask, lines, size) {
  const { width, height } = mask;
  const box = boxOf(lines);
  const [top, left] = [Math.max(0, box.top - size), Math.max(0, box.left - size)];
  const [bottom, right] = [Math.min(height, box.bottom + size), Math.min(width, box.right + size)];
  const joined = closeWithDisc(crop(mask, top, left, bottom, right), size).data;
  for (let y = top, from = 0; y < bottom; y++) {
    for (let x = left, at = y * width + left; x < right; x++, at++, from++) {
      mask.data[at] |= joined[from] & lines.data[at];
    }
  }
  return mask;
}

/** The levels where a mask is 1. */
function where(mask, levels) {
  const some = new Float32Array(levels.length);
  let count = 0;
  for (let at = 0; at < levels.length; at++) if (mask.data[at]) some[count++] = levels[at];
  return some.subarray(0, count);
}

function rulesOf(mask) {
  const shortest = Math.max(SHORTEST_BAR, Math.floor(BAR * Math.max(mask.width, mask.height)));
  const thickest = Math.max(5, Math.floor(BAR_THICKNESS * shortest));
  const part = inkedPart(mask, thickest + 8); // farther than any window reaches
  if (!part) return null;
  const upright = transposed(part);
  const level = barsOf(part, shortest, thickest);
  const steep = turned(barsOf(upright, shortest, thickest));
  const crossing = eitherOf(crossingOf(part), turned(crossingOf(upright)));
  const bars = eitherOf(eitherOf(level, steep), crossing);
  if (!bars || isEmpty(bars)) return null;
  const rules = eitherOf(eitherOf(crossing, longOf(mask, level, steep)), sidesOfBoxes(part, bars, shortest));
  return isEmpty(rules) ? null : inWhole(rules);
}

const turned = (mask) => mask && transposed(mask);
const eitherOf = (a, b) => (a && b ? either(a, b) : (a ?? b));

/** The level lines that cross most of the picture and are thin for it; null if there are none. */
function crossingOf(part) {
  const { width, height } = part.whole;
  const length = Math.floor((width > CROP / 2 ? RULE_LENGTH : RULE_LENGTH_IN_CROP) * width);
  if (inkedColumns(part) < length) return null;
  const runs = runsOf(closed(dilated(part, 1, 5), Math.floor(GAP * width) | 1, 1), length);
  if (!runs) return null;
  const rules = both(runs, part);
  if (isEmpty(rules)) return null;
  const depth = where(rules, distances(part).data);
  const thickness = 4 * median(depth) - 2; // over a band of width w the median depth is near (w + 2) / 4
  const share = width > 1.2 * height ? THICKNESS : THICKNESS_OF_SHORTER;
  return thickness > Math.max(length * share, 2.5) ? null : rules;
}

function inkedColumns({ data, width, height }) {
  const columns = new Uint8Array(width);
  for (let y = 0, at = 0; y < height; y++) for (let x = 0; x < width; x++, at++) columns[x] |= data[at];
  return columns.reduce((a, b) => a + b, 0);
}

/** The thin straight lines that run nearly level and are at least so long; null if there are none. */
function barsOf(part, length, thickest) {
  const thin = without(part, opened(part, 1, thickest));
  if (isEmpty(thin)) return null;
  const runs = runsOf(dilated(both(closed(thin, thickest, 1), part), 1, 3), length);
  return runs && both(runs, part);
}

/** The bars that are much longer than what else there is is high; null if there are none. */
function longOf(mask, level, steep) {
  const least = LONG_SIDE * Math.max(mask.width, mask.height);
  const across = level && lengthsOf(level, "left", "right");
  const down = steep && lengthsOf(steep, "top", "bottom");
  const longer = (bound) => {
    const data = new Uint8Array((across ?? down).length);
    for (let at = 0; at < data.length; at++) data[at] = across?.[at] > bound || down?.[at] > bound ? 1 : 0;
    return { ...(level ?? steep), data };
  };
  if (!across && !down) return null;
  const long = longer(least);
  if (isEmpty(long)) return null;
  const rest = withoutRules(mask, inWhole(dilated(long, 3)));
  const height = middleHeight(findComponents(rest), mask.width, mask.height);
  return height === 0 ? null : longer(Math.max(least, LONG * height));
}

/** At each pixel of a bar how long the bar is; 0 elsewhere. */
function lengthsOf(bars, start, end) {
  const components = findComponents(dilated(bars, 3));
  const { labels, [start]: first, [end]: last } = components;
  for (let at = 0; at < labels.length; at++) labels[at] = bars.data[at] ? last[labels[at]] - first[labels[at]] : 0;
  return labels;
}
