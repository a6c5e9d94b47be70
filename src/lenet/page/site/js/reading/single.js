/** All that may be the one digit of a picture: rivals at every threshold, whole and cut. */

import { findComponents } from "lenet/reading/components.js";
import { candidateCuts, sections } from "lenet/reading/cuts.js";
import { maskAbove, thresholdsOf } from "lenet/reading/ink.js";
import { CROP, findRules, withoutRules } from "lenet/reading/rules.js";
import { sum } from "lenet/reading/sums.js";

const THRESHOLDS = [0.15, 0.22, 0.35, 0.5, 0.68]; // shares of full ink
const CORES = 3; // components that a threshold's candidates are built around
const NEAR = 0.12; // of the core's size: a component no farther may belong to it
const STACKED = 0.35; // of its size: as far above or below it may be the loose bar of a 5
const BESIDE = 0.35; // of the narrower one: components that share less of their columns stand beside one another
const LIGHTEST = 0.04; // of the core's ink: lighter components are specks
const LEAST_LEFT = 0.35; // of a component's ink that a cut must leave
const WIDE = 0.9; // a component wider than this share of its height may be two digits
const ASIDE = 0.35; // of the picture's side: the standard deviation of a digit's place around the middle
const SAME = 0.9; // of the area that two boxes cover, the share in both: they hold the same ink
const LIKENESS_ROUNDING = 1e-3; // the logarithm of a probability is at most 0, but for rounding
const EDGE = 0.2; // in nats: what each edge of the picture that it touches speaks against a digit

const { fround } = Math;
const range = (count) => Array.from({ length: count }, (_, index) => index);

/**
 * All that may be the one digit, at all thresholds, with the picture's rules and without.
 * @returns { box: [top, left, bottom, right], ink: { data: Float32Array, width, height } }[] boxes in the ink map;
 *   other ink removed, the edge of a stroke at 0.5
 */
export function findCandidates(ink) {
  const thresholds = thresholdsOf(ink, THRESHOLDS);
  if (thresholds.length === 0) return [];
  const rules = findRules(ink, Math.min(...thresholds));
  const found = [];
  for (const threshold of thresholds) {
    const mask = maskAbove(ink, threshold);
    const ways = rules ? [mask, withoutRules(mask, rules)] : [mask];
    for (const way of ways) found.push(...candidatesOf(ink, way, threshold));
  }
  return found;
}

/**
 * What stands out most is judged, and named, by the mean of all that hold the same ink; then the best of them.
 * @param {(index: number) => Float32Array | null} sharesOf the probabilities of the ten digits for a candidate; null
 *   if it has too little ink. It is asked for those alone that may be chosen
 * @returns { index, shares } the candidate chosen, and its probabilities; null if there is none
 */
export function mostProminent(candidates, sharesOf, ink) {
  const standing = candidates.map((candidate) => standingOf(candidate, ink));
  const best = foremost(candidates, standing, sharesOf);
  if (!best) return null;
  const label = labelOf(best.agreed);
  const named = best.alike.filter((index) => labelOf(sharesOf(index)) === label);
  if (named.length === 0) return { index: best.index, shares: best.agreed };
  const index = mostOf(named, (own) => standing[own] + likeness(sharesOf(own)));
  return { index, shares: sharesOf(index) };
}

/** The first of the best, with all that are the same ink and their mean. Likeness only ever takes off standing. */
function foremost(candidates, standing, sharesOf) {
  let best = null;
  for (const index of range(candidates.length).sort((a, b) => standing[b] - standing[a] || a - b)) {
    if (best && standing[index] + LIKENESS_ROUNDING < best.measure) break;
    if (!sharesOf(index)) continue;
    const alike = sameInkAs(candidates[index], candidates).filter(sharesOf);
    const agreed = meanOf(alike.map(sharesOf));
    const measure = standing[index] + likeness(agreed);
    const isBetter = !best || measure > best.measure || (measure === best.measure && index < best.index);
    if (isBetter) best = { index, alike, agreed, measure };
  }
  return best;
}

const mostOf = (indices, measure) => {
  const measures = indices.map(measure);
  return indices[measures.indexOf(Math.max(...measures))];
};

const labelOf = (shares) => shares.indexOf(Math.max(...shares));

/** The logarithm of how surely it is this digit; that it is a digit at all counts less. */
const likeness = (shares) => Math.log(Math.max(...shares) / Math.sqrt(sum(shares)));

