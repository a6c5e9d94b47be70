/** The derivative of one output by every value of the input, through any network, as it was run. */

import { clipped, windowOf } from "lenet/fields.js";
import { connectedMaps } from "lenet/stages.js";

const SQUASH_AMPLITUDE = 1.7159;
const SQUASH_SLOPE = 2 / 3;

/**
 * @param {Object} network
 * @param {Object} pass - what `network.run` gave
 * @param {number} output
 * @returns {Float64Array} as long as the input
 */
export function inputGradient(network, pass, output) {
  let grad = new Float64Array(pass.outputs.length);
  grad[output] = 1;
  for (let index = network.stages.length - 1; index >= 0; index--) {
    const stage = network.stages[index];
    const input = index ? pass.stages[index - 1].values : pass.input;
    ACTIVATIONS[stage.activation](grad, pass.stages[index].values);
    grad = LAYERS[stage.kind](stage, grad, input, new Float64Array(input.length));
  }
  return grad;
}

/** From derivatives by a stage's values to those by its sums, in place. */
const ACTIVATIONS = {
  identity: () => {},
  squash: scaled((value) => SQUASH_SLOPE * (SQUASH_AMPLITUDE - value ** 2 / SQUASH_AMPLITUDE)),
  tanh: scaled((value) => 1 - value ** 2),
  sigmoid: scaled((value) => value * (1 - value)),
  relu: scaled((value) => (value > 0 ? 1 : 0)),
  log_softmax: (grad, values) => {
    const total = grad.reduce((sum, value) => sum + value, 0);
    values.forEach((value, index) => { grad[index] -= Math.exp(value) * total; });
  },
};

function scaled(slope) {
  return (grad, values) => values.forEach((value, index) => { grad[index] *= slope(value); });
}

/** From derivatives by a stage's sums to those by its input. */
const LAYERS = {
  convolution: backThroughConvolution,
  subsampling: (stage, grad, _, back) => spread(stage, grad, back, (map) => stage.arrays.coefficient[map]),
  average_pooling: (stage, grad, _, back) => spread(stage, grad, back, () => 1 / stage.layer.size ** 2),
  global_average_pooling: (stage, grad, _, back) =>
    spread(stage, grad, back, () => 1 / (stage.inputShape[1] * stage.inputShape[2])),
  max_pooling: backToMaxima,
  full_connection: ({ arrays: { weight } }, grad, input, back) => {
    grad.forEach((unitGrad, unit) => {
      const start = unit * input.length;
      if (unitGrad) for (let index = 0; index < input.length; index++) back[index] += unitGrad * weight[start + index];
    });
    return back;
  },
  euclidean_rbf: ({ layer: { prototypes } }, grad, input, back) => {
    prototypes.forEach((prototype, unit) => {
      if (grad[unit]) prototype.forEach((bit, index) => { back[index] += 2 * grad[unit] * (input[index] - bit); });
    });
    return back;
  },
};

function backThroughConvolution({ layer, inputShape, outputShape, arrays: { weight } }, grad, _, back) {
  const [inputMaps, inputHeight, inputWidth] = inputShape;
  const [, height, width] = outputShape;
  const { kernel_size: side, stride, padding } = layer;
  let kernel = 0;
  connectedMaps(layer, inputMaps).forEach((maps, map) => {
    for (const inputMap of maps) {
      for (let index = 0; index < height * width; index++) {
        const unitGrad = grad[map * height * width + index];
        if (!unitGrad) continue;
        const [top, left] = [Math.floor(index / width) * stride - padding, (index % width) * stride - padding];
        for (let kernelIndex = 0; kernelIndex < side * side; kernelIndex++) {
          const [y, x] = [top + Math.floor(kernelIndex / side), left + (kernelIndex % side)];
          if (y < 0 || x < 0 || y >= inputHeight || x >= inputWidth) continue;
          back[(inputMap * inputHeight + y) * inputWidth + x] += unitGrad * weight[kernel + kernelIndex];
        }
      }
      kernel += side * side;
    }
  });
  return back;
}

/** Calls back with every unit's index and map, and the indexes of what it sees of its map. */
function forEachWindow(stage, visit) {
  const { layer, inputShape, outputShape: [maps, height, width] } = stage;
  const [, inputHeight, inputWidth] = inputShape;
  for (let unit = 0; unit < maps * height * width; unit++) {
    const [map, position] = [Math.floor(unit / (height * width)), unit % (height * width)];
    const window = clipped(windowOf(stage, Math.floor(position / width), position % width), inputShape);
    const first = Math.floor(map / (layer.copies ?? 1)) * inputHeight * inputWidth;
    const inputIndexes = Array.from({ length: window.height * window.width }, (_, index) => first
      + (window.top + Math.floor(index / window.width)) * inputWidth + window.left + (index % window.width));
    visit(unit, map, inputIndexes);
  }
}

function spread(stage, grad, back, factorOf) {
  forEachWindow(stage, (unit, map, inputIndexes) => {
    for (const index of inputIndexes) back[index] += grad[unit] * factorOf(map);
  });
  return back;
}

/** Of equal values the first one counts. */
function backToMaxima(stage, grad, input, back) {
  forEachWindow(stage, (unit, _, inputIndexes) => {
    back[inputIndexes.reduce((best, index) => (input[index] > input[best] ? index : best))] += grad[unit];
  });
  return back;
}
