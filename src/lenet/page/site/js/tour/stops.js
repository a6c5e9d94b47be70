/** The content of the ten stops for one network and one digit: stage and unit, and texts with their numbers. */

import { takesWholePicture } from "lenet/reading/whole_picture.js";
import { connectedMaps } from "lenet/stages.js";
import { findRoles, strongestUnit } from "lenet/tour/roles.js";
import { rotationsOf } from "lenet/tour/rotations.js";
import { explainUnit } from "lenet/units.js";
import { number, percent, stageName } from "lenet/views/numbers.js";

export const STOPS = [
  "pixels", "unit", "sharing", "activation", "sampling", "table", "c5", "code", "answer", "doubt",
];

const ROLE_OF = {
  unit: "first", sharing: "first", activation: "first", sampling: "pool", table: "second", c5: "wide", code: "code",
  answer: "output", doubt: "output",
};

/**
 * @typedef {{loaded: object, pass: object, answer: object, image: Uint8Array, unit: ?number[]}} Scene what the tour is
 *   told with; `unit` is the one in focus if it belongs to the stop's stage
 * @typedef {{key: string, values: Object<string, string>}} Telling a key of the texts and what goes into it
 */

/** The stage that a stop is about: its index, null for the input, -1 if the network has none of that part. */
export function stageOf(stop, network) {
  return stop in ROLE_OF ? findRoles(network)[ROLE_OF[stop]] : null;
}

/** The unit that a stop shows unless another is chosen: the strongest of its stage, or the winning output. */
export function unitOf(stop, { loaded, pass, answer }) {
  const stage = stageOf(stop, loaded.network);
  if (stage === null || stage < 0) return null;
  return ROLE_OF[stop] === "output" ? [answer.winner, 0, 0] : strongestUnit(pass.stages[stage]);
}

/**
 * @param {string} stop
 * @param {Scene} scene
 * @returns {{title: Telling, idea: Telling, live: ?Telling, stage: ?number, unit: ?number[], hasPicture: boolean}}
 *   `hasPicture` is whether a picture goes with the texts
 */
export function tellStop(stop, scene) {
  const stage = stageOf(stop, scene.loaded.network);
  const unit = scene.unit ?? unitOf(stop, scene);
  if (stage !== null && stage < 0) {
    const missing = { key: "tour.none", values: { name: scene.loaded.title } };
    return { title: { key: `tour.name.${stop}`, values: {} }, idea: missing, live: null, stage: null, unit: null,
      hasPicture: false };
  }
  const { network } = scene.loaded;
  const part = stage === null ? null : {
    stage: network.stages[stage],
    before: stage ? network.stages[stage - 1] : null,
    account: scene.loaded.account.stages[stage],
    explanation: unit && explainUnit(network, scene.pass, stage, unit),
    passed: scene.pass.stages[stage],
    index: stage,
    unit,
  };
  return { stage, unit, hasPicture: true, ...TELL[stop](scene, part) };
}

const count = (value) => Math.round(value).toLocaleString("en-US");

/** A probability in per cent; what is not quite certain never reads as if it were. */
export const likely = (probability) => (probability > 0.9995 ? "> 99.9 %" : percent(probability));

const titled = (stop, values = {}, variant = "") => ({ key: `tour.${stop}.title${variant}`, values });
const telling = (stop, key, values, variant = "") =>
  ({ key: `tour.${stop}.${key}${variant && `.${variant}`}`, values });

