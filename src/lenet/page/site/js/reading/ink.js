/** From a picture to its ink: how much darker each place is than the paper would be there. */

import { findComponents } from "lenet/reading/components.js";
import { resizeCubic } from "lenet/reading/cubic.js";
import { blur } from "lenet/reading/filters.js";
import { evenLevel, findLight } from "lenet/reading/light.js";
import { dilated } from "lenet/reading/masks.js";
import { findPolarity } from "lenet/reading/polarity.js";
import { resizeArea, resizeLinear, rint } from "lenet/reading/resampling.js";
import { median, ranked, sum } from "lenet/reading/sums.js";

const LONGEST_SIDE = 800; // pixels looked at; larger pictures are reduced by area, unless their digits are small
const SHORTEST_SIDE = 100; // smaller pictures are enlarged, by a whole factor
const LONGEST_SIDE_OF_SMALL = 1600; // pixels looked at, at most, when digits are small
const SMALL_DIGIT = 20; // pixels of the map: lower digits are looked at again,
const CLEAR_DIGIT = 32; // at this height
const LEAST_CONTRAST = 0.06; // ink must be this much darker than the paper, as a share of the paper's light
const GRAIN = 3; // standard deviations of the paper's grain that ink must stand out by
const LEAST_NOISE = 0.004;
const SEPARATED = 0.7; // of the variance that two classes of levels explain if one is ink: of noise alone it is 0.64
const PALE = 0.7; // strokes below this share of full ink are brought up to it,
const MOST_GAIN = 3; // by this factor at most
const CROP = 300; // pixels of the picture: one no larger may be a crop around its digits

const { fround } = Math;

/**
 * The ink of a picture.
 * @param planes one channel if all are the same, else three: { data: Uint8Array, width, height }
 * @returns { levels: Float32Array, width, height, noise, scale, polarity, peak } 0 is paper, 1 would be black on white
 */
export function findInk(planes) {
  const { width, height } = planes[0];
  const scale = workingScale(width, height);
  const scaled = resized(planes, scale);
  const polarity = findPolarity(scaled);
  const ink = inkOf(scaled, scale, polarity);
  const better = scale > 1 ? scale : scaleFor(digitHeight(ink), scale, Math.max(width, height));
  return evened(better === scale ? ink : inkOf(resized(planes, better), better, polarity));
}

/** Shares of the peak, no lower than the grain of the paper; none if nothing stands out from it. */
export function thresholdsOf(ink, shares) {
  if (ink.peak < LEAST_CONTRAST) return [];
  const levels = shares.map((share) => Math.max(share * ink.peak, GRAIN * ink.noise));
  return [...new Set(levels.filter((level) => level < 0.9 * ink.peak))];
}

/** 1 where the ink is above a threshold. */
export function maskAbove({ levels, width, height }, threshold) {
  const least = fround(threshold);
  const data = new Uint8Array(levels.length);
  for (let at = 0; at < levels.length; at++) data[at] = levels[at] > least ? 1 : 0;
  return { data, width, height };
}

/** The height that halves the area of components, those that cross the picture left out; 0 if nothing tells. */
export function middleHeight(components, width, height) {
  const inside = [];
  let [area, areaInside] = [0, 0];
  for (let number = 1; number < components.count; number++) {
    const high = components.bottom[number] - components.top[number];
    const wide = components.right[number] - components.left[number];
    area += components.area[number];
    if (high < 0.9 * height && wide < 0.9 * width) {
      areaInside += components.area[number];
      inside.push([high, components.area[number]]);
    }
  }
  if (2 * areaInside <= area) return 0;
  inside.sort((a, b) => a[0] - b[0]);
  let below = 0;
  for (const [high, own] of inside) {
    below += own;
    if (below >= areaInside / 2) return high;
  }
  return 0;
}

function workingScale(width, height) {
  const longest = Math.max(width, height);
  if (longest > LONGEST_SIDE) return LONGEST_SIDE / longest;
  const least = Math.ceil(SHORTEST_SIDE / Math.min(width, height));
  return Math.max(1, Math.min(least, Math.floor(LONGEST_SIDE / longest)));
}

