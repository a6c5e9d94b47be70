/** The maps that the overview shows: one of each stage, each connected to the one before. */

import { connectedMaps } from "lenet/layers.js";
import { strongestUnit } from "lenet/tour/roles.js";
import { explainUnit, sourcesOf } from "lenet/units.js";

/**
 * Chooses the input's map and one of each stage for the overview.
 *
 * @param {Object} network
 * @param {Object} pass
 * @param {{stageIndex: number, unit: number[]}} focus - a unit whose map is among them
 * @returns {number[]} for the input and each stage the index of its map: back along the strongest part of each sum, and
 *     on to the strongest map that sees the one before
 */
export function chooseOverviewMaps(network, pass, { stageIndex, unit }) {
  const maps = new Array(network.stages.length + 1).fill(0);
  maps[stageIndex + 1] = unit[0];
  let current = unit;
  for (let index = stageIndex; index > 0; index--) {
    maps[index] = strongestSource(network, pass, index, current);
    current = strongestUnit(pass.stages[index - 1], maps[index]);
  }
  for (let index = stageIndex + 1; index < network.stages.length; index++) {
    maps[index + 1] = strongestSuccessor(network.stages[index], pass.stages[index], maps[index]);
  }
  return maps;
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
  const unitsPerMap = outputShape[1] * outputShape[2];
  const strength = (index) => {
    const [, row, column] = strongestUnit(stagePass, index);
    return Math.abs(stagePass.values[index * unitsPerMap + row * outputShape[2] + column]);
  };
  return candidates.reduce((best, index) => (strength(index) > strength(best) ? index : best), candidates[0] ?? 0);
}
