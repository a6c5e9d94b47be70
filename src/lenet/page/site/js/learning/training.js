/** Training by stochastic gradient descent with momentum, an update at a time. */

import { seededRandom, shuffledIndexes } from "lenet/learning/random.js";
import { initializeWeights } from "lenet/learning/initialization.js";
import { ACTIVATION_BACKWARD, prepareBackward } from "lenet/learning/gradients.js";
import { lossOf, predictedClassOf } from "lenet/learning/losses.js";
import { activationNamed, connectedMaps, prepareLayer } from "lenet/layers.js";

/**
 * @typedef {Object} TrainingPlan - all that a training depends on: the same plan on the same digits gives the same
 *     weights
 * @property {Object[]} stages - name, layer, activation, inputShape, outputShape, shapes ({weight: [6, 1, 5, 5], …})
 * @property {[number, number]} inputRange - the network's input for background and for full ink
 * @property {string} initialization - a key of INITIALIZATIONS
 * @property {number} seed - of the initial weights, the order of the digits and their shifts
 * @property {number} learningRate
 * @property {number} batchSize
 * @property {number} momentum
 * @property {number} shift - the most pixels by which a digit is moved, each way, anew whenever it is trained on
 */

/**
 * @typedef {Object} Update
 * @property {number} loss - mean over the batch, before the weights have moved
 * @property {number} misreadCount - of the batch's digits, before the weights have moved
 * @property {number} batchSize - how many digits the batch holds; the last of an epoch may hold fewer
 * @property {?WeightGradient} weightGradient - of the selected weight
 */

/**
 * @typedef {Object} WeightGradient - of one weight in one update
 * @property {number} stageIndex
 * @property {number} index - in the stage's weights
 * @property {number} flatIndex - among all parameters
 * @property {number[]} digitIndexes - of the batch's digits, in all digits
 * @property {number[]} exampleGradients - of each digit, the derivative of its loss by the weight
 * @property {Float32Array[]} deltas - for each digit, the derivatives of its loss by the sums of the weight's output
 *     map; like `inputs` empty where the stage is no convolution
 * @property {Float32Array[]} inputs - for each digit, what the weight was multiplied with at each place of that map
 * @property {?number[]} mapShape - of that map: rows and columns
 * @property {number} gradient - the mean of the example gradients
 * @property {number} previousVelocity - the weight's step in the update before
 * @property {number} velocity - its step: momentum · previousVelocity + learningRate · gradient
 * @property {number} weightBefore
 * @property {number} weightAfter - weightBefore − velocity
 */

/**
 * @param {TrainingPlan} plan
 * @param {{training: number, test: number, labels: Uint8Array, images: Uint8Array}} digits - by `unpackDigits`
 * @returns {{step: (selectedWeight: ?{stageIndex: number, index: number}) => Update, accumulate: Function,
 *     misreadDigits: () => number[], parameters: {flat: Float64Array, arrays: Object[]},
 *     gradients: {flat: Float64Array, arrays: Object[]}, updates: number, epochs: number}}
 */
