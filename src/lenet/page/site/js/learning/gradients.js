/**
 * The backward pass of every kind of layer that the chapter's networks have, as `lenet.engine.reference` has it.
 *
 * Maps and their gradients are Float64Array (maps · rows · columns). Deltas are the derivatives of the loss by a
 * stage's sums, before the activation.
 */

import { connectedMaps } from "lenet/layers.js";

const SQUASH_AMPLITUDE = 1.7159;
const SQUASH_SLOPE = 2 / 3;

/** Turn derivatives by a stage's values into those by its sums, its deltas, in place. */
export const ACTIVATION_BACKWARD = {
  identity: () => {},
  squash: (deltas, values) => {
    for (let i = 0; i < deltas.length; i++) {
      deltas[i] *= SQUASH_SLOPE * (SQUASH_AMPLITUDE - (values[i] * values[i]) / SQUASH_AMPLITUDE);
    }
  },
  sigmoid: (deltas, values) => {
    for (let i = 0; i < deltas.length; i++) deltas[i] *= values[i] * (1 - values[i]);
  },
  relu: (deltas, values) => {
    for (let i = 0; i < deltas.length; i++) if (!(values[i] > 0)) deltas[i] = 0;
  },
};

/**
 * Prepares the backward pass of a layer.
 *
 * @param {Object} stage - layer, inputShape, outputShape
 * @param {Object<string, Float64Array>} arrays - the stage's parameters
 * @param {Object<string, Float64Array>} grads - where their gradients are added up
 * @returns {(input: Float64Array, deltas: Float64Array, inputGrad: ?Float64Array) => void} adds to the gradients, and
 *     fills `inputGrad`, the derivatives by the input, unless it is null
 */
export function prepareBackward(stage, arrays, grads) {
  const prepareLayerBackward = PREPARE_BACKWARD[stage.layer.kind];
  if (!prepareLayerBackward) throw new Error(`no way back through a layer of kind ${JSON.stringify(stage.layer.kind)}`);
  return prepareLayerBackward(stage, arrays, grads);
}

const PREPARE_BACKWARD = {
  convolution: prepareConvolution,
  subsampling: prepareSubsampling,
  average_pooling: prepareAveragePooling,
  max_pooling: (stage) => (input, deltas, inputGrad) =>
    inputGrad && maxPoolingBackward(input, deltas, inputGrad, stage),
  full_connection: prepareFullConnection,
  euclidean_rbf: prepareRbf,
};

function prepareConvolution({ layer, inputShape, outputShape }, { weight }, grads) {
  const [inputMaps, inputHeight, inputWidth] = inputShape;
  const [maps, height, width] = outputShape;
  if (layer.kernel_size !== 5 || layer.stride !== 1 || layer.padding) {
    throw new Error("only convolutions of 5×5 kernels, step 1, without padding are learned here");
  }
  const connectedInputs = connectedMaps(layer, inputMaps);
  const [inputArea, area] = [inputHeight * inputWidth, height * width];
  const mapSizes = { inputWidth, height, width };
  return (input, deltas, inputGrad) => {
    inputGrad?.fill(0);
    let kernelStart = 0;
    for (let map = 0; map < maps; map++) {
      let sum = 0;
      for (let i = map * area; i < (map + 1) * area; i++) sum += deltas[i];
      grads.bias[map] += sum;
      for (const inputMap of connectedInputs[map]) {
        addKernelGrad(input, inputMap * inputArea, deltas, map * area, grads.weight, kernelStart, mapSizes);
        if (inputGrad) addInputGrad(inputGrad, inputMap * inputArea, deltas, map * area, weight, kernelStart, mapSizes);
        kernelStart += 25;
      }
    }
  };
}

/** Of each weight: the sum over all places of delta times what the weight was multiplied with there. */
function addKernelGrad(input, inputStart, deltas, deltasStart, grad, kernelStart, { inputWidth, height, width }) {
  for (let kernelRow = 0; kernelRow < 5; kernelRow++) {
    let g0 = 0;
    let g1 = 0;
    let g2 = 0;
    let g3 = 0;
    let g4 = 0;
    let unitIndex = deltasStart;
    for (let row = 0; row < height; row++) {
      let from = inputStart + (row + kernelRow) * inputWidth;
      let a = input[from];
      let b = input[from + 1];
      let c = input[from + 2];
      let d = input[from + 3];
      from += 4;
      for (const end = unitIndex + width; unitIndex < end; unitIndex++, from++) {
        const e = input[from];
        const delta = deltas[unitIndex];
        g0 += delta * a;
        g1 += delta * b;
        g2 += delta * c;
        g3 += delta * d;
        g4 += delta * e;
        a = b;
        b = c;
        c = d;
        d = e;
      }
    }
    const start = kernelStart + 5 * kernelRow;
    grad[start] += g0;
    grad[start + 1] += g1;
    grad[start + 2] += g2;
    grad[start + 3] += g3;
    grad[start + 4] += g4;
  }
}

