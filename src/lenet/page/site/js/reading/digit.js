/** The one digit of an ink map, normalized, and the two ways to such a map that the page has of its own. */

import { findComponents } from "lenet/reading/components.js";
import { crop, normalize } from "lenet/reading/normalization.js";
import { inkByThreshold } from "lenet/reading/threshold.js";

const MIN_AREA = 0.04; // of the largest component's area: smaller ones are specks
const MAX_STACKED_GAP = 0.35; // of the largest component's longer side: so far away may be the loose bar of a 5
const MIN_SHARED_COLUMNS = 0.35; // of the narrower one's columns, where one stands above the other

/**
 * @typedef {Object} Seen - what became of the digit that was found
 * @property {?Uint8Array} image - 28×28, ink-high; null if there is no ink to speak of
 * @property {?number[]} box - [top, left, bottom, right] in pixels of the picture, half-open
 * @property {?{ crop: Object, small: Object, polarity: string }} steps - the ink in its box, and at 20 pixels
 */

/**
 * The digit of a drawing, black on white: all that is drawn, but for specks.
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, gray and opaque
 * @returns {Seen}
 */
export function digitOfDrawing({ data, width, height }) {
  const levels = Float32Array.from({ length: width * height }, (_, index) => (255 - data[4 * index]) / 255);
  return digitOf({ data: levels, width, height }, "paper-high", () => true);
}

/**
 * The digit of any picture, by a plain threshold: the largest piece of ink, with what stands close above or below it.
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, opaque
 * @returns {Seen}
 */
export function digitOfPicture(picture) {
  const inked = inkByThreshold(picture);
  return inked ? digitOf(inked.ink, inked.polarity, isStacked) : { image: null, box: null, steps: null };
}

function digitOf(ink, polarity, belongs) {
  const { labels, components } = findComponents({ ...ink, data: ink.data.map((level) => (level >= 0.5 ? 1 : 0)) });
  if (!components.length) return { image: null, box: null, steps: null };
  const largest = components.reduce((a, b) => (b.area > a.area ? b : a));
  const parts = components.filter((candidate) =>
    candidate.area >= MIN_AREA * largest.area && belongs(candidate, largest));
  const isPart = new Uint8Array(components.length + 1);
  isPart[0] = 1; // the soft edges
  for (const { number } of parts) isPart[number] = 1;
  const box = [
    Math.min(...parts.map(({ top }) => top)), Math.min(...parts.map(({ left }) => left)),
    Math.max(...parts.map(({ bottom }) => bottom)), Math.max(...parts.map(({ right }) => right)),
  ];
  const digit = crop({ ...ink, data: ink.data.map((level, index) => (isPart[labels[index]] ? level : 0)) }, ...box);
  const normalized = normalize(digit);
  if (!normalized) return { image: null, box: null, steps: null };
  return { image: normalized.image, box, steps: { crop: digit, small: normalized.small, polarity } };
}

function isStacked(candidate, largest) {
  const size = Math.max(largest.bottom - largest.top, largest.right - largest.left);
  const distance = Math.max(candidate.top - largest.bottom, largest.top - candidate.bottom);
  const shared = Math.min(candidate.right, largest.right) - Math.max(candidate.left, largest.left);
  const narrower = Math.min(candidate.right - candidate.left, largest.right - largest.left);
  return distance < MAX_STACKED_GAP * size && shared >= MIN_SHARED_COLUMNS * narrower;
}
