/**
 * The backward pass of every kind of layer that the chapter's networks have, as `lenet.engine.reference` has it.
 *
 * Maps and their gradients are Float64Array (maps · rows · columns). What goes back through a layer are the deltas:
 * the derivatives of the loss by its sums.
 */

import { connectedMaps } from "lenet/stages.js";

const SQUASH_AMPLITUDE = 1.7159;
const SQUASH_SLOPE = 2 / 3;

/** From the derivatives by a stage's values to those by its sums, in place; by what the values are. */
export const TO_DELTAS = {
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
 * Makes the way back through a layer ready.
 *
 * @param {Object} stage - layer, inputShape, outputShape
 * @param {Object<string, Float64Array>} arrays - the stage's parameters
 * @param {Object<string, Float64Array>} grads - where their gradients are added up
 * @returns {(input: Float64Array, deltas: Float64Array, inputGrad: ?Float64Array) => void} adds to the gradients, and
 *     fills the derivatives by the input unless nobody asks for them
 */
export function prepareBackward(stage, arrays, grads) {
  const prepare = LAYERS[stage.layer.kind];
  if (!prepare) throw new Error(`no way back through a layer of kind ${JSON.stringify(stage.layer.kind)}`);
  return prepare(stage, arrays, grads);
}

const LAYERS = {
  convolution: prepareConvolution,
  subsampling: prepareSubsampling,
  average_pooling: prepareAveragePooling,
  max_pooling: (stage) => (input, deltas, inputGrad) => inputGrad && backToMaxima(input, deltas, inputGrad, stage),
  full_connection: prepareFullConnection,
  euclidean_rbf: prepareRbf,
};

function prepareConvolution({ layer, inputShape, outputShape }, { weight }, grads) {
  const [inputMaps, inputHeight, inputWidth] = inputShape;
  const [maps, height, width] = outputShape;
  if (layer.kernel_size !== 5 || layer.stride !== 1 || layer.padding) {
    throw new Error("only convolutions of 5×5 kernels, step 1, without padding are learned here");
  }
  const connected = connectedMaps(layer, inputMaps);
  const [inputArea, area] = [inputHeight * inputWidth, height * width];
  const sizes = { inputWidth, height, width };
  return (input, deltas, inputGrad) => {
    inputGrad?.fill(0);
    let kernel = 0;
    for (let map = 0; map < maps; map++) {
      let sum = 0;
      for (let i = map * area; i < (map + 1) * area; i++) sum += deltas[i];
      grads.bias[map] += sum;
      for (const inputMap of connected[map]) {
        addKernelGrad(input, inputMap * inputArea, deltas, map * area, grads.weight, kernel, sizes);
        if (inputGrad) addInputGrad(inputGrad, inputMap * inputArea, deltas, map * area, weight, kernel, sizes);
        kernel += 25;
      }
    }
  };
}

/** Of each weight: the sum over all places of delta times what the weight was multiplied with there. */
function addKernelGrad(input, inputStart, deltas, deltasStart, grad, kernel, { inputWidth, height, width }) {
  for (let kernelRow = 0; kernelRow < 5; kernelRow++) {
    let g0 = 0;
    let g1 = 0;
    let g2 = 0;
    let g3 = 0;
    let g4 = 0;
    let index = deltasStart;
    for (let row = 0; row < height; row++) {
      let from = inputStart + (row + kernelRow) * inputWidth;
      let a = input[from];
      let b = input[from + 1];
      let c = input[from + 2];
      let d = input[from + 3];
      from += 4;
      for (const end = index + width; index < end; index++, from++) {
        const e = input[from];
        const delta = deltas[index];
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
    const start = kernel + 5 * kernelRow;
    grad[start] += g0;
    grad[start + 1] += g1;
    grad[start + 2] += g2;
    grad[start + 3] += g3;
    grad[start + 4] += g4;
  }
}

/** Each delta, times each weight, back to where that weight had looked. */
function addInputGrad(grad, gradStart, deltas, deltasStart, weight, kernel, { inputWidth, height, width }) {
  for (let kernelRow = 0; kernelRow < 5; kernelRow++) {
    const start = kernel + 5 * kernelRow;
    const w0 = weight[start];
    const w1 = weight[start + 1];
    const w2 = weight[start + 2];
    const w3 = weight[start + 3];
    const w4 = weight[start + 4];
    for (let row = 0; row < height; row++) {
      let to = gradStart + (row + kernelRow) * inputWidth;
      let index = deltasStart + row * width;
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (const end = index + width; index < end; index++, to++) {
        const e = deltas[index];
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
    let index = 0;
    for (let map = 0; map < maps; map++) {
      let [toCoefficient, toBias] = [0, 0];
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++, index++) {
          const first = (map * inputHeight + row * size) * inputWidth + column * size;
          const delta = deltas[index];
          const back = delta * coefficient[map];
          let sum = 0;
          for (let y = 0; y < size; y++) {
            for (let x = 0; x < size; x++) {
              sum += input[first + y * inputWidth + x];
              inputGrad[first + y * inputWidth + x] = back;
            }
          }
          toCoefficient += delta * sum;
          toBias += delta;
        }
      }
      grads.coefficient[map] += toCoefficient;
      grads.bias[map] += toBias;
    }
  };
}

function prepareAveragePooling({ layer: { size }, inputShape: [, inputHeight, inputWidth], outputShape }) {
  const [maps, height, width] = outputShape;
  const share = 1 / size ** 2;
  return (input, deltas, inputGrad) => {
    let index = 0;
    for (let map = 0; map < maps; map++) {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++, index++) {
          const first = (map * inputHeight + row * size) * inputWidth + column * size;
          const back = share * deltas[index];
          for (let y = 0; y < size; y++) {
            for (let x = 0; x < size; x++) inputGrad[first + y * inputWidth + x] = back;
          }
        }
      }
    }
  };
}

/** Of equal values the first one counts. */
function backToMaxima(input, deltas, inputGrad, { layer: { size }, inputShape, outputShape }) {
  const [, inputHeight, inputWidth] = inputShape;
  const [maps, height, width] = outputShape;
  inputGrad.fill(0);
  let index = 0;
  for (let map = 0; map < maps; map++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++, index++) {
        const first = (map * inputHeight + row * size) * inputWidth + column * size;
        let largest = first;
        for (let y = 0; y < size; y++) {
          for (let x = 0; x < size; x++) {
            const inputIndex = first + y * inputWidth + x;
            if (input[inputIndex] > input[largest]) largest = inputIndex;
          }
        }
        inputGrad[largest] = deltas[index];
      }
    }
  }
}

function prepareFullConnection(stage, { weight }, grads) {
  return (input, deltas, inputGrad) => {
    inputGrad?.fill(0);
    const inputs = input.length;
    for (let unit = 0; unit < deltas.length; unit++) {
      const delta = deltas[unit];
      if (delta === 0) continue; // most units of ReLU
      grads.bias[unit] += delta;
      const start = unit * inputs;
      if (inputGrad) addBothGrads(input, delta, weight, grads.weight, start, inputGrad);
      else for (let i = 0; i < inputs; i++) grads.weight[start + i] += delta * input[i];
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
      const twice = 2 * deltas[unit];
      for (let i = 0; i < prototype.length; i++) inputGrad[i] += twice * (input[i] - prototype[i]);
    });
  };
}
