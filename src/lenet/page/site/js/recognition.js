/**
 * From the picture to the answers: picture → reading → 28×28 → one pass and one answer for each network shown.
 * Every step is taken again only when something before it has changed.
 */

import { modelInput, networkInput, answerOf } from "lenet/network.js";
import { digitOfDrawing, digitsOfPicture } from "lenet/reading/digit.js";
import { augmentedViews } from "lenet/reading/augmentation.js";
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
 * another one: a new `picture`, another `selectedDigit`, new `changes`, new `edits` or other `shownIndexes` bring their
 * `reading`, `image`, `passes` and `answers` along.
 */
export function recognize(state, patch) {
  const next = { ...state, ...patch };
  const isWholePicture = next.shownIndexes.length > 0
    && next.shownIndexes.every((index) => takesWholePicture(next.models[index]));
  const needsReading = "picture" in patch || "selectedDigit" in patch
    || isWholePicture !== (state.reading?.isWholePicture ?? isWholePicture);
  if (!(needsReading || ["changes", "shownIndexes", "edits"].some((key) => key in patch))) return patch;
  const reading = needsReading ? timed("reading", () => readPicture(next, isWholePicture)) : state.reading;
  const image = needsReading || "changes" in patch ? changedImage(reading, next.changes) : state.image;
  return { ...patch, reading, image, ...timed("passes", () => runModels(next, image)) };
}

/** @returns {?Reading} the server's reading where there is one, else the page's own */
function readPicture({ picture, isFromPad, serverReading, selectedDigit, reader }, isWholePicture) {
  if (!picture) return null;
  if (isWholePicture) return { digits: [], box: null, image: null, steps: null, isWholePicture };
  if (serverReading) {
    const { box = null, image = null } = serverReading.digits[selectedDigit] ?? {};
    return { digits: serverReading.digits, box, image, steps: null, isWholePicture };
  }
  const pageDigits = isFromPad ? [{ ...digitOfDrawing(picture), line: 0 }] : pageDigitsOf(picture);
  const { image = null, box = null, steps = null } = pageDigits[selectedDigit] ?? {};
  const digits = pageDigits.filter((digit) => digit.image).map((digit) => cachedVerdict(reader, digit));
  return { digits, box, image, steps, isWholePicture };
}

const digitsByPicture = new WeakMap();
const verdictByImage = new WeakMap();

/** The digits that the page finds in a picture; they are kept, since another selected digit does not change them. */
function pageDigitsOf(picture) {
  if (!digitsByPicture.has(picture)) digitsByPicture.set(picture, digitsOfPicture(picture));
  return digitsByPicture.get(picture);
}

function cachedVerdict(reader, { image, box, line }) {
  if (!verdictByImage.has(image)) verdictByImage.set(image, { ...classifyDigit(reader, image), box, line });
  return verdictByImage.get(image);
}

/** Classifies a digit by test-time augmentation, as Python's reader: mean probabilities over several views. */
function classifyDigit(reader, image) {
  const { network, labels, reading_calibration: calibration } = reader;
  const viewProbabilities = augmentedViews(image).map((view) =>
    answerOf({ ...reader, calibration }, network.run(networkInput(network, view)).outputs).probabilities);
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

function runModels({ models, shownIndexes, picture }, image) {
  const passes = shownIndexes.map((index) => models[index].network.run(modelInput(models[index], picture, image)));
  const answers = shownIndexes.map((index, position) => answerOf(models[index], passes[position].outputs));
  return { passes, answers };
}
