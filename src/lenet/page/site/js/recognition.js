/**
 * From the picture to the answers: picture → reading → 28×28 → one pass and one answer for each network shown.
 * Every step is taken again only when something before it has changed.
 */

import { inputOf, networkInput, probabilities } from "lenet/network.js";
import { digitOfDrawing, digitsOfPicture } from "lenet/reading/digit.js";
import { views } from "lenet/reading/views.js";
import { takesWholePicture } from "lenet/reading/whole_picture.js";
import { applyChanges, isUnchanged } from "lenet/robustness/changes.js";
import { timed } from "lenet/timings.js";

/**
 * @typedef {Object} Reading
 * @property {Object[]} digits - all of them, as in `lenet read --json`: {label, probability, rejected,
 *     no_digit, box, line}
 * @property {?number[]} box - of the selected digit, which the networks get, in pixels of the picture
 * @property {?Uint8Array} image - that digit in 28×28
 * @property {?Object} steps - the ink before normalization; null where the server has read
 * @property {boolean} isWholePicture - whether no digit is looked for, since all networks shown take the whole picture
 */

/**
 * Completes a patch of the store with all that follows from it, so that views never see a picture with the answers of
 * another one: a new `picture`, another `selectedDigit`, new `changes` or new networks `shown` bring their `reading`,
 * `image`, `passes` and `answers` along.
 */
export function recognize(state, patch) {
  const next = { ...state, ...patch };
  const isWholePicture = next.shown.length > 0 && next.shown.every((index) => takesWholePicture(next.networks[index]));
  const isNew = "picture" in patch || "selectedDigit" in patch
    || isWholePicture !== (state.reading?.isWholePicture ?? isWholePicture);
  if (!(isNew || ["changes", "shown", "edits"].some((key) => key in patch))) return patch;
  const reading = isNew ? timed("reading", () => read(next, isWholePicture)) : state.reading;
  const image = isNew || "changes" in patch ? changedImage(reading, next.changes) : state.image;
  return { ...patch, reading, image, ...timed("passes", () => answer(next, image)) };
}

/** @returns {?Reading} the server's where there is one, else what the page itself reads in the picture */
function read({ picture, isFromPad, serverReading, selectedDigit, reader }, isWholePicture) {
  if (!picture) return null;
  if (isWholePicture) return { digits: [], box: null, image: null, steps: null, isWholePicture };
  if (serverReading) {
    const { box = null, image = null } = serverReading.digits[selectedDigit] ?? {};
    return { digits: serverReading.digits, box, image, steps: null, isWholePicture };
  }
  const ownDigits = isFromPad ? [{ ...digitOfDrawing(picture), line: 0 }] : ownDigitsOf(picture);
  const { image = null, box = null, steps = null } = ownDigits[selectedDigit] ?? {};
  const digits = ownDigits.filter((digit) => digit.image).map((digit) => verdictOf(reader, digit));
  return { digits, box, image, steps, isWholePicture };
}

const pictures = new WeakMap();
const verdicts = new WeakMap();

/** The digits of a picture and what they are read as do not change with the one that is selected. */
function ownDigitsOf(picture) {
  if (!pictures.has(picture)) pictures.set(picture, digitsOfPicture(picture));
  return pictures.get(picture);
}

function verdictOf(reader, { image, box, line }) {
  if (!verdicts.has(image)) verdicts.set(image, { ...verdict(reader, image), box, line });
  return verdicts.get(image);
}

/** Classifies a digit by test-time augmentation, as Python's reader: mean probabilities over several views. */
function verdict(reader, image) {
  const { network, labels, reading_calibration: calibration } = reader;
  const viewProbabilities = views(image).map((view) =>
    probabilities({ ...reader, calibration }, network.run(networkInput(network, view)).outputs).probabilities);
  const means = viewProbabilities[0].map((_, label) =>
    viewProbabilities.reduce((sum, row) => Math.fround(sum + row[label]), 0) / viewProbabilities.length);
  const probability = Math.max(...means);
  const noDigit = Math.max(0, 1 - means.reduce((sum, mean) => sum + mean, 0));
  const label = labels[means.indexOf(probability)];
  return { label, probability, rejected: probability < calibration.min_confidence, no_digit: noDigit };
}

function changedImage(reading, changes) {
  const image = reading?.image ?? null;
  return image && !isUnchanged(changes) ? applyChanges(image, changes) : image;
}

function answer({ networks, shown, picture }, image) {
  const passes = shown.map((index) => networks[index].network.run(inputOf(networks[index], picture, image)));
  const answers = shown.map((index, position) => probabilities(networks[index], passes[position].outputs));
  return { passes, answers };
}
