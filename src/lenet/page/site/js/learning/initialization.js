/** The weights that training starts from: the rules of `lenet.initialization`, and two to compare with. */

import { connectedMaps } from "lenet/layers.js";

/**
 * Weights are uniform in ± bound, where bound = width / divisor(fan-in); coefficients are set to the bound; biases are
 * 0, or drawn like weights.
 */
export const INITIALIZATIONS = {
  sqrt: { width: 1.2, divisor: Math.sqrt, drawsBiases: false },
  pytorch: { width: 1, divisor: Math.sqrt, drawsBiases: true },
  wide: { width: 2.4, divisor: Math.sqrt, drawsBiases: false },
  paper: { width: 2.4, divisor: (fanIn) => fanIn, drawsBiases: false },
  zero: { width: 0, divisor: Math.sqrt, drawsBiases: false },
};

/**
 * Fills the arrays of all stages.
 *
 * @param {Object[]} stages - with layer, inputShape and arrays
 * @param {string} rule - a key of INITIALIZATIONS
 * @param {() => number} random
 */
export function initializeWeights(stages, rule, random) {
  const { width, divisor, drawsBiases } = INITIALIZATIONS[rule];
  for (const { layer, inputShape, arrays } of stages) {
    const fanIns = fanInsOf(layer, inputShape);
    const fillUniformly = (array, boundOf) => array.forEach((_, index) => {
      array[index] = (2 * random() - 1) * boundOf(index);
    });
    const bounds = fanIns.map((fanIn) => width / divisor(fanIn));
    const { weight, bias, coefficient } = arrays;
    if (coefficient) coefficient.set(bounds);
    if (weight) fillUniformly(weight, weightBoundLookup(fanIns, bounds));
    if (!bias) continue;
    if (drawsBiases) fillUniformly(bias, (index) => bounds[index]);
    else bias.fill(0);
  }
}

/** The number of inputs that reach a unit of each output map, biases not counted. */
function fanInsOf(layer, [maps, height, width]) {
  switch (layer.kind) {
    case "convolution":
      return connectedMaps(layer, maps).map((inputs) => inputs.length * layer.kernel_size ** 2);
    case "subsampling":
      return Array(maps).fill(layer.size ** 2);
    case "full_connection":
      return Array(layer.units).fill(maps * height * width);
    default:
      return [];
  }
}

/** The bound of a weight by its index: weights of an output map stand together, as many as its fan-in. */
function weightBoundLookup(fanIns, bounds) {
  const boundByWeight = fanIns.flatMap((fanIn, map) => Array(fanIn).fill(bounds[map]));
  return (index) => boundByWeight[index];
}
