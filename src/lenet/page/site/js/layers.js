/**
 * The forward pass of every kind of layer and of every activation.
 *
 * Maps are Float32Array (maps · rows · columns), row after row, map after map.
 */

const SQUASH_AMPLITUDE = 1.7159;
const SQUASH_SLOPE = 2 / 3;

/**
 * Makes a layer ready to run.
 *
 * @param {Object} stage - layer (as in the JSON), inputShape and outputShape ([maps, rows, columns])
 * @param {Object<string, Float32Array>} arrays - the stage's arrays: weight, bias, coefficient
 * @returns {(input: Float32Array, sums: Float32Array) => void} fills the sums; allocates nothing
 */
export function prepareLayer(stage, arrays) {
  const prepare = LAYERS[stage.layer.kind];
  if (!prepare) throw new Error(`unknown layer kind ${JSON.stringify(stage.layer.kind)}`);
  return prepare(stage, arrays);
}

/**
 * @param {string} name
 * @returns {?(sums: Float32Array, values: Float32Array) => void} fills the values; null for the identity
 */
export function activationNamed(name) {
  if (!Object.hasOwn(ACTIVATIONS, name)) throw new Error(`unknown activation ${JSON.stringify(name)}`);
  return ACTIVATIONS[name];
}

/** For each output map of a convolution, the input maps that feed it: number[][]. */
export function connectedMaps(layer, inputMaps) {
  return layer.table ?? Array.from({ length: layer.maps }, () => Array.from({ length: inputMaps }, (_, map) => map));
}

const LAYERS = {
  convolution: prepareConvolution,
  subsampling: prepareSubsampling,
  max_pooling: (stage) => (input, sums) => poolMaxima(input, sums, stage),
  average_pooling: prepareAveragePooling,
  global_average_pooling: (stage) => (input, sums) => averageMaps(input, sums, stage),
  full_connection: (stage, { weight, bias }) => (input, sums) => connectFully(input, sums, weight, bias),
  euclidean_rbf: prepareRbf,
};

const ACTIVATIONS = {
  identity: null,
  squash: (sums, values) => {
    for (let i = 0; i < sums.length; i++) values[i] = SQUASH_AMPLITUDE * tanh(SQUASH_SLOPE * sums[i]);
  },
  tanh: (sums, values) => {
    for (let i = 0; i < sums.length; i++) values[i] = tanh(sums[i]);
  },
  sigmoid: (sums, values) => {
    for (let i = 0; i < sums.length; i++) values[i] = 1 / (1 + Math.exp(-sums[i]));
  },
  relu: (sums, values) => {
    for (let i = 0; i < sums.length; i++) values[i] = sums[i] > 0 ? sums[i] : 0;
  },
  log_softmax: (sums, values) => {
    const maximum = sums.reduce((a, b) => Math.max(a, b));
    const total = sums.reduce((sum, value) => sum + Math.exp(value - maximum), 0);
    for (let i = 0; i < sums.length; i++) values[i] = sums[i] - maximum - Math.log(total);
  },
};

/** Twice as fast as Math.tanh, and exact in float32. */
function tanh(x) {
  return 1 - 2 / (Math.exp(2 * x) + 1);
}

function prepareConvolution({ layer, inputShape, outputShape }, { weight, bias }) {
  const [inputMaps, inputHeight, inputWidth] = inputShape;
  const [maps, height, width] = outputShape;
  const { kernel_size: side, stride, padding } = layer;
  const paddedHeight = inputHeight + 2 * padding;
  const paddedWidth = inputWidth + 2 * padding;
  const padded = padding && new Float32Array(inputMaps * paddedHeight * paddedWidth).fill(layer.padding_value);
  const connectedInputs = connectedMaps(layer, inputMaps);
  const area = height * width;
  const sizes = { rowLength: paddedWidth, height, width, side, stride };
  const addKernel = side === 5 && stride === 1 ? addFiveByFive : addAnyKernel;
  return (input, sums) => {
    if (padded) copyIntoPadded(input, padded, inputShape, padding);
    const source = padded || input;
    if (layer.bias === "unit") sums.set(bias);
    let kernelStart = 0;
    for (let map = 0; map < maps; map++) {
      if (layer.bias !== "unit") sums.fill(bias[map], map * area, (map + 1) * area);
      for (const inputMap of connectedInputs[map]) {
        addKernel(source, inputMap * paddedHeight * paddedWidth, sums, map * area, weight, kernelStart, sizes);
        kernelStart += side * side;
      }
    }
  };
}

function copyIntoPadded(input, padded, [maps, height, width], padding) {
  const paddedWidth = width + 2 * padding;
  const paddedHeight = height + 2 * padding;
  for (let map = 0; map < maps; map++) {
    for (let row = 0; row < height; row++) {
      const from = (map * height + row) * width;
      const to = (map * paddedHeight + row + padding) * paddedWidth + padding;
      for (let column = 0; column < width; column++) padded[to + column] = input[from + column];
    }
  }
}

