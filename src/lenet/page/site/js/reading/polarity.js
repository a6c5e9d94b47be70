/** Whether dark or light gray levels are ink. */

import { medianBlur } from "lenet/reading/filters.js";
import { dilate, erode } from "lenet/reading/morphology.js";
import { resizeArea, resizeLinear, resizeNearest } from "lenet/reading/resampling.js";

const SIDE = 32;
const { fround } = Math;

/**
 * Ink is the rarer extreme: which one, the third moment around the local middle tells. Light specks on a light page
 * are not ink, and a sheet on a dark table is no ink either: away from the sheet's edges the rarer extreme is dark.
 * @param planes one channel, or three
 * @returns "ink-high" or "paper-high"
 */
export function findPolarity(planes) {
  const gray = planes.length === 1 ? planes[0] : grayOf(planes);
  if (!isDark(gray)) return "paper-high";
  const small = resizeArea(gray, SIDE, SIDE);
  if (thirdMoment(gray, medianBlur(small, 17)) <= 0) return "paper-high";
  const middle = medianBlur(small, 9);
  const [darkest, lightest] = [Math.min(...small.data), Math.max(...small.data)];
  const [low, high] = [erode(middle, 3).data, dilate(middle, 3).data];
  const step = 0.25 * (lightest - darkest);
  const flat = { ...middle, data: middle.data.map((_, at) => (high[at] - low[at] > step ? 0 : 1)) };
  return thirdMoment(gray, middle, erode(flat, 3)) > 0 ? "ink-high" : "paper-high";
}

function grayOf([red, green, blue]) {
  const { width, height } = red;
  const data = new Uint8Array(width * height);
  for (let at = 0; at < data.length; at++) {
    data[at] = (red.data[at] * 9798 + green.data[at] * 19235 + blue.data[at] * 3735 + 16384) >> 15;
  }
  return { data, width, height };
}

function isDark({ data, width, height }) {
  const counts = new Int32Array(256);
  let count = 0;
  for (let y = 0; y < height; y += 1 + Math.floor(height / 200)) {
    for (let at = y * width; at < (y + 1) * width; at++) counts[data[at]]++;
    count += width;
  }
  const ranked = (place) => {
    let level = 0;
    for (let rest = place; rest >= counts[level]; level++) rest -= counts[level];
    return level;
  };
  return (ranked((count - 1) >> 1) + ranked(count >> 1)) / 2 < 128;
}

function thirdMoment(gray, middle, counted = null) {
  const { data, width, height } = gray;
  const around = resizeLinear({ ...middle, data: Float32Array.from(middle.data) }, width, height).data;
  const weights = counted && resizeNearest(counted, width, height).data;
  let total = 0;
  for (let at = 0; at < data.length; at++) {
    if (weights && !weights[at]) continue;
    const departure = fround(data[at] - around[at]);
    total += fround(fround(departure * departure) * departure);
  }
  return total;
}
