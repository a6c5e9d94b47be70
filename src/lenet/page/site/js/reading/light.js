/** The light that the bare paper has at every place of a picture, and where there is no paper. */

import { findComponents } from "lenet/reading/components.js";
import { blur, blurBytes, medianBlur } from "lenet/reading/filters.js";
import { closeWithDisc, dilate, erode } from "lenet/reading/morphology.js";
import { planeLike, resizeArea, rint } from "lenet/reading/resampling.js";

const STROKE = 0.27; // of the longer side: no stroke is wider
const DARKER = 0.4; // a table or a sleeve has less than this share of the paper's light
const ABRUPTLY = 1.5; // and begins with a step
const LONGEST = 96;
const LONGEST_OF_CROP = 48;
const REACH = 9; // pixels of the copy that the smoothing of light reaches over, and so where a shadow's edge may be
const DARKEST_PAPER = 20;

const { fround } = Math;

/**
 * The paper's light in each channel, on a small copy of the picture.
 * @param planes the channels, uint8; paper is lighter than ink
 * @param {boolean} isCrop whether digits may fill the picture and touch its edges
 * @returns { paper, darkest, unit }[] uint8 gray levels of bare paper; uint8 the least light close by, or null; float32
 *   what a lack of gray levels is multiplied by to give a share of the light, 0 where no paper is
 */
export function findLight(planes, isCrop) {
  const closed = planes.map((plane) => withoutStrokes(plane, isCrop));
  if (isCrop) {
    const papers = closed.map((levels) => gray(evenLevel(levels) === null ? blur(levels, 3) : levels));
    const units = unitsOf(papers);
    return papers.map((paper, index) => ({ paper, darkest: null, unit: units[index] }));
  }
  const papers = closed.map((levels) => blurBytes(medianBlur(gray(levels), REACH), 1.5));
  const absent = noPaper(closed);
  const units = unitsOf(papers);
  return closed.map((levels, index) => {
    const kept = { ...levels, data: levels.data.map((level, at) => level + 255 * absent.data[at]) };
    const unit = { ...units[index], data: units[index].data.map((level, at) => level * (1 - absent.data[at])) };
    return { paper: papers[index], darkest: gray(blur(erode(kept, REACH), 1)), unit };
  });
}

/** The level that a plane has everywhere; null if it has several. */
export function evenLevel({ data }) {
  for (let at = 1; at < data.length; at++) if (data[at] !== data[0]) return null;
  return data[0];
}

/** Closing takes away what is dark and narrow; what is left is light, shadow, and what lies beside the paper. */
function withoutStrokes(plane, isCrop) {
  const side = isCrop ? LONGEST_OF_CROP : LONGEST;
  const scale = side / Math.max(plane.height, plane.width);
  const width = Math.max(4, rint(plane.width * scale));
  const height = Math.max(4, rint(plane.height * scale));
  const small = resizeArea(plane, width, height);
  const stroke = Math.floor(STROKE * side) | 1;
  const frame = stroke + 1;
  // A picture carried on as it ends: a dark strip along its edge becomes a wide one, which closing leaves alone.
  const closed = closeWithDisc(framed(small, frame, isCrop ? reflected : clamped), stroke);
  const levels = { data: new Float32Array(width * height), width, height };
  for (let y = 0, at = 0; y < height; y++) {
    const start = (y + frame) * closed.width + frame;
    for (let x = 0; x < width; x++, at++) levels.data[at] = Math.max(closed.data[start + x], DARKEST_PAPER);
  }
  return levels;
}

function framed(plane, frame, placeOf) {
  const result = planeLike(plane, plane.width + 2 * frame, plane.height + 2 * frame);
  const columns = Array.from({ length: result.width }, (_, x) => placeOf(x - frame, plane.width));
  for (let y = 0, at = 0; y < result.height; y++) {
    const start = placeOf(y - frame, plane.height) * plane.width;
    for (let x = 0; x < result.width; x++, at++) result.data[at] = plane.data[start + columns[x]];
  }
  return result;
}

const clamped = (index, size) => Math.min(size - 1, Math.max(0, index));

function reflected(index, size) {
  let place = index;
  while (place < 0 || place >= size) place = place < 0 ? -1 - place : 2 * size - 1 - place;
  return place;
}

/** Shares are halfway between those of a channel's own light, and of the lightest channel's. */
function unitsOf(papers) {
  const lightest = papers[0].data.slice();
  for (const { data } of papers) data.forEach((level, at) => (lightest[at] = Math.max(lightest[at], level)));
  return papers.map(({ data, width, height }) => ({
    data: Float32Array.from(data, (own, at) => 2 / Math.max(own + lightest[at], 1)), width, height,
  }));
}

/** 1 where something dark comes in from the edge, else 0. A shadow is less dark, or begins softly. */
function noPaper(closed) {
  const { width, height } = closed[0];
  const light = { ...closed[0], data: closed[0].data.slice() };
  for (const { data } of closed) data.forEach((level, at) => (light.data[at] = Math.max(light.data[at], level)));
  const least = fround(DARKER * quantile(light.data, 0.8));
  const dark = { data: Uint8Array.from(light.data, (level) => (level < least ? 1 : 0)), width, height };
  const absent = { data: new Float32Array(width * height), width, height };
  if (!dark.data.includes(1)) return absent;
  const lightest = dilate(light, 7).data;
  const inner = erode(dark, 3).data;
  const regions = findComponents(dark);
  const begins = new Int32Array(regions.count);
  const rims = new Int32Array(regions.count);
  regions.labels.forEach((number, at) => {
    if (number === 0 || inner[at] !== 0) return;
    rims[number]++;
    if (lightest[at] > ABRUPTLY * light.data[at]) begins[number]++;
  });
  const isAbsent = Array.from(rims, (rim, number) => {
    const { left, top, right, bottom } = regions;
    const atEdge = left[number] === 0 || top[number] === 0 || right[number] === width || bottom[number] === height;
    return number > 0 && atEdge && rim > 0 && 2 * begins[number] > rim;
  });
  regions.labels.forEach((number, at) => (absent.data[at] = isAbsent[number] ? 1 : 0));
  return dilate(absent, 3);
}

function quantile(data, share) {
  const sorted = data.slice().sort();
  const place = fround((sorted.length - 1) * fround(share));
  const first = Math.floor(place);
  const rest = fround(place - first);
  const a = sorted[first];
  const b = sorted[Math.min(first + 1, sorted.length - 1)];
  return rest < 0.5 ? fround(a + fround((b - a) * rest)) : fround(b - fround((b - a) * fround(1 - rest)));
}

function gray({ data, width, height }) {
  return { data: Uint8Array.from(data, (level) => Math.min(255, Math.max(0, rint(level)))), width, height };
}
