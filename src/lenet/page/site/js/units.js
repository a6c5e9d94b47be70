/** One unit, written out: what it sees and how its sum comes about. */

import { clipWindow, windowOf } from "lenet/fields.js";
import { connectedMaps } from "lenet/layers.js";

/**
 * @typedef {Object} Source - a window on one map of the stage before; stageIndex -1 is the input
 * @property {number} stageIndex
 * @property {number} map
 * @property {number} top
 * @property {number} left
 * @property {number} height
 * @property {number} width
 */

/**
 * @typedef {Object} Explanation - for every kind:
 * @property {string} kind - as the layer's
 * @property {number} value - after the activation
 * @property {number} sum - before it
 * @property {string} activation
 * @property {{top: number, left: number, height: number, width: number}} receptiveField - in input pixels, clipped
 * @property {Source[]} sources - clipped to the maps
 *
 * convolution: sum = bias + Σ terms' sums; only the maps that feed the unit have a term. A patch may reach over the
 * map's edges (top and left may be negative); the padding's value stands there.
 * @property {number} [bias]
 * @property {number} [firstKernelOffset] - where the first term's kernel begins in the stage's weights
 * @property {{map: number, top: number, left: number, kernelSize: number, patch: Float32Array,
 *     kernel: Float32Array, sum: number}[]} [terms]
 *
 * subsampling: sum = coefficient · Σ values + bias
 * max_pooling: sum = values[maxIndex]
 * average_pooling, global_average_pooling: sum = the mean of values
 * @property {Float32Array} [values]
 * @property {number} [coefficient]
 * @property {number} [maxIndex]
 *
 * full_connection: sum = bias + Σ products; inputs and weights in the order of the stage before, products by size
 * @property {Float32Array} [inputs]
 * @property {Float32Array} [weights]
 * @property {{index: number, map: number, row: number, column: number, input: number, weight: number,
 *     product: number}[]} [products] - the largest |product| first
 *
 * euclidean_rbf: sum = Σ squares; differences = inputs − prototype
 * @property {Float32Array} [prototype]
 * @property {Float32Array} [differences]
 * @property {Float32Array} [squares]
 */

/**
 * @param {Object} network - as `createNetwork` makes it
 * @param {Object} pass - what `network.run` gave
 * @param {number} stageIndex
 * @param {number[]} unit - [map, row, column]
 * @returns {Explanation}
 */
export function explainUnit(network, pass, stageIndex, unit) {
  const stage = network.stages[stageIndex];
  const { sums, values } = pass.stages[stageIndex];
  const [, height, width] = stage.outputShape;
  const unitIndex = (unit[0] * height + unit[1]) * width + unit[2];
  if (!(unitIndex >= 0 && unitIndex < sums.length)) throw new Error(`${stage.name} has no unit [${unit.join(", ")}]`);
  const inputValues = stageIndex === 0 ? pass.input : pass.stages[stageIndex - 1].values;
  return {
    kind: stage.kind,
    value: values[unitIndex],
    sum: sums[unitIndex],
    activation: stage.activation,
    receptiveField: network.receptiveField(stageIndex, unit),
    sources: sourcesOf(network, stageIndex, unit),
    ...EXPLAIN[stage.kind](stage, inputValues, unit, unitIndex),
  };
}

/**
 * What a unit sees of the stage before; needs no pass.
 *
 * @param {Network} network
 * @param {number} stageIndex
 * @param {number[]} unit - [map, row, column]
 * @returns {Source[]}
 */
export function sourcesOf(network, stageIndex, [map, row, column]) {
  const stage = network.stages[stageIndex];
  const window = clipWindow(windowOf(stage, row, column), stage.inputShape);
  return inputMapsOf(stage, map).map((inputMap) => ({ stageIndex: stageIndex - 1, map: inputMap, ...window }));
}

