/** A digit rotated in steps of 15°, and a network's answer to each rotation. */

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
export function rotationsOf(loaded, image) {
  const byNetwork = known.get(image) ?? new Map();
  known.set(image, byNetwork);
  if (!byNetwork.has(loaded)) {
    byNetwork.set(loaded, ANGLES.map((angle) => {
      const rotated = applyChanges(image, { ...UNCHANGED, rotation: angle });
      const { outputs } = loaded.network.run(networkInput(loaded.network, rotated));
      return { angle, image: rotated, answer: probabilities(loaded, outputs) };
    }));
  }
  return byNetwork.get(loaded);
}
