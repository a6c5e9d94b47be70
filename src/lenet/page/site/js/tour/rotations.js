/** A digit rotated in steps of 15°, and a network's answer to each rotation. */

import { answerOf, networkInput } from "lenet/network.js";
import { applyChanges } from "lenet/robustness/changes.js";
import { UNCHANGED } from "lenet/store.js";

const ANGLES = [-90, -75, -60, -45, -30, -15, 0, 15, 30, 45, 60, 75, 90];
const rotationsByImage = new WeakMap();

/**
 * @param {Model} model
 * @param {Uint8Array} image 784 gray levels
 * @returns {{angle: number, image: Uint8Array, answer: object}[]} remembered for each image
 */
export function rotationsOf(model, image) {
  const rotationsByModel = rotationsByImage.get(image) ?? new Map();
  rotationsByImage.set(image, rotationsByModel);
  if (!rotationsByModel.has(model)) {
    rotationsByModel.set(model, ANGLES.map((angle) => {
      const rotated = applyChanges(image, { ...UNCHANGED, rotation: angle });
      const { outputs } = model.network.run(networkInput(model.network, rotated));
      return { angle, image: rotated, answer: answerOf(model, outputs) };
    }));
  }
  return rotationsByModel.get(model);
}
