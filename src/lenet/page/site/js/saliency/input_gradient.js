/** The derivative of one output of a network by every value of the input, by a backward pass. */

import { clipWindow, windowOf } from "lenet/fields.js";
import { connectedMaps } from "lenet/layers.js";

const SQUASH_AMPLITUDE = 1.7159;
const SQUASH_SLOPE = 2 / 3;

/**
 * @param {Object} network
 * @param {Pass} pass
 * @param {number} output
 * @returns {Float64Array} as long as the input
 */
export function inputGradient(network, pass, output) {
  let grad = new Float64Array(pass.outputs.length);
  grad[output] = 1;
  for (let index = network.stages.length - 1; index >= 0; index--) {
    const stage = network.stages[index];
    const input = index ? pass.stages[index - 1].values : pass.input;
    ACTIVATION_BACKWARD[stage.activation](grad, pass.stages[index].values);
    grad = LAYER_BACKWARD[stage.kind](stage, grad, input, new Float64Array(input.length));
  }
  return grad;
}

/** Turn derivatives by a stage's values into those by its sums, in place. */
const ACTIVATION_BACKWARD = {
  identity: () => {},
  squash: multiplyBy((value) => SQUASH_SLOPE * (SQUASH_AMPLITUDE - value ** 2 / SQUASH_AMPLITUDE)),
  tanh: multiplyBy((value) => 1 - value ** 2),
  sigmoid: multiplyBy((value) => value * (1 - value)),
  relu: multiplyBy((value) => (value > 0 ? 1 : 0)),
  log_softmax: (grad, values) => {
    const total = grad.reduce((sum, value) => sum + value, 0);
    values.forEach((value, index) => { grad[index] -= Math.exp(value) * total; });
  },
};

function multiplyBy(derivative) {
  return (grad, values) => values.forEach((value, index) => { grad[index] *= derivative(value); });
}

/** Add to `inputGrad` the derivatives by a stage's input, from those by its sums (`grad`), and return it. */
const LAYER_BACKWARD = {
  convolution: convolutionBackward,
  subsampling: (stage, grad, _, inputGrad) =>
    spreadGrad(stage, grad, inputGrad, (map) => stage.arrays.coefficient[map]),
  average_pooling: (stage, grad, _, inputGrad) => spreadGrad(stage, grad, inputGrad, () => 1 / stage.layer.size ** 2),
  global_average_pooling: (stage, grad, _, inputGrad) =>
    spreadGrad(stage, grad, inputGrad, () => 1 / (stage.inputShape[1] * stage.inputShape[2])),
  max_pooling: maxPoolingBackward,
  full_connection: ({ arrays: { weight } }, grad, input, inputGrad) => {
    grad.forEach((unitGrad, unit) => {
      const start = unit * input.length;
      if (!unitGrad) return;
      for (let index = 0; index < input.length; index++) inputGrad[index] += unitGrad * weight[start + index];
    });
    return inputGrad;
  },
  euclidean_rbf: ({ layer: { prototypes } }, grad, input, inputGrad) => {
    prototypes.forEach((prototype, unit) => {
      if (grad[unit]) prototype.forEach((bit, index) => { inputGrad[index] += 2 * grad[unit] * (input[index] - bit); });
    });
    return inputGrad;
  },
};

function convolutionBackward({ layer, inputShape, outputShape, arrays: { weight } }, grad, _, inputGrad) {
  const [inputMaps, inputHeight, inputWidth] = inputShape;
  const [, height, width] = outputShape;
  const { kernel_size: side, stride, padding } = layer;
  let kernelStart = 0;
  connectedMaps(layer, inputMaps).forEach((maps, map) => {
    for (const inputMap of maps) {
      for (let index = 0; index < height * width; index++) {
        const unitGrad = grad[map * height * width + index];
        if (!unitGrad) continue;
        const [top, left] = [Math.floor(index / width) * stride - padding, (index % width) * stride - padding];
        for (let kernelIndex = 0; kernelIndex < side * side; kernelIndex++) {
          const [y, x] = [top + Math.floor(kernelIndex / side), left + (kernelIndex % side)];
          if (y < 0 || x < 0 || y >= inputHeight || x >= inputWidth) continue;
          inputGrad[(inputMap * inputHeight + y) * inputWidth + x] += unitGrad * weight[kernelStart + kernelIndex];
        }
      }
      kernelStart += side * side;
    }
  });
  return inputGrad;
}

/** Calls `visit` for every unit with its index, its map, and the indexes of the inputs that it sees. */
function forEachWindow(stage, visit) {
  const { layer, inputShape, outputShape: [maps, height, width] } = stage;
  const [, inputHeight, inputWidth] = inputShape;
  for (let unit = 0; unit < maps * height * width; unit++) {
    const [map, position] = [Math.floor(unit / (height * width)), unit % (height * width)];
    const inputWindow = clipWindow(windowOf(stage, Math.floor(position / width), position % width), inputShape);
    const inputMapStart = Math.floor(map / (layer.copies ?? 1)) * inputHeight * inputWidth;
    const { top, left, width: windowWidth, height: windowHeight } = inputWindow;
    const inputIndexes = Array.from({ length: windowHeight * windowWidth }, (_, index) =>
      inputMapStart + (top + Math.floor(index / windowWidth)) * inputWidth + left + (index % windowWidth));
    visit(unit, map, inputIndexes);
  }
}

function spreadGrad(stage, grad, inputGrad, factorOf) {
  forEachWindow(stage, (unit, map, inputIndexes) => {
    for (const index of inputIndexes) inputGrad[index] += grad[unit] * factorOf(map);
  });
  return inputGrad;
}

/** Each derivative goes to the largest input that the unit sees, of equal ones to the first. */
function maxPoolingBackward(stage, grad, input, inputGrad) {
  forEachWindow(stage, (unit, _, inputIndexes) => {
    inputGrad[inputIndexes.reduce((best, index) => (input[index] > input[best] ? index : best))] += grad[unit];
  });
  return inputGrad;
}