/** All, the candidate itself among them, that are the same ink, cut at other thresholds. */
function sameInkAs({ box }, candidates) {
  return range(candidates.length).filter((index) => {
    const other = candidates[index].box;
    const height = Math.min(box[2], other[2]) - Math.max(box[0], other[0]);
    const width = Math.min(box[3], other[3]) - Math.max(box[1], other[1]);
    const shared = Math.max(height, 0) * Math.max(width, 0);
    return shared >= SAME * (areaOf(box) + areaOf(other) - shared);
  });
}

const areaOf = ([top, left, bottom, right]) => (bottom - top) * (right - left);

function meanOf(all) {
  const weight = 1 / all.length;
  return all[0].map((_, label) => all.reduce((total, own) => total + weight * own[label], 0));
}

/** What speaks for a candidate but its likeness: how much ink it has, and where it stands. */
function standingOf({ box, ink: own }, ink) {
  const { width, height } = ink;
  const [top, left, bottom, right] = box;
  const aside = ((left + right) / 2 / width - 0.5) ** 2 + ((top + bottom) / 2 / height - 0.5) ** 2;
  const edges = (top <= 1) + (left <= 1) + (bottom >= height - 1) + (right >= width - 1);
  const mass = new Float32Array(own.data.length);
  for (let y = top, at = 0; y < bottom; y++) {
    for (let x = left; x < right; x++, at++) if (own.data[at] >= 0.5) mass[at] = ink.levels[y * width + x];
  }
  return 0.5 * Math.log(sum(mass)) - aside / (2 * ASIDE ** 2) - EDGE * edges;
}

function candidatesOf(ink, mask, threshold) {
  const components = findComponents(mask);
  if (components.count < 2) return [];
  const { labels } = components;
  const known = { ...components, mass: massOf(ink, components), edges: edgesOf(components, mask) };
  const found = [];
  for (const core of coresOf(known, mask)) {
    for (const group of groupsOf(known, core)) {
      const belongs = new Uint8Array(components.count);
      for (const number of group) belongs[number] = 1;
      const box = around(components, group);
      found.push(candidate(ink, box, threshold, ownOf(box, ink.width, labels, belongs)));
    }
    found.push(...cutsOf(ink, known, core, threshold));
  }
  return found;
}

function massOf(ink, { count, labels }) {
  const mass = new Float64Array(count);
  for (let at = 0; at < labels.length; at++) if (labels[at]) mass[labels[at]] += ink.levels[at];
  return mass;
}

/** How many edges of the picture each touches. */
function edgesOf({ count, left, top, right, bottom }, { width, height }) {
  return range(count).map(
    (n) => (top[n] <= 1) + (left[n] <= 1) + (bottom[n] >= height - 1) + (right[n] >= width - 1),
  );
}

/** The components that stand out most. */
function coresOf({ count, left, top, right, bottom, mass, edges }, { width, height }) {
  const standing = range(count).map((n) => {
    const aside = ((left[n] + right[n]) / 2 / width - 0.5) ** 2 + ((top[n] + bottom[n]) / 2 / height - 0.5) ** 2;
    return 0.5 * Math.log(mass[n] + 1e-9) - aside / (2 * ASIDE ** 2) - EDGE * edges[n];
  });
  const order = range(count).slice(1).sort((a, b) => standing[b] - standing[a]);
  const heaviest = mass.reduce((a, b) => Math.max(a, b));
  return order.slice(0, CORES).filter((core) => mass[core] > 0.02 * heaviest);
}

/** The core, alone and with those that may be parts of the same digit: close by, and over or under it. */
function groupsOf({ count, left, top, right, bottom, mass, edges }, core) {
  const size = Math.max(bottom[core] - top[core], right[core] - left[core]);
  const near = [];
  const nearOrStacked = [];
  for (let n = 1; n < count; n++) {
    const across = Math.max(left[n] - right[core], left[core] - right[n]);
    const down = Math.max(top[n] - bottom[core], top[core] - bottom[n]);
    const shared = Math.min(right[n], right[core]) - Math.max(left[n], left[core]);
    const wide = right[n] - left[n];
    const narrower = Math.min(wide, right[core] - left[core]);
    const isCutOff = edges[n] > 0 && edges[core] === 0 && shared < wide;
    if (n === core || mass[n] < LIGHTEST * mass[core] || isCutOff) continue;
    const isWithin = left[n] >= left[core] - 0.1 * size && right[n] <= right[core] + NEAR * size;
    const apart = Math.max(across, down);
    const isNear = apart < NEAR * size + 2 && (shared >= BESIDE * narrower || isWithin || apart < 0);
    const isStacked = down < STACKED * size && shared >= 2 * BESIDE * narrower;
    if (isNear) near.push(n);
    if (isNear || isStacked) nearOrStacked.push(n);
  }
  const groups = [[core]];
  if (near.length > 0) groups.push([core, ...near]);
  if (nearOrStacked.length > near.length) groups.push([core, ...nearOrStacked]);
  return groups;
}