const TELL = {
  pixels({ loaded, image }) {
    const { description, inputShape: [channels, rows, columns] } = loaded.network;
    const [low, high] = description.input_range;
    if (takesWholePicture(loaded)) {
      return {
        title: titled("pixels", { count: count(size(loaded.network.inputShape)) }, ".picture"),
        idea: telling("pixels", "idea", { side: loaded.pictures.side }, "picture"),
        live: telling("pixels", "live", {
          name: loaded.title, channels, rows, columns, low: number(low), high: number(high),
        }, "picture"),
        hasPicture: false,
      };
    }
    const center = centerOfMass(image);
    const values = {
      name: loaded.title, rows, columns, border: (rows - 28) / 2, low: number(low), high: number(high),
      inked: count(image.filter((level) => level > 0).length),
      row: center ? number(center[0], 1) : "–", column: center ? number(center[1], 1) : "–",
    };
    return {
      title: titled("pixels"),
      idea: telling("pixels", "idea", {}),
      live: telling("pixels", "live", values, rows > 28 ? "padded" : ""),
    };
  },

  unit(_, { stage, explanation, unit: [map, row, column] }) {
    const products = explanation.terms.reduce((sum, term) => sum + term.sum, 0);
    const weights = explanation.terms.length * stage.layer.kernel_size ** 2;
    return {
      title: titled("unit", { count: weights }),
      idea: telling("unit", "idea", { stage: stageName(stage.name), side: stage.layer.kernel_size }),
      live: telling("unit", "live", {
        row, column, map, count: weights, products: number(products), bias: number(explanation.bias),
        sum: number(explanation.sum),
      }),
    };
  },

  sharing(_, { stage, account }) {
    const [maps, rows, columns] = stage.outputShape;
    const weights = connectedMaps(stage.layer, stage.inputShape[0])[0].length * stage.layer.kernel_size ** 2;
    return {
      title: titled("sharing"),
      idea: telling("sharing", "idea", { units: count(rows * columns), count: weights }),
      live: telling("sharing", "live", {
        maps, count: weights, units: count(rows * columns), parameters: count(account.parameters),
        connections: count(account.connections),
      }),
    };
  },

  activation(_, { stage, explanation, passed }) {
    const variant = ["squash", "relu"].includes(stage.activation) ? stage.activation : "other";
    const units = passed.values.length;
    const flat = passed.values.filter((value) => (variant === "relu" ? value === 0 : Math.abs(value) > 1)).length;
    return {
      title: titled("activation"),
      idea: telling("activation", "idea", { activation: stage.activation }, variant),
      live: telling("activation", "live", {
        sum: number(explanation.sum), value: number(explanation.value), share: percent(flat / units),
        units: count(units), stage: stageName(stage.name),
      }, variant),
    };
  },

  sampling(_, { stage, before, account, explanation }) {
    const variant = stage.kind;
    return {
      title: titled("sampling"),
      idea: telling("sampling", "idea", { stage: stageName(stage.name) }, variant),
      live: telling("sampling", "live", {
        values: Array.from(explanation.values, (value) => number(value)).join(", "),
        four: number(explanation.values.reduce((sum, value) => sum + value)),
        coefficient: number(explanation.coefficient ?? 0), bias: number(explanation.bias ?? 0),
        sum: number(explanation.sum), value: number(explanation.value), maps: stage.outputShape[0],
        units: count(size(stage.outputShape)), before: count(size(before.outputShape)),
        parameters: count(account.parameters), connections: count(account.connections),
      }, variant),
    };
  },

  table(_, { stage, before, account, explanation, unit: [map] }) {
    const [inputs] = stage.inputShape;
    const [maps] = stage.outputShape;
    const area = stage.layer.kernel_size ** 2;
    const kernels = connectedMaps(stage.layer, inputs).reduce((sum, maps) => sum + maps.length, 0);
    const asPrinted = inputs === 6 && maps === 16 && area === 25;
    const isTable = stage.layer.table !== null;
    const values = {
      stage: stageName(stage.name), before: stageName(before.name), maps, inputs, kernels, area, map,
      all: maps * inputs, full: count(maps * inputs * area + maps), parameters: count(account.parameters),
      seen: explanation.terms.map((term) => term.map).join(", "), count: explanation.terms.length * area,
    };
    const fullVariant = asPrinted ? "full" : "other";
    return {
      title: titled("table"),
      idea: telling("table", "idea", values, isTable ? (asPrinted && kernels === 60 ? "paper" : "table") : fullVariant),
      live: telling("table", "live", values, isTable ? "table" : fullVariant),
    };
  },

  c5({ loaded }, { stage, before, account, index }) {
    const [inputs, side] = stage.inputShape;
    const [maps] = stage.outputShape;
    const values = {
      stage: stageName(stage.name), before: stageName(before.name), maps, inputs, side,
      jump: jumpBefore(loaded.network, index), fan: count(size(stage.inputShape)),
      parameters: count(account.parameters), total: count(loaded.account.parameters),
      share: percent(account.parameters / loaded.account.parameters),
    };
    return {
      title: titled("c5"),
      idea: telling("c5", "idea", values, stage.kind),
      live: telling("c5", "live", values),
    };
  },

  code({ loaded, pass, answer }, { stage, passed, index }) {
    const { network } = loaded;
    const units = passed.values.length;
    const winner = loaded.labels[answer.winner];
    const isRbfCode = network.smallestWins && index === network.stages.length - 2;
    const values = { stage: stageName(stage.name), units, winner };
    if (isRbfCode) {
      const code = network.stages.at(-1).layer.prototypes[answer.winner];
      values.matching = passed.values.filter((value, index) => value * code[index] > 0).length;
      values.penalty = number(pass.outputs[answer.winner]);
    } else {
      values.active = passed.values.filter((value) => value !== 0).length;
      const [strongest] = explainUnit(network, pass, index + 1, [answer.winner, 0, 0]).products
        .filter(({ product }) => product > 0);
      Object.assign(values, {
        unit: strongest?.index ?? "–", input: number(strongest?.input ?? 0), weight: number(strongest?.weight ?? 0),
        product: number(strongest?.product ?? 0),
      });
    }
    const variant = isRbfCode ? "rbf" : units === 84 ? "dense84" : "other";
    return {
      title: titled("code", { units }, isRbfCode ? "" : ".other"),
      idea: telling("code", "idea", values, variant),
      live: telling("code", "live", values, variant),
    };
  },

  answer({ loaded, pass, answer }, { before }) {
    const { network, labels, calibration } = loaded;
    const [first, second] = [...labels.keys()].sort((a, b) => answer.probabilities[b] - answer.probabilities[a]);
    const variant = network.smallestWins ? "rbf" : "softmax";
    const gap = Math.abs(pass.outputs[second] - pass.outputs[first]);
    return {
      title: titled("answer", {}, network.smallestWins ? "" : ".softmax"),
      idea: telling("answer", "idea", { before: stageName(before.name) }, variant),
      live: telling("answer", "live", {
        winner: labels[first], second: labels[second], best: number(pass.outputs[first]),
        next: number(pass.outputs[second]), gap: number(gap), probability: likely(answer.probabilities[first]),
        temperature: number(calibration.temperature),
      }, variant),
    };
  },

  doubt({ loaded, image, answer }) {
    if (takesWholePicture(loaded)) {
      return {
        title: titled("doubt"),
        idea: telling("doubt", "idea", { name: loaded.title, count: loaded.labels.length }, "picture"),
        live: telling("doubt", "live", {
          winner: loaded.labels[answer.winner], probability: likely(answer.probabilities[answer.winner]),
          chance: percent(1 / loaded.labels.length),
        }, "picture"),
        hasPicture: false,
      };
    }
    const rotations = rotationsOf(loaded, image);
    const unchanged = rotations.filter(({ answer: rotated }) => rotated.accepted
      && (!answer.accepted || rotated.winner === answer.winner));
    const values = {
      name: loaded.title, threshold: percent(loaded.calibration.min_confidence), winner: loaded.labels[answer.winner],
      probability: likely(answer.probabilities[answer.winner]), count: rotations.length, unchanged: unchanged.length,
    };
    return {
      title: titled("doubt"),
      idea: telling("doubt", "idea", values, loaded.reject_class === null ? "" : "reject"),
      live: telling("doubt", "live", values, answer.accepted ? "" : "refused"),
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

/** How many input pixels lie between neighboring units of what a stage receives. */
export function jumpBefore(network, index) {
  return network.stages.slice(0, index).reduce((jump, { layer }) => jump * (layer.stride ?? layer.size ?? 1), 1);
}

function size(shape) {
  return shape.reduce((product, length) => product * length, 1);
}