/** A better scale than the one at which digits are so high, or the same. */
function scaleFor(height, scale, longest) {
  if (!(height > 0 && height < SMALL_DIGIT)) return scale;
  const most = Math.min((scale * CLEAR_DIGIT) / height, LONGEST_SIDE_OF_SMALL / longest);
  const wanted = most > 1.5 ? rint(most) : Math.min(1, most);
  return wanted > 1.2 * scale ? wanted : scale;
}

function resized(planes, scale) {
  if (scale === 1) return planes;
  const width = Math.max(1, rint(planes[0].width * scale));
  const height = Math.max(1, rint(planes[0].height * scale));
  return planes.map((plane) => (scale < 1 ? resizeArea : resizeCubic)(plane, width, height));
}

function inkOf(planes, scale, polarity) {
  const paperHigh = polarity === "ink-high" ? planes.map(inverted) : planes;
  // The grain of an enlarged picture and the fine lines of security paper are enlarged too: so is what smooths them.
  const darkness = blur(darknessOf(paperHigh, scale), scale >= 1 ? Math.max(0.8, 0.4 * scale) : 1);
  const { data: levels, width, height } = darkness;
  const paper = paperOf(darkness);
  const ground = levelOfPaper(darkness, paper);
  for (let at = 0; at < levels.length; at++) levels[at] -= ground[at];
  const noise = Math.max(1.4826 * grainOf(darkness, paper), LEAST_NOISE);
  for (let at = 0; at < levels.length; at++) if (!(levels[at] > 0)) levels[at] = 0;
  return { levels, width, height, noise, scale, polarity, peak: peakOf(levels) };
}

const inverted = (plane) => ({ ...plane, data: plane.data.map((level) => 255 - level) });

/** How far each pixel falls short of the paper's light, in the channel in which it falls short most. */
function darknessOf(planes, scale) {
  const { width, height } = planes[0];
  const lights = findLight(planes, Math.max(width, height) <= CROP * scale);
  let darkness = null;
  planes.forEach(({ data }, index) => {
    const light = lights[index];
    const [level, unit] = [evenLevel(light.paper), evenLevel(light.unit)];
    const lacking = level === null || unit === null || light.darkest
      ? lackingOf(data, light, width, height)
      : lackingOfEven(data, level, unit);
    if (darkness === null) darkness = lacking;
    else for (let at = 0; at < data.length; at++) if (lacking[at] > darkness[at]) darkness[at] = lacking[at];
  });
  return { data: darkness, width, height };
}

function lackingOfEven(data, level, unit) {
  const lackingAt = Float32Array.from({ length: 256 }, (_, own) => (level - own) * unit);
  const lacking = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) lacking[at] = lackingAt[data[at]];
  return lacking;
}

function lackingOf(data, light, width, height) {
  const expected = resizeLinear(light.paper, width, height).data;
  const lacking = resizeLinear(light.unit, width, height).data;
  const darkest = light.darkest && resizeLinear(light.darkest, width, height).data;
  for (let at = 0; at < data.length; at++) {
    let level = expected[at];
    if (darkest) level = Math.min(level, Math.max(data[at], darkest[at]));
    lacking[at] = (level - data[at]) * lacking[at];
  }
  return lacking;
}

/** 1 where there is surely paper: away from the darker of two classes of levels, if there are two (Otsu). */
function paperOf({ data, width, height }) {
  const [shift, factor] = [fround(0.1), fround(255 / 1.1)];
  const coarse = new Uint8Array(data.length);
  const counts = new Float64Array(256);
  for (let at = 0; at < data.length; at++) {
    const level = fround(fround(data[at] + shift) * factor);
    coarse[at] = level < 0 ? 0 : level > 255 ? 255 : level;
    counts[coarse[at]]++;
  }
  const share = counts.map((count) => count / data.length);
  const mean = share.reduce((total, own, bin) => total + own * bin, 0);
  let [below, sumBelow, most, level, variance] = [0, 0, -1, 0, 0];
  for (let bin = 0; bin < 256; bin++) {
    below += share[bin];
    sumBelow += share[bin] * bin;
    variance += share[bin] * (bin - mean) ** 2;
    const between = (mean * below - sumBelow) ** 2 / Math.max(below * (1 - below), 1e-9);
    if (between > most) [most, level] = [between, bin];
  }
  if (most <= SEPARATED * variance) return { data: new Uint8Array(data.length).fill(1), width, height };
  const ink = { data: coarse, width, height };
  for (let at = 0; at < coarse.length; at++) coarse[at] = coarse[at] > level ? 1 : 0;
  const paper = dilated(ink, 5);
  let count = 0;
  for (let at = 0; at < paper.data.length; at++) count += paper.data[at] = 1 - paper.data[at];
  return count > 0.1 * paper.data.length ? paper : { ...ink, data: ink.data.map((own) => 1 - own) };
}

