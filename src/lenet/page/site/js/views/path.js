/** One map of each stage, connected with one another: what an overview shows. */

import { connectedMaps } from "lenet/stages.js";
import { strongestUnit } from "lenet/tour/roles.js";
import { explainUnit, sourcesOf } from "lenet/units.js";

/**
 * @param {Object} network
 * @param {Object} pass
 * @param {{stage: number, unit: number[]}} focus - through which the path goes
 * @returns {number[]} for the input and each stage the index of its map: back along the strongest part of each sum, and
 *     on to the strongest map that sees the one before
 */
export function pathThrough(network, pass, { stage, unit }) {
  const path = new Array(network.stages.length + 1).fill(0);
  path[stage + 1] = unit[0];
  let current = unit;
  for (let index = stage; index > 0; index--) {
    path[index] = strongestSource(network, pass, index, current);
    current = strongestUnit(pass.stages[index - 1], path[index]);
  }
  for (let index = stage + 1; index < network.stages.length; index++) {
    path[index + 1] = strongestSuccessor(network.stages[index], pass.stages[index], path[index]);
  }
  return path;
}

function strongestSource(network, pass, index, unit) {
  const { kind, terms, products } = explainUnit(network, pass, index, unit);
  if (kind === "convolution") return terms.reduce((a, b) => (Math.abs(b.sum) > Math.abs(a.sum) ? b : a)).map;
  return kind === "full_connection" ? products[0].map : sourcesOf(network, index, unit)[0].map;
}

function strongestSuccessor({ kind, layer, inputShape, outputShape }, stagePass, map) {
  if (kind === "subsampling") return map * layer.copies;
  if (kind !== "convolution") return Math.min(map, outputShape[0] - 1);
  const candidates = connectedMaps(layer, inputShape[0]).flatMap((maps, index) => (maps.includes(map) ? [index] : []));
  const size = outputShape[1] * outputShape[2];
  const strength = (index) => {
    const [, row, column] = strongestUnit(stagePass, index);
    return Math.abs(stagePass.values[index * size + row * outputShape[2] + column]);
  };
  return candidates.reduce((best, index) => (strength(index) > strength(best) ? index : best), candidates[0] ?? 0);
}
