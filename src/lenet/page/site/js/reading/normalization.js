/** Normalization of one digit to 28×28 as in MNIST: `lenet.reading.normalization` in Python, byte for byte. */

import { blur } from "lenet/reading/blurring.js";
import { distanceTransform } from "lenet/reading/distance.js";
import { rint, shrink } from "lenet/reading/resampling.js";
import { pairwiseSum } from "lenet/reading/sums.js";
import { enlarge } from "lenet/reading/warping.js";

export const IMAGE_SIDE = 28;
const DIGIT_SIDE = 20; // the longer side of an MNIST digit inside its 28×28
const ENLARGED_SIDE = 80; // the longer side while strokes get their even width: four pixels for each of MNIST's
const STROKE_WIDTH = 9.5; // the mean width of MNIST's strokes, in pixels of the 80-pixel image
const MARGIN = 14; // pixels of paper around the 80-pixel image
const MIN_INK_PIXELS = 3;

const { fround } = Math;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/**
 * A digit as MNIST's authors would have prepared it.
 * @param ink { data: Float32Array, width, height } one digit; 0 is paper, 1 full ink, the edge of a stroke at 0.5
 * @param {number} extraThickness pixels of the 80-pixel image added on each side of a stroke; below 0, taken off
 * @returns {{ image: Uint8Array, strokeImage, digit20 } | null} 28×28, ink-high; the strokes of even width; and these
 *   at 20 pixels on their longer side. null if there are fewer than 3 pixels of ink, only a hairline, or strokes whose
 *   longer side is under 20 pixels
 */
export function normalize(ink, extraThickness = 0) {
  const enlarged = scaleTo80(ink);
  const strokeImage = enlarged && cropToInk(evenStrokes(enlarged, extraThickness));
  if (!strokeImage || Math.max(strokeImage.width, strokeImage.height) < DIGIT_SIDE) return null;
  return { ...centerInImage(strokeImage), strokeImage };
}

/** The mean width of the strokes in a mask: twice the area over the length of the outline. */
function meanStrokeWidth({ data, width, height }) {
  let area = 0;
  let innerArea = 0;
  for (let y = 0, index = 0; y < height; y++) {
    for (let x = 0; x < width; x++, index++) {
      if (data[index] === 0) continue;
      area++;
      if (y === 0 || x === 0 || y === height - 1 || x === width - 1) continue;
      const [above, below] = [index - width, index + width];
      innerArea +=
        data[index - 1] & data[index + 1] & data[above - 1] & data[above] & data[above + 1] &
        data[below - 1] & data[below] & data[below + 1];
    }
  }
  return (2 * area) / Math.max(area - innerArea, 1);
}

/** Scales the ink's box so that its longer side is ENLARGED_SIDE, and adds a margin of paper. */
function scaleTo80(ink) {
  const box = cropToInk(ink);
  if (!box) return null;
  const { width, height } = box;
  const scale = ENLARGED_SIDE / Math.max(height, width);
  const framedInk = pad(box, 1);
  if (Math.min(framedInk.width, framedInk.height) * scale < 1) return null; // a hairline would vanish
  if (scale < 0.7) {
    const size = [rint(framedInk.width * scale), rint(framedInk.height * scale)];
    return pad(shrink(framedInk, ...size, 1 / scale, 1 / scale), MARGIN);
  }
  const size = [Math.ceil(width * scale) + 2 * MARGIN, Math.ceil(height * scale) + 2 * MARGIN];
  const enlarged = enlarge(framedInk, scale, MARGIN - scale * 0.5 - 0.5, ...size, scale < 4);
  return scale > 1.5 ? blur(enlarged, 0.35 * scale) : enlarged; // rounds the staircase that enlarging leaves
}

function pad(plane, margin) {
  const width = plane.width + 2 * margin;
  const height = plane.height + 2 * margin;
  const data = new Float32Array(width * height);
  for (let y = 0; y < plane.height; y++) {
    data.set(plane.data.subarray(y * plane.width, (y + 1) * plane.width), (y + margin) * width + margin);
  }
  return { data, width, height };
}

function evenStrokes(enlarged, extraThickness) {
  const { data, width, height } = enlarged;
  const mask = { data: new Uint8Array(data.length), width, height };
  let isEmpty = true;
  for (let index = 0; index < data.length; index++) {
    if (data[index] >= 0.5) {
      mask.data[index] = 1;
      isEmpty = false;
    }
  }
  if (isEmpty) return enlarged;
  const correction = (STROKE_WIDTH - meanStrokeWidth(mask)) / 2;
  const distance = strokeSignedDistance(mask, correction + extraThickness);
  for (let index = 0; index < distance.length; index++) {
    const level = fround(distance[index] + 0.5);
    distance[index] = level < 0 ? 0 : level > 1 ? 1 : level;
  }
  return { data: distance, width, height };
}