function addAnyKernel(source, sourceStart, sums, sumsStart, weight, kernelStart, sizes) {
  const { rowLength, height, width, side, stride } = sizes;
  for (let kernelRow = 0; kernelRow < side; kernelRow++) {
    for (let kernelColumn = 0; kernelColumn < side; kernelColumn++) {
      const w = weight[kernelStart + kernelRow * side + kernelColumn];
      for (let row = 0; row < height; row++) {
        let from = sourceStart + (row * stride + kernelRow) * rowLength + kernelColumn;
        const end = sumsStart + (row + 1) * width;
        for (let to = end - width; to < end; to++, from += stride) sums[to] += w * source[from];
      }
    }
  }
}

/** Five weights, and five units that move on by one each step, stay in registers: passes take half the time. */
function addFiveByFive(source, sourceStart, sums, sumsStart, weight, kernelStart, { rowLength, height, width }) {
  for (let kernelRow = 0; kernelRow < 5; kernelRow++) {
    const start = kernelStart + 5 * kernelRow;
    const w0 = weight[start];
    const w1 = weight[start + 1];
    const w2 = weight[start + 2];
    const w3 = weight[start + 3];
    const w4 = weight[start + 4];
    for (let row = 0; row < height; row++) {
      let from = sourceStart + (row + kernelRow) * rowLength;
      let a = source[from];
      let b = source[from + 1];
      let c = source[from + 2];
      let d = source[from + 3];
      from += 4;
      const end = sumsStart + (row + 1) * width;
      for (let to = end - width; to < end; to++, from++) {
        const e = source[from];
        sums[to] += w0 * a + w1 * b + w2 * c + w3 * d + w4 * e;
        a = b;
        b = c;
        c = d;
        d = e;
      }
    }
  }
}

function prepareSubsampling({ layer, inputShape, outputShape }, { coefficient, bias }) {
  const [, height, width] = outputShape;
  const area = height * width;
  return (input, sums) => {
    sumPatches(input, sums, inputShape, outputShape, layer.size, layer.copies);
    for (let i = 0, map = 0; map < outputShape[0]; map++) {
      for (const end = i + area; i < end; i++) sums[i] = coefficient[map] * sums[i] + bias[map];
    }
  };
}

function prepareAveragePooling({ layer, inputShape, outputShape }) {
  const inverseArea = 1 / layer.size ** 2;
  return (input, sums) => {
    sumPatches(input, sums, inputShape, outputShape, layer.size, 1);
    for (let i = 0; i < sums.length; i++) sums[i] *= inverseArea;
  };
}

function sumPatches(input, sums, [, inputHeight, inputWidth], [maps, height, width], size, copies) {
  let to = 0;
  for (let map = 0; map < maps; map++) {
    const start = Math.floor(map / copies) * inputHeight * inputWidth;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        let sum = 0;
        const patchStart = start + row * size * inputWidth + column * size;
        for (let y = 0; y < size; y++) {
          for (let x = 0; x < size; x++) sum += input[patchStart + y * inputWidth + x];
        }
        sums[to++] = sum;
      }
    }
  }
}

function poolMaxima(input, sums, { layer: { size }, inputShape: [, inputHeight, inputWidth], outputShape }) {
  const [maps, height, width] = outputShape;
  let to = 0;
  for (let map = 0; map < maps; map++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const patchStart = (map * inputHeight + row * size) * inputWidth + column * size;
        let maximum = input[patchStart];
        for (let y = 0; y < size; y++) {
          for (let x = 0; x < size; x++) {
            const value = input[patchStart + y * inputWidth + x];
            if (value > maximum) maximum = value;
          }
        }
        sums[to++] = maximum;
      }
    }
  }
}

function averageMaps(input, sums, { inputShape: [maps, height, width] }) {
  const area = height * width;
  for (let map = 0; map < maps; map++) {
    let sum = 0;
    for (let i = map * area; i < (map + 1) * area; i++) sum += input[i];
    sums[map] = sum / area;
  }
}

function connectFully(input, sums, weight, bias) {
  const inputCount = input.length;
  for (let unit = 0; unit < sums.length; unit++) {
    const start = unit * inputCount;
    let even = 0;
    let odd = 0; // two sums, so that one addition need not wait for the other
    let i = 0;
    for (; i + 1 < inputCount; i += 2) {
      even += weight[start + i] * input[i];
      odd += weight[start + i + 1] * input[i + 1];
    }
    if (i < inputCount) even += weight[start + i] * input[i];
    sums[unit] = even + odd + bias[unit];
  }
}

function prepareRbf({ layer }) {
  const prototypes = layer.prototypes.map((prototype) => Float32Array.from(prototype));
  return (input, sums) => {
    for (let unit = 0; unit < sums.length; unit++) {
      const prototype = prototypes[unit];
      let sum = 0;
      for (let i = 0; i < prototype.length; i++) sum += (input[i] - prototype[i]) ** 2;
      sums[unit] = sum;
    }
  };
}
