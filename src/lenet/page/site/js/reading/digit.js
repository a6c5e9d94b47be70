/** Finds and normalizes the digits of drawings and, by a plain threshold, of pictures. */

import { findComponents } from "lenet/reading/components.js";
import { crop, normalize } from "lenet/reading/normalization.js";
import { inkByThreshold } from "lenet/reading/threshold.js";

const MIN_AREA = 0.04; // of the largest component's area: smaller ones are specks
const MAX_STACKED_GAP = 0.35; // of the largest component's longer side: the loose bar of a 5 may be that far away
const MAX_LOOSE_HEIGHT = 0.6; // of the largest component's height: what is taller is a digit of another line
const MIN_HEIGHT = 0.5; // of the tallest digit's height: what is lower is a sign, a rule or a stain
const MAX_DIGITS = 60; // a page of text is for `lenet read`
const MIN_SHARED_COLUMNS = 0.35; // of the narrower one's columns, where one stands above the other

/**
 * @typedef {Object} NormalizedDigit - of a picture
 * @property {?Uint8Array} image - 28×28, ink-high; null where `normalize` gives null
 * @property {?number[]} box - [top, left, bottom, right] in pixels of the picture, half-open
 * @property {?{ crop: Object, digit20: Object, polarity: string }} steps - the ink in its box; its strokes of even
 *   width at 20 pixels on the longer side; "ink-high" or "paper-high"
 */

/**
 * The digit of a drawing, black on white: all that is drawn, but for specks.
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, gray and opaque
 * @returns {NormalizedDigit}
 */
export function digitOfDrawing({ data, width, height }) {
  const levels = Float32Array.from({ length: width * height }, (_, index) => (255 - data[4 * index]) / 255);
  return digitOfInk({ data: levels, width, height }, "paper-high");
}

/**
 * The digits of any picture, by a plain threshold: each tall piece of ink, with what stands close above or below it.
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, opaque
 * @returns {(NormalizedDigit & {line: number})[]} in the order of reading; those of which `normalize` gives null are
 *     left out
 */
export function digitsOfPicture(picture) {
  const foreground = inkByThreshold(picture);
  if (!foreground) return [];
  const { labels, components } = componentsOf(foreground.ink);
  const componentsByArea = [...components].sort((a, b) => b.area - a.area);
  const digits = [];
  for (const component of componentsByArea.filter(({ area }) => area >= MIN_AREA * componentsByArea[0].area)) {
    const digit = digits.find(([largest]) => isStacked(component, largest)
      && component.bottom - component.top < MAX_LOOSE_HEIGHT * (largest.bottom - largest.top));
    if (digit) digit.push(component);
    else digits.push([component]);
  }
  const height = ([{ top, bottom }]) => bottom - top;
  const maxHeight = Math.max(...digits.map(height));
  const tallDigits = digits.filter((parts) => height(parts) >= MIN_HEIGHT * maxHeight).slice(0, MAX_DIGITS);
  return sortIntoLines(tallDigits).flatMap((line, lineIndex) => line.flatMap((parts) => {
    const digit = normalizeComponents(foreground.ink, foreground.polarity, labels, parts);
    return digit.image ? [{ ...digit, line: lineIndex }] : [];
  }));
}

const componentsOf = (ink) => findComponents({ ...ink, data: ink.data.map((level) => (level >= 0.5 ? 1 : 0)) });

/**
 * Sorts digits into lines from the top, each from the left: a line has the digits whose middle lies beside its first.
 */
function sortIntoLines(digits) {
  const lines = [];
  const middle = ([{ top, bottom }]) => (top + bottom) / 2;
  for (const digit of [...digits].sort((a, b) => middle(a) - middle(b))) {
    const [{ top, bottom }] = lines.at(-1)?.[0] ?? [{ top: 0, bottom: -1 }];
    if (middle(digit) >= top && middle(digit) < bottom) lines.at(-1).push(digit);
    else lines.push([digit]);
  }
  return lines.map((line) => line.sort(([a], [b]) => a.left - b.left));
}

function digitOfInk(ink, polarity) {
  const { labels, components } = componentsOf(ink);
  if (!components.length) return { image: null, box: null, steps: null };
  const largest = components.reduce((a, b) => (b.area > a.area ? b : a));
  const parts = components.filter((candidate) => candidate.area >= MIN_AREA * largest.area);
  return normalizeComponents(ink, polarity, labels, parts);
}

/** Normalizes the ink of some components as one digit. */
function normalizeComponents(ink, polarity, labels, parts) {
  const keptLabels = new Set([0, ...parts.map(({ label }) => label)]); // 0: soft edges belong to no component
  const box = [
    Math.min(...parts.map(({ top }) => top)), Math.min(...parts.map(({ left }) => left)),
    Math.max(...parts.map(({ bottom }) => bottom)), Math.max(...parts.map(({ right }) => right)),
  ];
  const keptInk = ink.data.map((level, index) => (keptLabels.has(labels[index]) ? level : 0));
  const digit = crop({ ...ink, data: keptInk }, ...box);
  const normalized = normalize(digit);
  if (!normalized) return { image: null, box: null, steps: null };
  return { image: normalized.image, box, steps: { crop: digit, digit20: normalized.digit20, polarity } };
}

function isStacked(candidate, largest) {
  const size = Math.max(largest.bottom - largest.top, largest.right - largest.left);
  const distance = Math.max(candidate.top - largest.bottom, largest.top - candidate.bottom);
  const sharedColumns = Math.min(candidate.right, largest.right) - Math.max(candidate.left, largest.left);
  const minWidth = Math.min(candidate.right - candidate.left, largest.right - largest.left);
  return distance < MAX_STACKED_GAP * size && sharedColumns >= MIN_SHARED_COLUMNS * minWidth;
}
