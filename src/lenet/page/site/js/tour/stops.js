/** The content of the ten stops for one network and one digit: stage and unit, and texts with their numbers. */

import { takesWholePicture } from "lenet/reading/whole_picture.js";
import { connectedMaps } from "lenet/layers.js";
import { findRoles, strongestUnit } from "lenet/tour/roles.js";
import { rotationsOf } from "lenet/tour/rotations.js";
import { explainUnit } from "lenet/units.js";
import { formatNumber, formatPercent, stageName } from "lenet/views/numbers.js";

/** The stops of the tour, in order. */
export const STOPS = [
  "pixels", "unit", "sharing", "activation", "sampling", "table", "c5", "code", "answer", "doubt",
];

/** The key of `findRoles` whose stage a stop is about; the stop "pixels" is about the input. */
const ROLE_OF_STOP = {
  unit: "firstConvolution", sharing: "firstConvolution", activation: "firstConvolution", sampling: "subsampling",
  table: "secondConvolution", c5: "wholeMaps", code: "lastHidden", answer: "output", doubt: "output",
};

/**
 * @typedef {{model: Model, pass: Pass, answer: Answer, image: Uint8Array, unit: ?number[]}} TourState the network that
 *   the tour explains and the digit that it explains it with; `unit` is the one in focus if it is in the stop's
 *   stage
 * @typedef {{key: string, values: Object<string, string>}} FilledText a key of the texts, and values for its places
 */

/** The index of the stage that a stop is about; null for the input, -1 if the network has no such stage. */
export function stageIndexOf(stop, network) {
  return stop in ROLE_OF_STOP ? findRoles(network)[ROLE_OF_STOP[stop]] : null;
}

/** The unit that a stop shows unless another is chosen: the strongest of its stage, or the winning output. */
export function unitToShow(stop, { model, pass, answer }) {
  const stageIndex = stageIndexOf(stop, model.network);
  if (stageIndex === null || stageIndex < 0) return null;
  return ROLE_OF_STOP[stop] === "output" ? [answer.predictedClass, 0, 0] : strongestUnit(pass.stages[stageIndex]);
}

/**
 * @param {string} stop
 * @param {TourState} tourState
 * @returns {{title: FilledText, idea: FilledText, live: ?FilledText, stageIndex: ?number, unit: ?number[],
 *   hasPicture: boolean}} `idea` explains, `live` has the numbers of this digit; `hasPicture` is whether a picture goes
 *   with the texts
 */
export function contentOf(stop, tourState) {
  const stageIndex = stageIndexOf(stop, tourState.model.network);
  const unit = tourState.unit ?? unitToShow(stop, tourState);
  if (stageIndex !== null && stageIndex < 0) {
    const missingText = { key: "tour.none", values: { name: tourState.model.title } };
    return { title: { key: `tour.name.${stop}`, values: {} }, idea: missingText, live: null, stageIndex: null,
      unit: null, hasPicture: false };
  }
  const { network } = tourState.model;
  const stageContent = stageIndex === null ? null : {
    stage: network.stages[stageIndex],
    previousStage: stageIndex ? network.stages[stageIndex - 1] : null,
    counts: tourState.model.counts.stages[stageIndex],
    explanation: unit && explainUnit(network, tourState.pass, stageIndex, unit),
    stagePass: tourState.pass.stages[stageIndex],
    stageIndex,
    unit,
  };
  return { stageIndex, unit, hasPicture: true, ...CONTENT[stop](tourState, stageContent) };
}

const formatCount = (value) => Math.round(value).toLocaleString("en-US");

/** A probability in per cent; one below 1 never reads as 100 %. */
export const probabilityText = (probability) => (probability > 0.9995 ? "> 99.9 %" : formatPercent(probability));

const titleOf = (stop, values = {}, variant = "") => ({ key: `tour.${stop}.title${variant}`, values });
const textOf = (stop, key, values, variant = "") =>
  ({ key: `tour.${stop}.${key}${variant && `.${variant}`}`, values });

