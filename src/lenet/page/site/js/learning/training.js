/** Training by stochastic gradient descent with momentum, an update at a time. */

import { seededChance, shuffled } from "lenet/learning/chance.js";
import { drawFirstWeights } from "lenet/learning/first_weights.js";
import { prepareBackward, TO_DELTAS } from "lenet/learning/gradients.js";
import { lossOf, winnerOf } from "lenet/learning/losses.js";
import { activationNamed, connectedMaps, prepareLayer } from "lenet/stages.js";

/**
 * @typedef {Object} Plan - what a training is, complete: the same plan on the same digits gives the same weights
 * @property {Object[]} stages - name, layer, activation, inputShape, outputShape, shapes ({weight: [6, 1, 5, 5], …})
 * @property {[number, number]} inputRange - what background and full ink become
 * @property {string} firstWeights - the rule they are drawn by
 * @property {number} seed - of the first weights and of the order of the digits
 * @property {number} rate
 * @property {number} batch
 * @property {number} momentum
 * @property {number} shift - by how many pixels each digit is moved at most, each way, anew whenever it is trained on
 */

/**
 * @typedef {Object} Update
 * @property {number} loss - mean over the batch, before the weights have moved
 * @property {number} wrong - how many of the batch were misread
 * @property {number} batch - how many it holds; the last of a pass may hold fewer
 * @property {?WatchedGradient} watched
 */

/**
 * @typedef {Object} WatchedGradient - of one weight in one update
 * @property {number} stage
 * @property {number} index - in the stage's weights
 * @property {number[]} examples - places of the batch's digits
 * @property {number[]} parts - of each digit, the derivative of its loss by the weight
 * @property {Float32Array[]} deltas - of a convolution's weight: of each digit the deltas of the map that it leads to
 * @property {Float32Array[]} inputs - and what it was multiplied with at each place of that map
 * @property {number[]} shape - of that map: rows and columns
 * @property {number} gradient - the mean of the parts
 * @property {number} earlier - the step of the update before
 * @property {number} velocity - the step: momentum · earlier + rate · gradient
 * @property {number} before
 * @property {number} after
 */

/**
 * @param {Plan} plan
 * @param {{training: number, test: number, labels: Uint8Array, images: Uint8Array}} digits
 */
export function createTraining(plan, digits) {
  const parameters = layOut(plan.stages);
  const gradients = layOut(plan.stages);
  const velocities = new Float64Array(parameters.flat.length);
  const network = prepare(plan.stages, parameters.arrays, gradients.arrays);
  const inputs = networkInputs(digits.images, plan.inputRange, plan.stages[0].inputShape);
  const size = plan.stages[0].inputShape.reduce((product, length) => product * length);
  const inputOf = (digit) => inputs.subarray(digit * size, (digit + 1) * size);
  const random = seededChance(plan.seed);
  const moved = new Float64Array(size);
  drawFirstWeights(network.stages, plan.firstWeights, random);
  let order = null;
  let next = digits.training;
  let updates = 0;

  /** One update from the next batch. */
  function step(watch = null) {
    if (next >= digits.training) {
      order = shuffled(digits.training, random);
      next = 0;
    }
    const batch = order.subarray(next, Math.min(next + plan.batch, digits.training));
    next += batch.length;
    const { loss, wrong, watched } = accumulate(batch, watch);
    const scale = plan.rate / batch.length;
    const before = watched && parameters.flat[watched.at];
    const earlier = watched && velocities[watched.at];
    for (let i = 0; i < velocities.length; i++) {
      velocities[i] = plan.momentum * velocities[i] + scale * gradients.flat[i];
      parameters.flat[i] -= velocities[i];
    }
    updates += 1;
    return { loss: loss / batch.length, wrong, batch: batch.length, watched: watched && {
      ...watched, gradient: gradients.flat[watched.at] / batch.length, earlier, velocity: velocities[watched.at],
      before, after: parameters.flat[watched.at],
    } };
  }

  /** Adds up the gradients of a batch; the weights stay. */
  function accumulate(batch, watch) {
    gradients.flat.fill(0);
    const watched = watch && startWatching(network.stages, gradients, watch);
    let [loss, wrong] = [0, 0];
    for (const digit of batch) {
      const label = digits.labels[digit];
      const before = watched && gradients.flat[watched.at];
      network.forward(plan.shift ? shiftedInput(digit) : inputOf(digit));
      wrong += network.winner() === label ? 0 : 1;
      loss += network.backward(label);
      watched?.note(digit, gradients.flat[watched.at] - before, network);
    }
    return { loss, wrong, watched: watched && watched.noted };
  }

  /** A digit moved by whole pixels; background comes in from the sides. */
  function shiftedInput(digit) {
    const [, height, width] = plan.stages[0].inputShape;
    const amount = () => Math.floor(random() * (2 * plan.shift + 1)) - plan.shift;
    const [down, right] = [amount(), amount()];
    const input = inputOf(digit);
    moved.fill(plan.inputRange[0]);
    for (let row = Math.max(0, -down); row < height - Math.max(0, down); row++) {
      const from = row * width + Math.max(0, -right);
      const to = (row + down) * width + Math.max(0, right);
      moved.set(input.subarray(from, (row + 1) * width - Math.max(0, right)), to);
    }
    return moved;
  }

  /** The places of the test digits that are misread. */
  function misread() {
    const wrong = [];
    for (let digit = digits.training; digit < digits.training + digits.test; digit++) {
      network.forward(inputOf(digit));
      if (network.winner() !== digits.labels[digit]) wrong.push(digit);
    }
    return wrong;
  }

  return {
    step,
    accumulate,
    misread,
    parameters,
    gradients,
    get updates() { return updates; },
    get passes() { return updates / Math.ceil(digits.training / plan.batch); },
  };
}