export function createTraining(plan, digits) {
  const parameters = allocateArrays(plan.stages);
  const gradients = allocateArrays(plan.stages);
  const velocities = new Float64Array(parameters.flat.length);
  const network = prepareNetwork(plan.stages, parameters.arrays, gradients.arrays);
  const inputs = networkInputs(digits.images, plan.inputRange, plan.stages[0].inputShape);
  const inputLength = plan.stages[0].inputShape.reduce((product, length) => product * length);
  const inputOf = (digitIndex) => inputs.subarray(digitIndex * inputLength, (digitIndex + 1) * inputLength);
  const random = seededRandom(plan.seed);
  const shiftBuffer = new Float64Array(inputLength);
  initializeWeights(network.stages, plan.initialization, random);
  let order = null;
  let orderPosition = digits.training;
  let updates = 0;

  /** One update from the next batch. */
  function step(selectedWeight = null) {
    if (orderPosition >= digits.training) {
      order = shuffledIndexes(digits.training, random);
      orderPosition = 0;
    }
    const batch = order.subarray(orderPosition, Math.min(orderPosition + plan.batchSize, digits.training));
    orderPosition += batch.length;
    const { lossSum, misreadCount, weightGradient } = accumulate(batch, selectedWeight);
    const scale = plan.learningRate / batch.length;
    const weightBefore = weightGradient && parameters.flat[weightGradient.flatIndex];
    const previousVelocity = weightGradient && velocities[weightGradient.flatIndex];
    for (let i = 0; i < velocities.length; i++) {
      velocities[i] = plan.momentum * velocities[i] + scale * gradients.flat[i];
      parameters.flat[i] -= velocities[i];
    }
    updates += 1;
    return { loss: lossSum / batch.length, misreadCount, batchSize: batch.length, weightGradient: weightGradient && {
      ...weightGradient, gradient: gradients.flat[weightGradient.flatIndex] / batch.length, previousVelocity,
      velocity: velocities[weightGradient.flatIndex], weightBefore,
      weightAfter: parameters.flat[weightGradient.flatIndex],
    } };
  }

  /** Adds up the gradients of a batch, given as indexes of digits; the weights stay. */
  function accumulate(batch, selectedWeight) {
    gradients.flat.fill(0);
    const recorder = selectedWeight && createRecorder(network.stages, gradients, selectedWeight);
    let [lossSum, misreadCount] = [0, 0];
    for (const digitIndex of batch) {
      const label = digits.labels[digitIndex];
      const gradientBefore = recorder && gradients.flat[recorder.flatIndex];
      network.forward(plan.shift ? shiftedInput(digitIndex) : inputOf(digitIndex));
      misreadCount += network.predictedClass() === label ? 0 : 1;
      lossSum += network.backward(label);
      recorder?.add(digitIndex, gradients.flat[recorder.flatIndex] - gradientBefore);
    }
    return { lossSum, misreadCount, weightGradient: recorder && recorder.weightGradient };
  }

  /** A digit's input moved by whole pixels; background comes in from the sides. */
  function shiftedInput(digitIndex) {
    const [, height, width] = plan.stages[0].inputShape;
    const amount = () => Math.floor(random() * (2 * plan.shift + 1)) - plan.shift;
    const [down, right] = [amount(), amount()];
    const input = inputOf(digitIndex);
    shiftBuffer.fill(plan.inputRange[0]);
    for (let row = Math.max(0, -down); row < height - Math.max(0, down); row++) {
      const from = row * width + Math.max(0, -right);
      const to = (row + down) * width + Math.max(0, right);
      shiftBuffer.set(input.subarray(from, (row + 1) * width - Math.max(0, right)), to);
    }
    return shiftBuffer;
  }

  /** The indexes of the test digits that are misread. */
  function misreadDigits() {
    const misread = [];
    for (let digitIndex = digits.training; digitIndex < digits.training + digits.test; digitIndex++) {
      network.forward(inputOf(digitIndex));
      if (network.predictedClass() !== digits.labels[digitIndex]) misread.push(digitIndex);
    }
    return misread;
  }

  return {
    step,
    accumulate,
    misreadDigits,
    parameters,
    gradients,
    get updates() { return updates; },
    get epochs() { return updates / Math.ceil(digits.training / plan.batchSize); },
  };
}

/** All arrays of all stages as views into one: {flat, arrays: one record for each stage}. */
function allocateArrays(stages) {
  const lengthOf = (shape) => shape.reduce((product, length) => product * length);
  const lengths = stages.flatMap(({ shapes }) => Object.values(shapes).map(lengthOf));
  const flat = new Float64Array(lengths.reduce((sum, length) => sum + length, 0));
  let start = 0;
  const take = (shape) => flat.subarray(start, (start += lengthOf(shape)));
  const arrays = stages.map(({ shapes }) =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, take(shape)])));
  return { flat, arrays };
}