const CONTENT = {
  pixels({ model, image }) {
    const { description, inputShape: [channels, rows, columns] } = model.network;
    const [low, high] = description.input_range;
    if (takesWholePicture(model)) {
      return {
        title: titleOf("pixels", { count: formatCount(unitCount(model.network.inputShape)) }, ".picture"),
        idea: textOf("pixels", "idea", { side: model.pictures.side }, "picture"),
        live: textOf("pixels", "live", {
          name: model.title, channels, rows, columns, low: formatNumber(low), high: formatNumber(high),
        }, "picture"),
        hasPicture: false,
      };
    }
    const center = centerOfMass(image);
    const values = {
      name: model.title, rows, columns, border: (rows - 28) / 2, low: formatNumber(low), high: formatNumber(high),
      inked: formatCount(image.filter((level) => level > 0).length),
      row: center ? formatNumber(center[0], 1) : "–", column: center ? formatNumber(center[1], 1) : "–",
    };
    return {
      title: titleOf("pixels"),
      idea: textOf("pixels", "idea", {}),
      live: textOf("pixels", "live", values, rows > 28 ? "padded" : ""),
    };
  },

  unit(_, { stage, explanation, unit: [map, row, column] }) {
    const products = explanation.terms.reduce((sum, term) => sum + term.sum, 0);
    const weights = explanation.terms.length * stage.layer.kernel_size ** 2;
    return {
      title: titleOf("unit", { count: weights }),
      idea: textOf("unit", "idea", { stage: stageName(stage.name), side: stage.layer.kernel_size }),
      live: textOf("unit", "live", {
        row, column, map, count: weights, products: formatNumber(products), bias: formatNumber(explanation.bias),
        sum: formatNumber(explanation.sum),
      }),
    };
  },

  sharing(_, { stage, counts }) {
    const [maps, rows, columns] = stage.outputShape;
    const weights = connectedMaps(stage.layer, stage.inputShape[0])[0].length * stage.layer.kernel_size ** 2;
    return {
      title: titleOf("sharing"),
      idea: textOf("sharing", "idea", { units: formatCount(rows * columns), count: weights }),
      live: textOf("sharing", "live", {
        maps, count: weights, units: formatCount(rows * columns), parameters: formatCount(counts.parameters),
        connections: formatCount(counts.connections),
      }),
    };
  },

  activation(_, { stage, explanation, stagePass }) {
    const variant = ["squash", "relu"].includes(stage.activation) ? stage.activation : "other";
    const units = stagePass.values.length;
    const flatCount = stagePass.values.filter((value) =>
      (variant === "relu" ? value === 0 : Math.abs(value) > 1)).length;
    return {
      title: titleOf("activation"),
      idea: textOf("activation", "idea", { activation: stage.activation }, variant),
      live: textOf("activation", "live", {
        sum: formatNumber(explanation.sum), value: formatNumber(explanation.value),
        share: formatPercent(flatCount / units), units: formatCount(units), stage: stageName(stage.name),
      }, variant),
    };
  },

  sampling(_, { stage, previousStage, counts, explanation }) {
    const variant = stage.kind;
    return {
      title: titleOf("sampling"),
      idea: textOf("sampling", "idea", { stage: stageName(stage.name) }, variant),
      live: textOf("sampling", "live", {
        values: Array.from(explanation.values, (value) => formatNumber(value)).join(", "),
        four: formatNumber(explanation.values.reduce((sum, value) => sum + value)),
        coefficient: formatNumber(explanation.coefficient ?? 0), bias: formatNumber(explanation.bias ?? 0),
        sum: formatNumber(explanation.sum), value: formatNumber(explanation.value), maps: stage.outputShape[0],
        units: formatCount(unitCount(stage.outputShape)), before: formatCount(unitCount(previousStage.outputShape)),
        parameters: formatCount(counts.parameters), connections: formatCount(counts.connections),
      }, variant),
    };
  },

  table(_, { stage, previousStage, counts, explanation, unit: [map] }) {
    const [inputs] = stage.inputShape;
    const [maps] = stage.outputShape;
    const area = stage.layer.kernel_size ** 2;
    const kernels = connectedMaps(stage.layer, inputs).reduce((sum, maps) => sum + maps.length, 0);
    const hasTableISize = inputs === 6 && maps === 16 && area === 25;
    const isTable = stage.layer.table !== null;
    const values = {
      stage: stageName(stage.name), before: stageName(previousStage.name), maps, inputs, kernels, area, map,
      all: maps * inputs, full: formatCount(maps * inputs * area + maps), parameters: formatCount(counts.parameters),
      sources: explanation.terms.map((term) => term.map).join(", "), count: explanation.terms.length * area,
    };
    const fullVariant = hasTableISize ? "full" : "other";
    return {
      title: titleOf("table"),
      idea: textOf("table", "idea", values,
        isTable ? (hasTableISize && kernels === 60 ? "paper" : "table") : fullVariant),
      live: textOf("table", "live", values, isTable ? "table" : fullVariant),
    };
  },

  c5({ model }, { stage, previousStage, counts, stageIndex }) {
    const [inputs, side] = stage.inputShape;
    const [maps] = stage.outputShape;
    const values = {
      stage: stageName(stage.name), before: stageName(previousStage.name), maps, inputs, side,
      jump: inputStride(model.network, stageIndex), fan: formatCount(unitCount(stage.inputShape)),
      parameters: formatCount(counts.parameters), total: formatCount(model.counts.parameters),
      share: formatPercent(counts.parameters / model.counts.parameters),
    };
    return {
      title: titleOf("c5"),
      idea: textOf("c5", "idea", values, stage.kind),
      live: textOf("c5", "live", values),
    };
  },

  code({ model, pass, answer }, { stage, stagePass, stageIndex }) {
    const { network } = model;
    const units = stagePass.values.length;
    const predictedClass = model.labels[answer.predictedClass];
    const isRbfCode = network.smallestWins && stageIndex === network.stages.length - 2;
    const values = { stage: stageName(stage.name), units, predictedClass };
    if (isRbfCode) {
      const code = network.stages.at(-1).layer.prototypes[answer.predictedClass];
      values.matching = stagePass.values.filter((value, index) => value * code[index] > 0).length;
      values.penalty = formatNumber(pass.outputs[answer.predictedClass]);
    } else {
      values.active = stagePass.values.filter((value) => value !== 0).length;
      const [strongest] = explainUnit(network, pass, stageIndex + 1, [answer.predictedClass, 0, 0]).products
        .filter(({ product }) => product > 0);
      Object.assign(values, {
        unit: strongest?.index ?? "–", input: formatNumber(strongest?.input ?? 0),
        weight: formatNumber(strongest?.weight ?? 0), product: formatNumber(strongest?.product ?? 0),
      });
    }
    const variant = isRbfCode ? "rbf" : units === 84 ? "dense84" : "other";
    return {
      title: titleOf("code", { units }, isRbfCode ? "" : ".other"),
      idea: textOf("code", "idea", values, variant),
      live: textOf("code", "live", values, variant),
    };
  },

  answer({ model, pass, answer }, { previousStage }) {
    const { network, labels, calibration } = model;
    const [first, second] = [...labels.keys()].sort((a, b) => answer.probabilities[b] - answer.probabilities[a]);
    const variant = network.smallestWins ? "rbf" : "softmax";
    const gap = Math.abs(pass.outputs[second] - pass.outputs[first]);
    return {
      title: titleOf("answer", {}, network.smallestWins ? "" : ".softmax"),
      idea: textOf("answer", "idea", { before: stageName(previousStage.name) }, variant),
      live: textOf("answer", "live", {
        predictedClass: labels[first], second: labels[second], best: formatNumber(pass.outputs[first]),
        next: formatNumber(pass.outputs[second]), gap: formatNumber(gap),
        probability: probabilityText(answer.probabilities[first]), temperature: formatNumber(calibration.temperature),
      }, variant),
    };
  },

  doubt({ model, image, answer }) {
    const predictedClass = model.labels[answer.predictedClass];
    const probability = probabilityText(answer.probabilities[answer.predictedClass]);
    if (takesWholePicture(model)) {
      return {
        title: titleOf("doubt"),
        idea: textOf("doubt", "idea", { name: model.title, count: model.labels.length }, "picture"),
        live: textOf("doubt", "live", {
          predictedClass, probability, chance: formatPercent(1 / model.labels.length),
        }, "picture"),
        hasPicture: false,
      };
    }
    const rotations = rotationsOf(model, image);
    const sameAnswers = rotations.filter(({ answer: rotated }) => rotated.isAccepted
      && (!answer.isAccepted || rotated.predictedClass === answer.predictedClass));
    const values = {
      name: model.title, threshold: formatPercent(model.calibration.min_confidence),
      predictedClass, probability, count: rotations.length, unchanged: sameAnswers.length,
    };
    return {
      title: titleOf("doubt"),
      idea: textOf("doubt", "idea", values, model.reject_class === null ? "" : "reject"),
      live: textOf("doubt", "live", values, answer.isAccepted ? "" : "refused"),
    };
  },
};

/** [row, column] of the center of mass of 784 gray levels; null without ink. */
export function centerOfMass(image) {
  let mass = 0;
  let rows = 0;
  let columns = 0;
  image.forEach((level, index) => {
    mass += level;
    rows += level * Math.floor(index / 28);
    columns += level * (index % 28);
  });
  return mass ? [rows / mass, columns / mass] : null;
}

/** How many pixels of the network's input lie between neighboring units of the maps that a stage receives. */
export function inputStride(network, stageIndex) {
  return network.stages.slice(0, stageIndex)
    .reduce((stride, { layer }) => stride * (layer.stride ?? layer.size ?? 1), 1);
}

function unitCount(shape) {
  return shape.reduce((product, length) => product * length, 1);
}