function inputMapsOf({ layer, inputShape: [maps] }, map) {
  switch (layer.kind) {
    case "convolution":
      return connectedMaps(layer, maps)[map];
    case "subsampling":
      return [Math.floor(map / layer.copies)];
    case "max_pooling":
    case "average_pooling":
    case "global_average_pooling":
      return [map];
    default:
      return Array.from({ length: maps }, (_, inputMap) => inputMap);
  }
}

const EXPLAIN = {
  convolution: explainConvolution,
  subsampling: (stage, inputValues, [map, row, column]) => ({
    values: inputValuesOf(stage, inputValues, map, row, column),
    coefficient: stage.arrays.coefficient[map],
    bias: stage.arrays.bias[map],
  }),
  max_pooling: (stage, inputValues, [map, row, column]) => {
    const values = inputValuesOf(stage, inputValues, map, row, column);
    return { values, maxIndex: values.indexOf(Math.max(...values)) };
  },
  average_pooling: (stage, inputValues, [map, row, column]) => ({
    values: inputValuesOf(stage, inputValues, map, row, column),
  }),
  global_average_pooling: (stage, inputValues, [map]) => ({ values: inputValuesOf(stage, inputValues, map, 0, 0) }),
  full_connection: explainFullConnection,
  euclidean_rbf: (stage, inputValues, [unit]) => {
    const prototype = Float32Array.from(stage.layer.prototypes[unit]);
    const differences = inputValues.map((input, index) => input - prototype[index]);
    return { prototype, differences, squares: differences.map((difference) => difference ** 2) };
  },
};

function explainConvolution(stage, inputValues, [map, row, column], unitIndex) {
  const { layer, inputShape, arrays } = stage;
  const kernelSize = layer.kernel_size;
  const { top, left } = windowOf(stage, row, column);
  const connectedInputs = connectedMaps(layer, inputShape[0]);
  const kernelsBefore = connectedInputs.slice(0, map).reduce((count, maps) => count + maps.length, 0);
  const terms = connectedInputs[map].map((inputMap, index) => {
    const patch = patchAt(inputValues, inputShape, inputMap, top, left, kernelSize, layer.padding_value);
    const kernel = arrays.weight.slice(
      (kernelsBefore + index) * kernelSize ** 2, (kernelsBefore + index + 1) * kernelSize ** 2);
    return { map: inputMap, top, left, kernelSize, patch, kernel, sum: dot(patch, kernel) };
  });
  return { bias: arrays.bias[layer.bias === "unit" ? unitIndex : map],
    firstKernelOffset: kernelsBefore * kernelSize ** 2, terms };
}

function inputValuesOf(stage, inputValues, map, row, column) {
  const { top, left, height, width } = windowOf(stage, row, column);
  const [inputMap] = inputMapsOf(stage, map);
  const [, mapHeight, mapWidth] = stage.inputShape;
  return Float32Array.from({ length: height * width }, (_, index) => {
    return inputValues[(inputMap * mapHeight + top + Math.floor(index / width)) * mapWidth + left + (index % width)];
  });
}

function patchAt(maps, [, height, width], map, top, left, kernelSize, outside) {
  return Float32Array.from({ length: kernelSize ** 2 }, (_, index) => {
    const row = top + Math.floor(index / kernelSize);
    const column = left + (index % kernelSize);
    const isInside = row >= 0 && row < height && column >= 0 && column < width;
    return isInside ? maps[(map * height + row) * width + column] : outside;
  });
}

function explainFullConnection({ inputShape: [, height, width], arrays }, inputValues, [unit]) {
  const inputs = inputValues.slice();
  const weights = arrays.weight.slice(unit * inputs.length, (unit + 1) * inputs.length);
  const products = Array.from(inputs, (input, index) => ({
    index,
    map: Math.floor(index / (height * width)),
    row: Math.floor(index / width) % height,
    column: index % width,
    input,
    weight: weights[index],
    product: input * weights[index],
  }));
  products.sort((a, b) => Math.abs(b.product) - Math.abs(a.product) || a.index - b.index);
  return { bias: arrays.bias[unit], inputs, weights, products };
}

function dot(a, b) {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index] * b[index];
  return sum;
}