/** The digits in the network's range, with as much background around them as its input is larger. */
function networkInputs(images, [background, ink], [, height, width]) {
  const [top, left] = [(height - 28) / 2, (width - 28) / 2];
  const count = images.length / 784;
  const inputs = new Float64Array(count * height * width).fill(background);
  for (let index = 0, from = 0; index < count; index++) {
    for (let row = 0; row < 28; row++) {
      let to = (index * height + top + row) * width + left;
      for (let column = 0; column < 28; column++, from++, to++) {
        inputs[to] = background + (images[from] * (ink - background)) / 255;
      }
    }
  }
  return inputs;
}

/** The network with buffers for one example's forward and backward pass. */
function prepareNetwork(plannedStages, arrays, grads) {
  const unitsOf = ({ outputShape }) => outputShape.reduce((product, length) => product * length);
  const stages = plannedStages.map((stage, index) => {
    const sums = new Float64Array(unitsOf(stage));
    const activate = activationNamed(stage.activation);
    return {
      ...stage,
      arrays: arrays[index],
      fill: prepareLayer(stage, arrays[index]),
      activate,
      activationBackward: ACTIVATION_BACKWARD[stage.activation],
      layerBackward: prepareBackward(stage, arrays[index], grads[index]),
      input: null,
      sums,
      values: activate ? new Float64Array(sums.length) : sums,
      deltas: new Float64Array(sums.length),
    };
  });
  const outputStage = stages.at(-1);
  const arePenalties = outputStage.layer.kind === "euclidean_rbf";
  return {
    stages,
    forward(input) {
      let values = input;
      for (const stage of stages) {
        stage.input = values;
        stage.fill(values, stage.sums);
        stage.activate?.(stage.sums, stage.values);
        values = stage.values;
      }
    },
    predictedClass: () => predictedClassOf(outputStage.values, arePenalties),
    /** The backward pass of the example that went forward last; returns its loss. */
    backward(label) {
      const loss = lossOf(outputStage.values, label, arePenalties, outputStage.deltas);
      for (let index = stages.length - 1; index >= 0; index--) {
        const { activationBackward, layerBackward, input, values, deltas } = stages[index];
        activationBackward(deltas, values);
        layerBackward(input, deltas, index ? stages[index - 1].deltas : null);
      }
      return loss;
    },
  };
}

/** Records, digit by digit, what the WeightGradient of one update holds. */
function createRecorder(stages, gradients, { stageIndex, index }) {
  const grads = gradients.arrays[stageIndex].weight;
  const flatIndex = grads.byteOffset / grads.BYTES_PER_ELEMENT + index;
  const stage = stages[stageIndex];
  const position = stage.layer.kind === "convolution" ? positionOf(stage, index) : null;
  const weightGradient = { flatIndex, stageIndex, index, digitIndexes: [], exampleGradients: [], deltas: [], inputs: [],
    mapShape: position && [position.height, position.width] };
  return {
    flatIndex,
    weightGradient,
    add(digitIndex, exampleGradient) {
      weightGradient.digitIndexes.push(digitIndex);
      weightGradient.exampleGradients.push(exampleGradient);
      if (!position) return;
      const { map, inputMap, row, column, height, width, inputHeight, inputWidth } = position;
      const mapStart = map * height * width;
      weightGradient.deltas.push(Float32Array.from(stage.deltas.subarray(mapStart, mapStart + height * width)));
      const inputs = new Float32Array(height * width);
      for (let y = 0; y < height; y++) {
        const from = (inputMap * inputHeight + y + row) * inputWidth + column;
        inputs.set(stage.input.subarray(from, from + width), y * width);
      }
      weightGradient.inputs.push(inputs);
    },
  };
}

/** The output map and input map of a convolution's weight, its place in the kernel, and the sizes of both maps. */
function positionOf({ layer, inputShape, outputShape: [, height, width] }, index) {
  const [inputMaps, inputHeight, inputWidth] = inputShape;
  const area = layer.kernel_size ** 2;
  const kernels = connectedMaps(layer, inputMaps).flatMap((inputs, map) =>
    inputs.map((inputMap) => ({ map, inputMap })));
  const kernelOffset = index % area;
  return { ...kernels[Math.floor(index / area)], row: Math.floor(kernelOffset / layer.kernel_size),
    column: kernelOffset % layer.kernel_size, height, width, inputHeight, inputWidth };
}
