/** The settings of the network and of its training, their presets, and the network that they describe. */

/** Table I of [LeCun98]: for each map of C3, the maps of S2 that feed it. */
const TABLE_I = [
  [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5],
  [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [0, 3, 4, 5], [0, 1, 4, 5], [0, 1, 2, 5],
  [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5],
  [0, 1, 2, 3, 4, 5],
];

/** The values that each setting can have, in the order of the page. */
export const SETTINGS = {
  activation: ["squash", "sigmoid", "relu"],
  sampling: ["subsampling", "average", "max"],
  connections: ["table", "all"],
  outputs: ["rbf", "logits", "sigmoid"],
  learningRate: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
  batchSize: [1, 4, 16, 32, 64, 128],
  momentum: [0, 0.5, 0.9, 0.95],
  shift: [0, 1, 2],
  initialization: ["usual", "wide", "paper", "zero"],
  seed: [1, 2, 3, 4, 5, 6, 7, 8],
};

const SHARED_SETTINGS = { batchSize: 16, momentum: 0.9, shift: 1, initialization: "usual", seed: 1 };

/** Trainings worth seeing: a value for each setting. */
export const PRESETS = {
  today: { ...SHARED_SETTINGS, activation: "relu", sampling: "max", connections: "all", outputs: "logits",
    learningRate: 0.01 },
  paper: { ...SHARED_SETTINGS, activation: "squash", sampling: "subsampling", connections: "table", outputs: "rbf",
    learningRate: 0.001 },
  textbook: { ...SHARED_SETTINGS, activation: "sigmoid", sampling: "average", connections: "all", outputs: "logits",
    learningRate: 0.2, batchSize: 64, shift: 0, initialization: "wide" },
  trap: { ...SHARED_SETTINGS, activation: "relu", sampling: "max", connections: "all", outputs: "sigmoid",
    learningRate: 0.02 },
};

/** The network's input for background and for full ink, as lenet's networks with the same activation have it. */
const INPUT_RANGES = { squash: [-0.1, 1.175], sigmoid: [0, 1], relu: [0, 1 / 0.3081] };
/** What the initialization "usual" stands for: a key of INITIALIZATIONS. */
const USUAL_INITIALIZATIONS = { squash: "sqrt", sigmoid: "pytorch", relu: "pytorch" };
const SAMPLING_KINDS = { subsampling: "subsampling", average: "average_pooling", max: "max_pooling" };

/**
 * The network of these settings, as `Network.to_json` in Python would write it.
 *
 * @param {Object} settings - a value for each key of SETTINGS
 * @param {number[][]} prototypes - of the RBF outputs
 */
export function describeNetwork({ activation, sampling, connections, outputs }, prototypes) {
  const convolutionStage = (name, maps, table) => ({ name, kind: "convolution", maps, kernel_size: 5, stride: 1,
    padding: 0, padding_value: 0, table, bias: "map", activation });
  const fullConnectionStage = (name, units, activation) => ({ name, kind: "full_connection", units, activation });
  const isTrainable = sampling === "subsampling";
  const samplingStage = (name) => ({ name, kind: SAMPLING_KINDS[sampling], size: 2, ...(isTrainable && { copies: 1 }),
    activation: isTrainable ? activation : "identity" });
  return {
    name: "lenet-5 in the making",
    input: [1, 32, 32],
    stages: [
      convolutionStage("c1", 6, null),
      samplingStage("s2"),
      convolutionStage("c3", 16, connections === "table" ? TABLE_I : null),
      samplingStage("s4"),
      fullConnectionStage("c5", 120, activation), // kernels that cover a whole map are a full connection
      fullConnectionStage("f6", 84, activation),
      outputs === "rbf"
        ? { name: "output", kind: "euclidean_rbf", prototypes, activation: "identity" }
        : fullConnectionStage("output", 10, outputs === "sigmoid" ? "sigmoid" : "identity"),
    ],
    source: "[LeCun98, II-B], with the parts that were chosen",
    description: "",
    deviations: [],
    input_range: INPUT_RANGES[activation],
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
 * The plan of a training.
 *
 * @param {Object} settings
 * @param {Object[]} stages - of the network that the settings describe
 * @returns {TrainingPlan}
 */
export function planOf({ activation, initialization, seed, learningRate, batchSize, momentum, shift }, stages) {
  return {
    stages: stages.map(({ name, layer, activation, inputShape, outputShape }) => ({
      name, layer, activation, inputShape, outputShape, shapes: parameterShapes({ layer, inputShape }),
    })),
    inputRange: INPUT_RANGES[activation],
    initialization: initialization === "usual" ? USUAL_INITIALIZATIONS[activation] : initialization,
    seed, learningRate, batchSize, momentum, shift,
  };
}