function around({ left, top, right, bottom }, group) {
  const least = (values) => Math.min(...group.map((n) => values[n]));
  const most = (values) => Math.max(...group.map((n) => values[n]));
  return [least(top), least(left), most(bottom), most(right)];
}

/** What is left of a component after cuts that take a neighbour off its left, its right, or both. */
function cutsOf(ink, components, core, threshold) {
  const box = around(components, [core]);
  const [top, left, bottom, right] = box;
  const [height, width] = [bottom - top, right - left];
  const isAtSide = left <= 1 || right >= ink.width - 1;
  const isCrop = Math.max(ink.width, ink.height) <= CROP;
  if (!isCrop || width < 0.45 * height || !(isAtSide || width > WIDE * height)) return [];
  const own = { data: new Uint8Array(width * height), width, height };
  for (let y = 0, at = 0; y < height; y++) {
    const start = (top + y) * ink.width + left;
    for (let x = 0; x < width; x++, at++) own.data[at] = components.labels[start + x] === core ? 1 : 0;
  }
  const cuts = candidateCuts(own, height);
  const numbers = sections(own, cuts);
  const mass = new Float64Array(cuts.length + 2);
  numbers.forEach((number, at) => {
    const x = at % width;
    if (own.data[at]) mass[number] += ink.levels[(top + (at - x) / width) * ink.width + left + x];
  });
  const whole = mass.reduce((a, b) => a + b, 0);
  const found = [];
  for (let first = 1; first <= cuts.length + 1; first++) {
    for (let last = first; last <= cuts.length + 1; last++) {
      const rest = mass.subarray(first, last + 1).reduce((a, b) => a + b, 0);
      if ((first === 1 && last === cuts.length + 1) || rest < LEAST_LEFT * whole) continue;
      found.push(cutOut(ink, box, numbers, first, last, threshold));
    }
  }
  return found;
}

function cutOut(ink, [top, left, bottom, right], numbers, first, last, threshold) {
  const width = right - left;
  const part = [bottom, right, top, left];
  for (let y = top, at = 0; y < bottom; y++) {
    for (let x = left; x < right; x++, at++) {
      if (numbers[at] < first || numbers[at] > last) continue;
      if (y < part[0]) part[0] = y;
      if (x < part[1]) part[1] = x;
      part[2] = y + 1;
      if (x >= part[3]) part[3] = x + 1;
    }
  }
  const belongs = numbersFrom(first, last);
  const own = ownOf([part[0] - top, part[1] - left, part[2] - top, part[3] - left], width, numbers, belongs);
  return candidate(ink, part, threshold, own);
}

const numbersFrom = (first, last) => Uint8Array.from({ length: last + 1 }, (_, number) => (number >= first ? 1 : 0));

/** 1 where the pixels of a box have a number that belongs, in a frame of one pixel of 0. */
function ownOf([top, left, bottom, right], stride, numbers, belongs) {
  const width = right - left + 2;
  const own = new Uint8Array(width * (bottom - top + 2));
  for (let y = top, row = width + 1; y < bottom; y++, row += width) {
    for (let x = left, at = row; x < right; x++, at++) own[at] = belongs[numbers[y * stride + x]] ?? 0;
  }
  return own;
}

/** A crop with the threshold at 0.5: soft edges are kept where they are the mask's own, all else is paper. */
function candidate(ink, box, threshold, own) {
  const [top, left, bottom, right] = box;
  const [width, height] = [right - left, bottom - top];
  const stride = width + 2;
  const unit = fround(2 * threshold);
  const edge = fround(0.49);
  const data = new Float32Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, at = (y + 1) * stride + 1; x < width; x++, to++, at++) {
      const soft = fround(ink.levels[(top + y) * ink.width + left + x] / unit);
      if (own[at]) data[to] = soft > 1 ? 1 : soft < 0.5 ? 0.5 : soft;
      else if (soft < 0.5 && isNear(own, at, stride)) data[to] = soft < edge ? soft : edge;
    }
  }
  return { box, ink: { data, width, height } };
}

const isNear = (own, at, stride) =>
  own[at - 1] | own[at + 1] | own[at - stride - 1] | own[at - stride] | own[at - stride + 1] |
  own[at + stride - 1] | own[at + stride] | own[at + stride + 1];
