/** Robustness curves: a network's answers over a slider's range, computed in slices between frames. */

import { answerOf, networkInput } from "lenet/network.js";
import { applyChanges } from "lenet/robustness/changes.js";

/**
 * @typedef {{value: number, probability: number, label: ?number}} Point of a curve, at a slider's value: the
 *   probability of the original answer, and the index of the predicted class there, null where the answer is rejected
 * @typedef {{answer: Answer, pointByIndex: Map<number, Point>, points: Point[], from: ?number, to: ?number,
 *   isDone: boolean}} Curve `answer` is that to the digit without changes; `points` are in the order of the slider;
 *   `from`..`to` is the range around the slider's value in which the answer stays the same
 */

/** Creates a curve without points; `answer` is that to the digit without changes. */
export function emptyCurve(answer) {
  return { answer, pointByIndex: new Map(), points: [], from: null, to: null, isDone: false };
}

/** Classifies a 28×28 image by a model, and returns its answer. */
export function classify(model, image) {
  const { outputs } = model.network.run(networkInput(model.network, image));
  return answerOf(model, outputs);
}

/**
 * Measures one slider for one model; each step of the iteration costs at most one pass.
 *
 * @param {{model: Model, image: Uint8Array, changes: object, slider: object}} task `image` unchanged; the other
 *   sliders stand where `changes` has them
 * @param {Curve} curve filled on the way; its points are not measured again
 * @yields {void}
 */
export function* measure({ model, image, changes, slider }, curve) {
  const { key, minimum, step, sampleStep } = slider;
  const { pointByIndex } = curve;
  const pointAt = (index) => {
    if (!pointByIndex.has(index)) {
      const value = valueOf(slider, index);
      const answer = classify(model, applyChanges(image, { ...changes, [key]: value }));
      const label = answer.isAccepted ? answer.predictedClass : null;
      pointByIndex.set(index, { value, probability: answer.probabilities[curve.answer.predictedClass], label });
      curve.points = [...pointByIndex.entries()].sort((a, b) => a[0] - b[0]).map(([, point]) => point);
    }
    return pointByIndex.get(index);
  };
  const lastIndex = Math.round((slider.maximum - minimum) / step);
  const stride = Math.round(sampleStep / step);
  const currentIndex = Math.round((changes[key] - minimum) / step);
  for (const index of coarseToFine(lastIndex, stride)) {
    pointAt(index);
    yield;
  }
  pointAt(currentIndex);
  yield;
  const isSameAnswer = (index) => pointAt(index).label === curve.answer.predictedClass && curve.answer.isAccepted;
  if (isSameAnswer(currentIndex)) {
    const ends = [];
    for (const direction of [-1, 1]) {
      const indexes = [...pointByIndex.keys()].filter((index) => (index - currentIndex) * direction >= 0)
        .sort((a, b) => (a - b) * direction);
      const firstOther = indexes.find((index) => !isSameAnswer(index));
      let inside = firstOther === undefined ? indexes.at(-1) : indexes[indexes.indexOf(firstOther) - 1];
      let outside = firstOther;
      while (outside !== undefined && Math.abs(outside - inside) > 1) {
        const middle = Math.round((inside + outside) / 2);
        if (isSameAnswer(middle)) inside = middle;
        else outside = middle;
        yield;
      }
      ends.push(valueOf(slider, inside));
    }
    [curve.from, curve.to] = ends;
  } else {
    curve.from = curve.to = null;
  }
  curve.isDone = true;
}

/** A slider's value at an index of its steps, rounded. */
export function valueOf({ minimum, step }, index) {
  return Math.round((minimum + index * step) * 1000) / 1000;
}

/** Coarse-to-fine order of indexes: 0, 8·stride, 16·stride, … first, then those between. */
function* coarseToFine(lastIndex, stride) {
  for (let gap = 8; gap >= 1; gap /= 2) {
    for (let index = 0; index * stride <= lastIndex; index += gap) {
      if (gap === 8 || (index / gap) % 2 === 1) yield index * stride;
    }
  }
}

/**
 * Runs an iterator in slices of `budget` milliseconds a frame.
 * @param {() => Iterator} begin creates the iterator, anew after every `restart`
 * @param {(isDone: boolean) => void} onSlice called after each slice
 * @param {number} [budget]
 * @returns {{restart: (delay?: number) => void, stop: () => void, maxSliceMs: () => number}} `maxSliceMs`: milliseconds
 *   of the longest slice since the last restart
 */
export function runInSlices(begin, onSlice, budget = 4) {
  let iterator = null;
  let frameRequest = 0;
  let delayTimer = 0;
  let stepCost = 1;
  let maxSliceMs = 0;

  function runSlice() {
    const start = performance.now();
    let done = false;
    let elapsed = 0;
    do {
      done = iterator.next().done;
      const now = performance.now() - start;
      stepCost = 0.8 * stepCost + 0.2 * (now - elapsed);
      elapsed = now;
    } while (!done && elapsed + stepCost < budget);
    maxSliceMs = Math.max(maxSliceMs, elapsed);
    onSlice(done);
    frameRequest = done ? 0 : requestAnimationFrame(runSlice);
  }

  function stop() {
    clearTimeout(delayTimer);
    cancelAnimationFrame(frameRequest);
  }

  return {
    restart: (delay = 0) => {
      stop();
      delayTimer = setTimeout(() => {
        iterator = begin();
        maxSliceMs = 0;
        frameRequest = requestAnimationFrame(runSlice);
      }, delay);
    },
    stop,
    maxSliceMs: () => maxSliceMs,
  };
}
