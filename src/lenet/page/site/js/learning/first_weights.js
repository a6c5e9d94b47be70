/** The weights that training starts from, by the rules of `lenet.initialization` and two to compare with. */

import { connectedMaps } from "lenet/stages.js";

/**
 * Weights uniform in ± width / √fan-in, or width / fan-in; coefficients at that bound; biases 0, or drawn like
 * weights.
 */
export const RULES = {
  sqrt: { width: 1.2, bound: Math.sqrt, drawsBiases: false },
  pytorch: { width: 1, bound: Math.sqrt, drawsBiases: true },
  wide: { width: 2.4, bound: Math.sqrt, drawsBiases: false },
  paper: { width: 2.4, bound: (fanIn) => fanIn, drawsBiases: false },
  zero: { width: 0, bound: Math.sqrt, drawsBiases: false },
};

/**
 * Fills the arrays of all stages.
 *
 * @param {Object[]} stages - with layer, inputShape and arrays
 * @param {string} rule - a key of RULES
 * @param {() => number} random
 */
export function drawFirstWeights(stages, rule, random) {
  const { width, bound, drawsBiases } = RULES[rule];
  for (const { layer, inputShape, arrays } of stages) {
    const fanIns = fanInsOf(layer, inputShape);
    const draw = (array, boundOf) => array.forEach((_, index) => {
      array[index] = (2 * random() - 1) * boundOf(index);
    });
    const bounds = fanIns.map((fanIn) => width / bound(fanIn));
    const { weight, bias, coefficient } = arrays;
    if (coefficient) coefficient.set(bounds);
    if (weight) draw(weight, boundsOfWeights(fanIns, bounds));
    if (!bias) continue;
    if (drawsBiases) draw(bias, (index) => bounds[index]);
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

/** The bound of each weight: those of an output map stand together, as many as its fan-in. */
function boundsOfWeights(fanIns, bounds) {
  const all = fanIns.flatMap((fanIn, map) => Array(fanIn).fill(bounds[map]));
  return (index) => all[index];
}
