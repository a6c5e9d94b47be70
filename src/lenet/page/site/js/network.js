/** Runs any network from its description and its arrays. */

import { receptiveField } from "lenet/fields.js";
import { activationNamed, prepareLayer } from "lenet/layers.js";
import { decodeArrays } from "lenet/weights.js";

export { answerOf } from "lenet/answers.js";
export { modelInput, networkInput } from "lenet/inputs.js";

/**
 * @typedef {Object} Model - a network with weights, class names and all else that the page's document has of it
 * @property {string} title - differs from every other network's
 * @property {Object} description - the network as JSON
 * @property {Network} network - ready to run
 * @property {{temperature: number, min_confidence: number}} calibration - of a single pass
 * @property {{temperature: number, min_confidence: number}} reading_calibration - of the mean over several views of a
 *     digit
 * @property {?number} reject_class - the output that stands for none of the classes
 * @property {string[]} labels - of the classes, without that output
 * @property {{kind: string, side: number, polarity: string}} pictures - what it was trained on: the ink of one digit
 *     ("digits"), or whole pictures ("gray", "color")
 * @property {{data: ?string, test_error: ?number, made_by: ?string}} provenance
 * @property {?{mean: Float32Array, axes: Float32Array, places: Float32Array, shares: number[], read: string}} plane -
 *     test digits on two principal components of the last hidden stage's outputs: mean and axes of these, the digits'
 *     places, the axes' shares of the variance, and as what digit each is read (`read`); null where it reads no digits
 * @property {Object} counts - parameters, connections, macs, stages with derivations
 * @property {boolean} hidden - only there to read pictures
 */

/**
 * @typedef {Object} StagePass
 * @property {string} name
 * @property {number[]} shape - [maps, rows, columns]
 * @property {Float32Array} sums - before the activation
 * @property {Float32Array} values - after it; the same array where the activation is the identity
 */

/**
 * @typedef {Object} Pass - a forward pass: all that a network computes from one input, in arrays of its own
 * @property {Float32Array} input
 * @property {StagePass[]} stages
 * @property {Float32Array} outputs - the last stage's values
 */

/**
 * @param {Object} json - the page's document, parsed or as text
 * @returns {{models: Model[], reader: Model, document: Object}} models without the hidden ones; the reader classifies
 *     the digits of pictures
 */
export function parseDocument(json) {
  const document = typeof json === "string" ? JSON.parse(json) : json;
  if (document.format !== "lenet-page-1") throw new Error(`unknown document format ${document.format}`);
  const allModels = document.networks.map(modelOf);
  const reader = modelOf(document.networks[document.reader]); // apart, since kernels of the others can be edited
  return { models: allModels.filter(({ hidden }) => !hidden), reader, document };
}

function modelOf({ parameters, weights, plane, ...entry }) {
  const network = createNetwork(entry.description, decodeArrays(weights, parameters));
  return { hidden: false, ...entry, network,
    plane: plane && { ...plane, ...decodeArrays(plane.values, plane.arrays) } };
}

/**
 * @typedef {Object} Network
 * @property {Object} description
 * @property {number[]} inputShape - [channels, rows, columns]
 * @property {{name: string, kind: string, layer: Object, activation: string, inputShape: number[],
 *     outputShape: number[], arrays: Object<string, Float32Array>}[]} stages - with their weights
 * @property {boolean} smallestWins - true where the outputs are penalties
 * @property {(input: Float32Array) => Pass} run
 * @property {(stage: number, unit: number[]) => {top: number, left: number, height: number, width: number}}
 *     receptiveField - of [map, row, column], in input pixels, clipped to the input
 */

/**
 * @param {Object} description - as `Network.to_json` in Python writes it
 * @param {Object<string, Float32Array>} arrays - flat, named as in weights files: "c1.weight"
 * @returns {Network}
 */
export function createNetwork(description, arrays) {
  const stages = describeStages(description, arrays);
  const runnableStages = stages.map((stage) => ({
    fill: prepareLayer(stage, stage.arrays),
    activate: activationNamed(stage.activation),
    units: stage.outputShape.reduce((product, size) => product * size),
  }));
  const inputLength = description.input.reduce((product, size) => product * size);

  function run(input) {
    if (input.length !== inputLength) {
      throw new Error(`${description.name} takes ${inputLength} inputs, got ${input.length}`);
    }
    let values = input;
    const stageOutputs = stages.map(({ name, outputShape: shape }, index) => {
      const { fill, activate, units } = runnableStages[index];
      const sums = new Float32Array(units);
      fill(values, sums);
      values = activate ? new Float32Array(units) : sums;
      if (activate) activate(sums, values);
      return { name, shape, sums, values };
    });
    return { input, stages: stageOutputs, outputs: values };
  }

  return {
    description,
    inputShape: description.input,
    stages,
    smallestWins: stages.at(-1).kind === "euclidean_rbf",
    run,
    receptiveField: (index, unit) => receptiveField(stages, index, unit),
  };
}

function describeStages(description, arrays) {
  let inputShape = description.input;
  return description.stages.map((layer) => {
    const { name, kind, activation } = layer;
    const stage = { name, kind, layer, activation, inputShape, outputShape: outputShape(layer, inputShape) };
    inputShape = stage.outputShape;
    return { ...stage, arrays: arraysOf(name, arrays) };
  });
}

function arraysOf(name, arrays) {
  const prefix = `${name}.`;
  const entries = Object.entries(arrays).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(entries.map(([key, array]) => [key.slice(prefix.length), array]));
}

function outputShape(layer, [maps, height, width]) {
  switch (layer.kind) {
    case "convolution": {
      const positions = (length) => Math.floor((length + 2 * layer.padding - layer.kernel_size) / layer.stride) + 1;
      return [layer.maps, positions(height), positions(width)];
    }
    case "subsampling":
      return [maps * layer.copies, height / layer.size, width / layer.size];
    case "max_pooling":
    case "average_pooling":
      return [maps, height / layer.size, width / layer.size];
    case "global_average_pooling":
      return [maps, 1, 1];
    case "full_connection":
      return [layer.units, 1, 1];
    case "euclidean_rbf":
      return [layer.prototypes.length, 1, 1];
    default:
      throw new Error(`unknown layer kind ${JSON.stringify(layer.kind)}`);
  }
}
