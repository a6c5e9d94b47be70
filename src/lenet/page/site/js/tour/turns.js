/** A digit turned step by step, and what a network answers to each turn. */

import { networkInput, probabilities } from "lenet/network.js";
import { applyChanges } from "lenet/robustness/changes.js";
import { UNCHANGED } from "lenet/store.js";

const ANGLES = [-90, -75, -60, -45, -30, -15, 0, 15, 30, 45, 60, 75, 90];
const known = new WeakMap();

/**
 * @param {object} loaded
 * @param {Uint8Array} image 784 gray levels
 * @returns {{angle: number, image: Uint8Array, answer: object}[]} remembered for each image
 */
export function turnsOf(loaded, image) {
  const byNetwork = known.get(image) ?? new Map();
  known.set(image, byNetwork);
  if (!byNetwork.has(loaded)) {
    byNetwork.set(loaded, ANGLES.map((angle) => {
      const turned = applyChanges(image, { ...UNCHANGED, rotation: angle });
      const { outputs } = loaded.network.run(networkInput(loaded.network, turned));
      return { angle, image: turned, answer: probabilities(loaded, outputs) };
    }));
  }
  return byNetwork.get(loaded);
}
