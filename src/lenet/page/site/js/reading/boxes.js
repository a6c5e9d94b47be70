/** The sides of printed boxes around some ink, and of the boxes of a form. */

import { findComponents } from "lenet/reading/components.js";
import { distances } from "lenet/reading/distance.js";
import { dilated } from "lenet/reading/masks.js";
import { crop } from "lenet/reading/normalization.js";
import { planeLike } from "lenet/reading/resampling.js";

const FULL = 0.8; // the share of its bounding box that the inside of a box fills
const FORM = 6; // so many boxes are a form or squared paper, whether something is in them or not
const RIM = 5.1; // pixels around the outline of a box's inside in which its sides are: 5, as `distances` counts them

/** 1 where bars close a box around some ink, or divide a form. */
export function sidesOfBoxes(mask, bars, shortest) {
  const { width, height } = mask;
  const inside = dilated(bars, 3);
  for (let at = 0; at < inside.data.length; at++) inside.data[at] = 1 - inside.data[at];
  const regions = findComponents(inside);
  const boxes = [];
  for (let number = 1; number < regions.count; number++) {
    const box = boxOf(regions, number, width);
    const { left, top, wide, high } = box;
    const isClosed = left > 0 && top > 0 && left + wide < width && top + high < height;
    if (!isClosed || Math.min(wide, high) < 0.8 * shortest || areaWithin(box) < FULL * wide * high) continue;
    boxes.push({ ...box, hasInk: hasInkInside(mask, box) });
  }
  const sides = { ...bars, data: new Uint8Array(bars.data.length) };
  for (const box of boxes) if (box.hasInk || boxes.length >= FORM) addSides(sides, bars, box);
  return sides;
}

/** A region without its holes, in a frame of two pixels, and its outline. */
function boxOf({ labels, left, top, right, bottom }, number, width) {
  const [wide, high] = [right[number] - left[number], bottom[number] - top[number]];
  const stride = wide + 4;
  const around = { data: new Uint8Array(stride * (high + 4)).fill(1), width: stride, height: high + 4 };
  for (let y = 0; y < high; y++) {
    const start = (top[number] + y) * width + left[number];
    const row = (y + 2) * stride + 2;
    for (let x = 0; x < wide; x++) if (labels[start + x] === number) around.data[row + x] = 0;
  }
  const ground = findComponents(around, false).labels;
  const outside = (at) => ground[at] === ground[0];
  const outline = planeLike(around);
  let count = 0;
  let length = 0;
  for (let at = stride; at < ground.length - stride; at++) {
    if (outside(at)) continue;
    count++;
    if (!(outside(at - 1) || outside(at + 1) || outside(at - stride) || outside(at + stride))) continue;
    outline.data[at] = 1;
    length++;
  }
  return { left: left[number], top: top[number], wide, high, count, length, outline };
}

/** The area of the polygon through the middles of the outline's pixels, by Pick's theorem. */
const areaWithin = ({ count, length }) => count - length / 2 - 1;

function hasInkInside(mask, { left, top, wide, high }) {
  const [across, down] = [Math.floor(wide / 6), Math.floor(high / 6)];
  const part = crop(mask, top + down, left + across, top + high - down, left + wide - across);
  return part.data.includes(1);
}

function addSides(sides, bars, { left, top, outline }) {
  const reach = Math.ceil(RIM);
  const { width, height } = outline;
  const wide = planeLike(outline, width + 2 * reach, height + 2 * reach);
  wide.data.fill(1);
  for (let y = 0; y < height; y++) {
    const row = (y + reach) * wide.width + reach;
    for (let x = 0; x < width; x++) if (outline.data[y * width + x]) wide.data[row + x] = 0;
  }
  const far = distances(wide);
  for (let v = 0, from = 0; v < far.height; v++) {
    const y = top - 2 - reach + v;
    for (let u = 0; u < far.width; u++, from++) {
      const x = left - 2 - reach + u;
      if (x < 0 || y < 0 || x >= sides.width || y >= sides.height || far.data[from] > RIM) continue;
      const at = y * sides.width + x;
      if (bars.data[at]) sides.data[at] = 1;
    }
  }
}
