/** What can be chosen of the network and of its training, and the network that the choices describe. */

/** Table I of [LeCun98]: for each map of C3, the maps of S2 that feed it. */
const TABLE_I = [
  [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5],
  [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [0, 3, 4, 5], [0, 1, 4, 5], [0, 1, 2, 5],
  [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5],
  [0, 1, 2, 3, 4, 5],
];

/** What may stand at each place, in the order of the page. */
export const CHOICES = {
  activation: ["squash", "sigmoid", "relu"],
  sampling: ["subsampling", "average", "max"],
  connections: ["table", "all"],
  outputs: ["rbf", "logits", "sigmoid"],
  rate: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
  batch: [1, 4, 16, 32, 64, 128],
  momentum: [0, 0.5, 0.9, 0.95],
  shift: [0, 1, 2],
  firstWeights: ["usual", "wide", "paper", "zero"],
  seed: [1, 2, 3, 4, 5, 6, 7, 8],
};

const COMMON = { batch: 16, momentum: 0.9, shift: 1, firstWeights: "usual", seed: 1 };

/** Trainings worth seeing, the first of them shown first. */
export const PRESETS = {
  today: { ...COMMON, activation: "relu", sampling: "max", connections: "all", outputs: "logits", rate: 0.01 },
  paper: { ...COMMON, activation: "squash", sampling: "subsampling", connections: "table", outputs: "rbf",
    rate: 0.001 },
  textbook: { ...COMMON, activation: "sigmoid", sampling: "average", connections: "all", outputs: "logits", rate: 0.2,
    batch: 64, shift: 0, firstWeights: "wide" },
  trap: { ...COMMON, activation: "relu", sampling: "max", connections: "all", outputs: "sigmoid", rate: 0.02 },
};

/** What background and full ink become, as for the network of lenet's that has the activation. */
const RANGES = { squash: [-0.1, 1.175], sigmoid: [0, 1], relu: [0, 1 / 0.3081] };
const USUAL_WEIGHTS = { squash: "sqrt", sigmoid: "pytorch", relu: "pytorch" };
const SAMPLINGS = { subsampling: "subsampling", average: "average_pooling", max: "max_pooling" };

/**
 * The network of these choices, as `Network.to_json` in Python would write it.
 *
 * @param {Object} choices - one of CHOICES at each place
 * @param {number[][]} codes - what the RBF outputs compare with
 */
export function describeNetwork({ activation, sampling, connections, outputs }, codes) {
  const convolution = (name, maps, table) => ({ name, kind: "convolution", maps, kernel_size: 5, stride: 1, padding: 0,
    padding_value: 0, table, bias: "map", activation });
  const full = (name, units, activation) => ({ name, kind: "full_connection", units, activation: activation });
  const isTrainable = sampling === "subsampling";
  const sampled = (name) => ({ name, kind: SAMPLINGS[sampling], size: 2, ...(isTrainable && { copies: 1 }),
    activation: isTrainable ? activation : "identity" });
  return {
    name: "lenet-5 in the making",
    input: [1, 32, 32],
    stages: [
      convolution("c1", 6, null),
      sampled("s2"),
      convolution("c3", 16, connections === "table" ? TABLE_I : null),
      sampled("s4"),
      full("c5", 120, activation), // kernels that cover a whole map are a full connection
      full("f6", 84, activation),
      outputs === "rbf"
        ? { name: "output", kind: "euclidean_rbf", prototypes: codes, activation: "identity" }
        : full("output", 10, outputs === "sigmoid" ? "sigmoid" : "identity"),
    ],
    source: "[LeCun98, II-B], with the parts that were chosen",
    description: "",
    deviations: [],
    input_range: RANGES[activation],
  };
}

/**
 * The shapes of a stage's arrays.
 *
 * @param {{layer: Object, inputShape: number[]}} stage
 * @returns {Object<string, number[]>}
 */
export function parameterShapes({ layer, inputShape: [maps, height, width] }) {
  switch (layer.kind) {
    case "convolution": {
      const kernels = layer.table ? [layer.table.flat().length] : [layer.maps, maps];
      return { weight: [...kernels, layer.kernel_size, layer.kernel_size], bias: [layer.maps] };
    }
    case "subsampling":
      return { coefficient: [maps], bias: [maps] };
    case "full_connection":
      return { weight: [layer.units, maps * height * width], bias: [layer.units] };
    default:
      return {};
  }
}

/**
 * All that a training follows from.
 *
 * @param {Object} choices
 * @param {Object[]} stages - of the network that they describe
 * @returns {Plan}
 */
export function planOf({ activation, firstWeights, seed, rate, batch, momentum, shift }, stages) {
  return {
    stages: stages.map(({ name, layer, activation: activation, inputShape, outputShape }) => ({
      name, layer, activation: activation, inputShape, outputShape, shapes: parameterShapes({ layer, inputShape }),
    })),
    inputRange: RANGES[activation],
    firstWeights: firstWeights === "usual" ? USUAL_WEIGHTS[activation] : firstWeights,
    seed, rate, batch, momentum, shift,
  };
}