/** All arrays of all stages as parts of one: {flat, arrays: one record a stage}. */
function layOut(stages) {
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

/** The network with room for what a pass leaves behind, one example at a time. */
function prepare(described, arrays, grads) {
  const unitsOf = ({ outputShape }) => outputShape.reduce((product, length) => product * length);
  const stages = described.map((stage, index) => {
    const sums = new Float64Array(unitsOf(stage));
    const activate = activationNamed(stage.activation);
    return {
      ...stage,
      arrays: arrays[index],
      fill: prepareLayer(stage, arrays[index]),
      activate,
      toDeltas: TO_DELTAS[stage.activation],
      goBack: prepareBackward(stage, arrays[index], grads[index]),
      input: null,
      sums,
      values: activate ? new Float64Array(sums.length) : sums,
      deltas: new Float64Array(sums.length),
    };
  });
  const last = stages.at(-1);
  const arePenalties = last.layer.kind === "euclidean_rbf";
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
    winner: () => winnerOf(last.values, arePenalties),
    /** Back from the loss of the example that went forward last; gives the loss. */
    backward(label) {
      const loss = lossOf(last.values, label, arePenalties, last.deltas);
      for (let index = stages.length - 1; index >= 0; index--) {
        const { toDeltas, goBack, input, values, deltas } = stages[index];
        toDeltas(deltas, values);
        goBack(input, deltas, index ? stages[index - 1].deltas : null);
      }
      return loss;
    },
  };
}

/** What an update notes of one weight. */
function startWatching(stages, gradients, { stage: index, index: weight }) {
  const grads = gradients.arrays[index].weight;
  const gradientIndex = grads.byteOffset / grads.BYTES_PER_ELEMENT + weight;
  const stage = stages[index];
  const weightAddress = stage.layer.kind === "convolution" ? placeOf(stage, weight) : null;
  const noted = { at: gradientIndex, stage: index, index: weight, examples: [], parts: [], deltas: [], inputs: [],
    shape: weightAddress && [weightAddress.height, weightAddress.width] };
  return {
    at: gradientIndex,
    noted,
    note(example, part) {
      noted.examples.push(example);
      noted.parts.push(part);
      if (!weightAddress) return;
      const { map, inputMap, row, column, height, width, inputHeight, inputWidth } = weightAddress;
      noted.deltas.push(Float32Array.from(stage.deltas.subarray(map * height * width, (map + 1) * height * width)));
      const multiplied = new Float32Array(height * width);
      for (let y = 0; y < height; y++) {
        const from = (inputMap * inputHeight + y + row) * inputWidth + column;
        multiplied.set(stage.input.subarray(from, from + width), y * width);
      }
      noted.inputs.push(multiplied);
    },
  };
}

/** Which map a convolution's weight leads to, from which it comes, and where in the kernel it stands. */
function placeOf({ layer, inputShape: [inputMaps, inputHeight, inputWidth], outputShape: [, height, width] }, weight) {
  const area = layer.kernel_size ** 2;
  const kernels = connectedMaps(layer, inputMaps).flatMap((row, map) => row.map((inputMap) => ({ map, inputMap })));
  const inside = weight % area;
  return { ...kernels[Math.floor(weight / area)], row: Math.floor(inside / layer.kernel_size),
    column: inside % layer.kernel_size, height, width, inputHeight, inputWidth };
}