/** The mean level of the paper around each place: closing took the lightest grain for its light. */
function levelOfPaper({ data, width, height }, paper) {
  const scale = 48 / Math.max(height, width);
  const size = [Math.max(4, rint(width * scale)), Math.max(4, rint(height * scale))];
  const counted = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) counted[at] = paper.data[at] ? data[at] : 0;
  const share = resizeArea({ ...paper, data: new Float32Array(paper.data) }, ...size);
  const level = resizeArea({ data: counted, width, height }, ...size);
  const mean = fround(sum(level.data) / Math.max(sum(share.data), 1e-6));
  const [part, whole] = [fround(0.05 * mean), fround(0.05)];
  const around = blur(level, 3);
  const shares = blur(share, 3).data;
  const { data: own } = around;
  for (let at = 0; at < own.length; at++) own[at] = fround(own[at] + part) / fround(shares[at] + whole);
  return resizeLinear(around, width, height).data;
}

/** The median of how far the paper's pixels depart from its level; 0 if it is less than would count. */
function grainOf({ data, width, height }, paper) {
  const step = 1 + Math.floor(data.length / 200_000);
  const some = new Float32Array(data.length);
  let [count, small] = [0, 0];
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const at = y * width + x;
      if (!paper.data[at]) continue;
      const grain = Math.abs(data[at]);
      some[count++] = grain;
      if (grain < LEAST_NOISE / 2) small++;
    }
  }
  return 2 * small > count + 1 ? 0 : median(some.subarray(0, count));
}

/** The level of full ink: the mean of the darkest 0.2 % of the pixels, at least 60 of them. */
function peakOf(levels) {
  const least = fround(LEAST_CONTRAST / 2);
  const dark = above(levels, least);
  const count = Math.min(dark.length, Math.max(60, Math.floor(0.002 * levels.length)));
  if (count === 0) return 0;
  const bound = ranked(dark, dark.length - count);
  const darkest = new Float32Array(count).fill(bound);
  darkest.set(above(dark, bound));
  return fround(sum(darkest.sort()) / count);
}

function above(levels, bound) {
  const some = new Float32Array(levels.length);
  let count = 0;
  for (let at = 0; at < levels.length; at++) if (levels[at] > bound) some[count++] = levels[at];
  return some.subarray(0, count);
}

/** How high most of the ink's components are, in pixels of the map; 0 if nothing tells. */
function digitHeight(ink) {
  const [threshold] = thresholdsOf(ink, [0.38]);
  return threshold ? middleHeight(findComponents(maskAbove(ink, threshold)), ink.width, ink.height) : 0;
}

/** Pale strokes brought nearer to full ink, so that one share of the peak cuts every digit at the same depth. */
function evened(ink) {
  const { peak, levels, width, height } = ink;
  const threshold = Math.max(0.1 * peak, 2 * GRAIN * ink.noise, LEAST_CONTRAST);
  if (peak < 2 * threshold) return ink;
  const components = findComponents(maskAbove(ink, threshold));
  const { count, labels, left, top, right, bottom } = components;
  const middle = middleHeight(components, width, height);
  const darkest = new Float32Array(count);
  for (let at = 0; at < labels.length; at++) {
    const number = labels[at];
    if (number > 0 && levels[at] > darkest[number]) darkest[number] = levels[at];
  }
  const gains = Float32Array.from(darkest, (level, number) => {
    const high = bottom[number] - top[number];
    const isHighEnough = number > 0 && high > 0.5 * middle;
    const isLikeDigit = isHighEnough && high < 2 * middle && right[number] - left[number] < 2 * middle;
    return isLikeDigit ? Math.min(MOST_GAIN, Math.max(1, fround(fround(PALE * peak) / level))) : 1;
  });
  if (gains.every((gain) => gain === 1)) return ink;
  const even = levels.map((level, at) => level * gains[labels[at]]);
  return { ...ink, levels: even, peak: peakOf(even) };
}
