/** Reading a picture that holds one digit, as ``lenet.reading`` does: the same candidates, the same 28×28 pictures. */

import { findInk } from "lenet/reading/ink.js";
import { normalize } from "lenet/reading/normalization.js";
import { findCandidates, mostProminent } from "lenet/reading/single.js";

/**
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, opaque
 * @param {(images: Uint8Array[]) => Float32Array[]} classify the probabilities of the ten digits for each image
 * @returns {{ image: Uint8Array | null, box: number[] | null, shares: Float32Array | null, steps: object }} the picture
 *   as the network sees it; [top, left, bottom, right] in pixels of the picture; what led there
 */
export function readPicture(picture, classify) {
  const ink = findInk(channelsOf(picture));
  const rivals = normalized(ink);
  const { levels, width, height, scale, polarity } = ink;
  const inkStep = { levels, width, height, scale, polarity };
  if (rivals.length === 0) return { image: null, box: null, shares: null, steps: { ink: inkStep } };
  const { index, shares } = mostProminent(rivals, classify(rivals.map((rival) => rival.image)), ink);
  const { box, ink: own, strokes, small, image } = rivals[index];
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
  return normalized(ink).map(({ box, image }) => ({ box: inPicture(box, picture, ink), image }));
}

/** The candidates with their 28×28 pictures; those without ink enough are left out. */
function normalized(ink) {
  const known = [];
  const rivals = [];
  for (const candidate of findCandidates(ink)) {
    let twin = known.find((other) => isSame(other.candidate.ink, candidate.ink));
    if (!twin) known.push((twin = { candidate, result: normalize(candidate.ink) }));
    if (twin.result) rivals.push({ ...candidate, ...twin.result });
  }
  return rivals;
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
