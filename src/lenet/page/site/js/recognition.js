/**
 * From the picture to the answers: picture → reading → 28×28 → one pass and one answer for each network shown.
 * Every step is taken again only when something before it has changed.
 */

import { networkInput, probabilities } from "lenet/network.js";
import { readPicture } from "lenet/reading/picture.js";
import { views } from "lenet/reading/views.js";
import { applyChanges, isUnchanged } from "lenet/robustness/changes.js";
import { timed } from "lenet/timings.js";

const NOTHING = new Uint8Array(784);

/**
 * Completes a patch of the store with all that follows from it, so that views never see a picture with the answers of
 * another one: a new `picture`, new `changes` or new networks `shown` bring their `reading`, `image`, `passes` and
 * `answers` along.
 */
export function recognize(state, patch) {
  if (!("picture" in patch || "changes" in patch || "shown" in patch)) return patch;
  const next = { ...state, ...patch };
  const reading = "picture" in patch ? timed("reading", () => read(next)) : state.reading;
  const image = "picture" in patch || "changes" in patch ? seen(reading, next.changes) : state.image;
  return { ...patch, reading, image, ...timed("passes", () => answer(next, image)) };
}

/**
 * While a stroke is being drawn candidates are looked at once; a settled picture (`isDrawing` false) is read as Python
 * reads it, by the mean over several views of each.
 */
function read({ picture, reader, isDrawing = true }) {
  if (!picture) return null;
  const look = (image) => sharesOf(reader, image);
  const judge = isDrawing ? look : (image) => meanOf(views(image).map(look));
  return readPicture(picture, judge);
}

function seen(reading, changes) {
  const image = reading?.image ?? null;
  return image && !isUnchanged(changes) ? applyChanges(image, changes) : image;
}

function sharesOf({ reading_calibration: calibration, ...loaded }, image) {
  const { outputs } = loaded.network.run(networkInput(loaded.network, image));
  return probabilities(calibration ? { ...loaded, calibration } : loaded, outputs).shares;
}

/** The mean of probabilities, each sum rounded to float32 as numpy rounds it. */
function meanOf(all) {
  return all[0].map((_, label) => all.reduce((sum, own) => Math.fround(sum + own[label]), 0) / all.length);
}

function answer({ networks, shown }, image) {
  const passes = shown.map((index) => {
    const { network } = networks[index];
    return network.run(networkInput(network, image ?? NOTHING));
  });
  const answers = shown.map((index, place) => probabilities(networks[index], passes[place].outputs));
  return { passes, answers };
}