/**
 * The signed distance to the edge of strokes that grow by `extraThickness` on each side: positive inside. Strokes that
 * shrink keep their center line, so that a thin part of a digit never vanishes.
 */
function strokeSignedDistance(mask, extraThickness) {
  const { width, height } = mask;
  const inside = distanceTransform(mask).data;
  const growth = fround(extraThickness);
  const distance = new Float32Array(inside.length);
  if (growth > -0.05) {
    const outside = distanceTransform(mask, 1).data;
    for (let index = 0; index < distance.length; index++) {
      distance[index] = fround(mask.data[index] ? inside[index] - 0.5 : 0.5 - outside[index]) + growth;
    }
  } else {
    // Pixels outside the strokes, which are at least 0.955 away from them, get no ink.
    for (let index = 0; index < distance.length; index++) {
      distance[index] = mask.data[index] ? fround(inside[index] - 0.5) + growth : -1;
    }
  }
  if (extraThickness < 0) keepCenterLines(inside, distance, width, height);
  return distance;
}

function keepCenterLines(inside, distance, width, height) {
  const minRise = fround(0.1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const index = y * width + x;
      const level = inside[index];
      if (level <= 0.5) continue;
      const [top, bottom] = [Math.max(0, y - 1), Math.min(height - 1, y + 1)];
      const [left, right] = [Math.max(0, x - 1), Math.min(width - 1, x + 1)];
      const maxNeighbor = fround(level + minRise);
      let isRidge = true;
      for (let v = top; v <= bottom && isRidge; v++) {
        for (let u = left; u <= right; u++) if (inside[v * width + u] > maxNeighbor) isRidge = false;
      }
      if (!isRidge) continue;
      for (let v = top; v <= bottom; v++) {
        for (let u = left; u <= right; u++) if (distance[v * width + u] < 0.5) distance[v * width + u] = 0.5;
      }
    }
  }
}

function cropToInk({ data, width, height }) {
  let [top, bottom, left, right] = [height, -1, width, -1];
  let count = 0;
  for (let y = 0, index = 0; y < height; y++) {
    for (let x = 0; x < width; x++, index++) {
      if (!(data[index] >= 0.5)) continue;
      count++;
      if (y < top) top = y;
      bottom = y;
      if (x < left) left = x;
      if (x > right) right = x;
    }
  }
  return count < MIN_INK_PIXELS ? null : crop({ data, width, height }, top, left, bottom + 1, right + 1);
}

/** A part of a plane, (top, left) up to (bottom, right), these not included. */
export function crop(plane, top, left, bottom, right) {
  const width = right - left;
  const data = new plane.data.constructor(width * (bottom - top));
  for (let y = top, index = 0; y < bottom; y++, index += width) {
    data.set(plane.data.subarray(y * plane.width + left, y * plane.width + right), index);
  }
  return { data, width, height: bottom - top };
}

/**
 * Shrinks strokes to 20 pixels on their longer side and puts their center of mass in the middle of 28×28, if they fit.
 */
function centerInImage(strokeImage) {
  const scale = DIGIT_SIDE / Math.max(strokeImage.height, strokeImage.width);
  const width = Math.max(1, rint(strokeImage.width * scale));
  const height = Math.max(1, rint(strokeImage.height * scale));
  const levels = shrink(strokeImage, width, height);
  const mass = pairwiseSum(levels.data);
  const rows = Array.from({ length: height }, (_, y) => pairwiseSum(levels.data, y * width, width));
  const columns = Array.from({ length: width }, (_, x) => {
    let total = 0;
    for (let y = 0; y < height; y++) total = fround(total + levels.data[y * width + x]);
    return total;
  });
  const center = (sums) => sums.reduce((total, weight, index) => total + weight * index, 0) / mass;
  const top = clamp(rint((IMAGE_SIDE - 1) / 2 - center(rows)), 0, IMAGE_SIDE - height);
  const left = clamp(rint((IMAGE_SIDE - 1) / 2 - center(columns)), 0, IMAGE_SIDE - width);
  const digit20 = { data: new Uint8Array(width * height), width, height };
  for (let index = 0; index < digit20.data.length; index++) {
    digit20.data[index] = rint(fround(Math.min(1, Math.max(0, levels.data[index])) * 255));
  }
  const image = new Uint8Array(IMAGE_SIDE * IMAGE_SIDE);
  for (let y = 0; y < height; y++) {
    image.set(digit20.data.subarray(y * width, (y + 1) * width), (top + y) * IMAGE_SIDE + left);
  }
  return { image, digit20 };
}
