/** Robustness curves: a network's answers over a slider's range, computed in slices between frames. */

import { networkInput, probabilities } from "lenet/network.js";
import { applyChanges } from "lenet/robustness/changes.js";

/**
 * @typedef {{value: number, share: number, label: ?number}} Point at a slider's value: the probability of the unchanged
 *   digit's answer, and the winner (null where none is sure enough)
 * @typedef {{answer: object, pointByIndex: Map<number, Point>, points: Point[], from: ?number, to: ?number,
 *   isDone: boolean}} Curve `points` in the order of the slider; `from`..`to` is where the
 *   answer stays the same, around the slider's value
 */

/** A curve without points, of the unchanged digit's answer. */
export function emptyCurve(answer) {
  return { answer, pointByIndex: new Map(), points: [], from: null, to: null, isDone: false };
}

/** A network's answer to a 28×28 image. */
export function classify(loaded, image) {
  const { outputs } = loaded.network.run(networkInput(loaded.network, image));
  return probabilities(loaded, outputs);
}

/**
 * Measures one slider for one network; every step of the iteration costs one or no pass.
 *
 * @param {{loaded: object, image: Uint8Array, changes: object, slider: object}} task `image` unchanged; the other
 *   sliders stand where `changes` has them
 * @param {Curve} curve filled on the way; its points are not measured again
 * @yields {void}
 */
export function* measure({ loaded, image, changes, slider }, curve) {
  const { key, minimum, step, sample } = slider;
  const { pointByIndex } = curve;
  const pointAt = (index) => {
    if (!pointByIndex.has(index)) {
      const value = valueOf(slider, index);
      const answer = classify(loaded, applyChanges(image, { ...changes, [key]: value }));
      const label = answer.accepted ? answer.winner : null;
      pointByIndex.set(index, { value, share: answer.probabilities[curve.answer.winner], label });
      curve.points = [...pointByIndex.entries()].sort((a, b) => a[0] - b[0]).map(([, point]) => point);
    }
    return pointByIndex.get(index);
  };
  const last = Math.round((slider.maximum - minimum) / step);
  const stride = Math.round(sample / step);
  const current = Math.round((changes[key] - minimum) / step);
  for (const index of coarseFirst(last, stride)) {
    pointAt(index);
    yield;
  }
  pointAt(current);
  yield;
  const hasSameAnswer = (index) => pointAt(index).label === curve.answer.winner && curve.answer.accepted;
  if (hasSameAnswer(current)) {
    const ends = [];
    for (const direction of [-1, 1]) {
      const indexes = [...pointByIndex.keys()].filter((index) => (index - current) * direction >= 0)
        .sort((a, b) => (a - b) * direction);
      const firstOther = indexes.find((index) => !hasSameAnswer(index));
      let [inside, outside] = [indexes[indexes.indexOf(firstOther) - 1] ?? indexes.at(-1), firstOther];
      if (firstOther === undefined) inside = indexes.at(-1);
      while (outside !== undefined && Math.abs(outside - inside) > 1) {
        const middle = Math.round((inside + outside) / 2);
        if (hasSameAnswer(middle)) inside = middle;
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
function* coarseFirst(last, stride) {
  for (let skip = 8; skip >= 1; skip /= 2) {
    for (let index = 0; index * stride <= last; index += skip) {
      if (skip === 8 || (index / skip) % 2 === 1) yield index * stride;
    }
  }
}

/**
 * Runs iterations in slices of `budget` milliseconds a frame.
 * @param {() => Iterator} begin creates the iterator, anew after every `restart`
 * @param {(isDone: boolean) => void} onSlice called after each slice
 * @param {number} [budget]
 * @returns {{restart: (delay?: number) => void, stop: () => void, longest: () => number}}
 */
export function inSlices(begin, onSlice, budget = 4) {
  let iterator = null;
  let frame = 0;
  let wait = 0;
  let cost = 1;
  let longest = 0;

  function slice() {
    const start = performance.now();
    let done = false;
    let elapsed = 0;
    do {
      done = iterator.next().done;
      const now = performance.now() - start;
      cost = 0.8 * cost + 0.2 * (now - elapsed);
      elapsed = now;
    } while (!done && elapsed + cost < budget);
    longest = Math.max(longest, elapsed);
    onSlice(done);
    frame = done ? 0 : requestAnimationFrame(slice);
  }

  function stop() {
    clearTimeout(wait);
    cancelAnimationFrame(frame);
  }

  return {
    restart: (delay = 0) => {
      stop();
      wait = setTimeout(() => {
        iterator = begin();
        longest = 0;
        frame = requestAnimationFrame(slice);
      }, delay);
    },
    stop,
    longest: () => longest,
  };
}