/** Adds each delta times each weight to the gradient of the input that the weight was multiplied with. */
function addInputGrad(grad, gradStart, deltas, deltasStart, weight, kernelStart, { inputWidth, height, width }) {
  for (let kernelRow = 0; kernelRow < 5; kernelRow++) {
    const start = kernelStart + 5 * kernelRow;
    const w0 = weight[start];
    const w1 = weight[start + 1];
    const w2 = weight[start + 2];
    const w3 = weight[start + 3];
    const w4 = weight[start + 4];
    for (let row = 0; row < height; row++) {
      let to = gradStart + (row + kernelRow) * inputWidth;
      let unitIndex = deltasStart + row * width;
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (const end = unitIndex + width; unitIndex < end; unitIndex++, to++) {
        const e = deltas[unitIndex];
        grad[to] += w0 * e + w1 * d + w2 * c + w3 * b + w4 * a;
        a = b;
        b = c;
        c = d;
        d = e;
      }
      grad[to] += w1 * d + w2 * c + w3 * b + w4 * a;
      grad[to + 1] += w2 * d + w3 * c + w4 * b;
      grad[to + 2] += w3 * d + w4 * c;
      grad[to + 3] += w4 * d;
    }
  }
}

function prepareSubsampling({ layer, inputShape, outputShape }, { coefficient }, grads) {
  const [, inputHeight, inputWidth] = inputShape;
  const [maps, height, width] = outputShape;
  const { size } = layer;
  return (input, deltas, inputGrad) => {
    let unitIndex = 0;
    for (let map = 0; map < maps; map++) {
      let [coefficientGrad, biasGrad] = [0, 0];
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++, unitIndex++) {
          const patchStart = (map * inputHeight + row * size) * inputWidth + column * size;
          const delta = deltas[unitIndex];
          const gradPerInput = delta * coefficient[map];
          let sum = 0;
          for (let y = 0; y < size; y++) {
            for (let x = 0; x < size; x++) {
              sum += input[patchStart + y * inputWidth + x];
              inputGrad[patchStart + y * inputWidth + x] = gradPerInput;
            }
          }
          coefficientGrad += delta * sum;
          biasGrad += delta;
        }
      }
      grads.coefficient[map] += coefficientGrad;
      grads.bias[map] += biasGrad;
    }
  };
}

function prepareAveragePooling({ layer: { size }, inputShape: [, inputHeight, inputWidth], outputShape }) {
  const [maps, height, width] = outputShape;
  const inverseArea = 1 / size ** 2;
  return (input, deltas, inputGrad) => {
    let unitIndex = 0;
    for (let map = 0; map < maps; map++) {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++, unitIndex++) {
          const patchStart = (map * inputHeight + row * size) * inputWidth + column * size;
          const gradPerInput = inverseArea * deltas[unitIndex];
          for (let y = 0; y < size; y++) {
            for (let x = 0; x < size; x++) inputGrad[patchStart + y * inputWidth + x] = gradPerInput;
          }
        }
      }
    }
  };
}

/** Each delta goes to the largest of its inputs, of equal ones to the first. */
function maxPoolingBackward(input, deltas, inputGrad, { layer: { size }, inputShape, outputShape }) {
  const [, inputHeight, inputWidth] = inputShape;
  const [maps, height, width] = outputShape;
  inputGrad.fill(0);
  let unitIndex = 0;
  for (let map = 0; map < maps; map++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++, unitIndex++) {
        const patchStart = (map * inputHeight + row * size) * inputWidth + column * size;
        let maxIndex = patchStart;
        for (let y = 0; y < size; y++) {
          for (let x = 0; x < size; x++) {
            const inputIndex = patchStart + y * inputWidth + x;
            if (input[inputIndex] > input[maxIndex]) maxIndex = inputIndex;
          }
        }
        inputGrad[maxIndex] = deltas[unitIndex];
      }
    }
  }
}

function prepareFullConnection(stage, { weight }, grads) {
  return (input, deltas, inputGrad) => {
    inputGrad?.fill(0);
    const inputCount = input.length;
    for (let unit = 0; unit < deltas.length; unit++) {
      const delta = deltas[unit];
      if (delta === 0) continue; // most units of ReLU
      grads.bias[unit] += delta;
      const start = unit * inputCount;
      if (inputGrad) addBothGrads(input, delta, weight, grads.weight, start, inputGrad);
      else for (let i = 0; i < inputCount; i++) grads.weight[start + i] += delta * input[i];
    }
  };
}

function addBothGrads(input, delta, weight, weightGrad, start, inputGrad) {
  for (let i = 0; i < input.length; i++) {
    weightGrad[start + i] += delta * input[i];
    inputGrad[i] += delta * weight[start + i];
  }
}

function prepareRbf({ layer: { prototypes } }) {
  return (input, deltas, inputGrad) => {
    inputGrad.fill(0);
    prototypes.forEach((prototype, unit) => {
      const doubledDelta = 2 * deltas[unit];
      for (let i = 0; i < prototype.length; i++) inputGrad[i] += doubledDelta * (input[i] - prototype[i]);
    });
  };
}
