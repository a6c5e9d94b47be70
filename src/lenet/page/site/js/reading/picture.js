/** Reading a picture that holds one digit, as ``lenet.reading`` does: the same candidates, the same 28×28 pictures. */

import { findInk } from "lenet/reading/ink.js";
import { normalize } from "lenet/reading/normalization.js";
import { findPrepared, stepsOf } from "lenet/reading/prepared.js";
import { findCandidates, mostProminent } from "lenet/reading/single.js";

/**
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, opaque
 * @param {(image: Uint8Array) => Float32Array} judge the probabilities of the ten digits; asked for what may be chosen
 * @returns {{ image: Uint8Array | null, box: number[] | null, shares: Float32Array | null, steps: object }} the picture
 *   as the network sees it; [top, left, bottom, right] in pixels of the picture; what led there
 */
export function readPicture(picture, judge) {
  const prepared = findPrepared(picture);
  if (prepared) {
    return { image: prepared.image, box: prepared.box, shares: judge(prepared.image), steps: stepsOf(prepared) };
  }
  const ink = findInk(channelsOf(picture));
  const rivals = findCandidates(ink);
  const normalizedOnce = normalizer();
  const results = [];
  const resultOf = (index) => (results[index] ??= judged(normalizedOnce(rivals[index]), judge));
  const { levels, width, height, scale, polarity } = ink;
  const inkStep = { levels, width, height, scale, polarity };
  const chosen = mostProminent(rivals, (index) => resultOf(index).shares, ink);
  if (!chosen) return { image: null, box: null, shares: null, steps: { ink: inkStep } };
  const { index, shares } = chosen;
  const { box, ink: own } = rivals[index];
  const { strokes, small, image } = resultOf(index);
  return {
    image,
    box: inPicture(box, picture, ink),
    shares,
    steps: { ink: inkStep, crop: asLevels(own), strokes: asLevels(strokes), small, image },
  };
}

/** All candidates of a picture that hold ink enough, in their order, with boxes in pixels of the picture. */
export function candidates(picture) {
  const ink = findInk(channelsOf(picture));
  const found = findCandidates(ink).map(({ box, ink: own }) => ({ box, result: normalize(own) }));
  return found
    .filter(({ result }) => result)
    .map(({ box, result }) => ({ box: inPicture(box, picture, ink), image: result.image }));
}

/** Normalizes candidates; ink that another one had is not normalized again. */
function normalizer() {
  const known = [];
  return ({ ink }) => {
    let twin = known.find((other) => isSame(other.ink, ink));
    if (!twin) known.push((twin = { ink, result: normalize(ink) ?? {} }));
    return twin.result;
  };
}

/** A result of the normalization with the shares of its image; null if it has none. */
function judged(result, judge) {
  if (!("shares" in result)) result.shares = result.image ? judge(result.image) : null;
  return result;
}

function isSame(a, b) {
  if (a.width !== b.width || a.height !== b.height) return false;
  for (let at = 0; at < a.data.length; at++) if (a.data[at] !== b.data[at]) return false;
  return true;
}

const asLevels = ({ data, width, height }) => ({ levels: data, width, height });

/** The channels of RGBA: one if all three are the same. */
function channelsOf({ data, width, height }) {
  const [red, green, blue] = [0, 1, 2].map(() => new Uint8Array(width * height));
  let isGray = true;
  for (let at = 0, from = 0; at < red.length; at++, from += 4) {
    red[at] = data[from];
    green[at] = data[from + 1];
    blue[at] = data[from + 2];
    if (red[at] !== green[at] || red[at] !== blue[at]) isGray = false;
  }
  return (isGray ? [red] : [red, green, blue]).map((plane) => ({ data: plane, width, height }));
}

function inPicture([top, left, bottom, right], picture, ink) {
  const down = picture.height / ink.height;
  const across = picture.width / ink.width;
  return [Math.floor(top * down), Math.floor(left * across), Math.ceil(bottom * down), Math.ceil(right * across)];
}
