/** The pictures of the stops about what comes of the maps: the bend, the 84 units, the answer and the doubt. */

import { activationNamed } from "lenet/stages.js";
import { drawTile, largest, write } from "lenet/tour/drawing.js";
import { unitIndex } from "lenet/tour/roles.js";
import { likely } from "lenet/tour/stops.js";
import { phrase } from "lenet/tour/text.js";
import { rotationsOf } from "lenet/tour/rotations.js";
import { explainUnit } from "lenet/units.js";
import { number, stageName } from "lenet/views/numbers.js";

const BINS = 60;
const CODE_RATIO = 12 / 7;

/** The activation's curve, the sums of all units as a histogram below it, one unit as a dot. */
export const activation = {
  height: (width) => Math.min(380, width * 0.72),
  label: (store, { layer }) => phrase(store, "tour.activation.label", { stage: stageName(layer.name) }),
  draw(context, palette, width, height, { store, layer, passed, unit }) {
    const { sums } = passed;
    const sum = sums[unitIndex(layer.outputShape, unit)];
    const reach = Math.max(3, Math.min(12, largest(sums) * 1.05));
    const curve = Float32Array.from({ length: 241 }, (_, index) => (index / 120 - 1) * reach);
    const values = apply(layer.activation, curve);
    const maximum = Math.max(1, ...values.map(Math.abs));
    const plot = { left: 34, right: width - 8, top: 12, bottom: height * 0.68 };
    const x = (value) => plot.left + ((value / reach + 1) / 2) * (plot.right - plot.left);
    const lowest = Math.min(0, ...values);
    const y = (value) => plot.bottom - ((value - lowest) / (maximum - lowest)) * (plot.bottom - plot.top);
    drawAxes(context, palette, { x, y, plot, reach, maximum, lowest, squashes: layer.activation === "squash" });
    context.strokeStyle = palette.ink;
    context.lineWidth = 2;
    context.beginPath();
    curve.forEach((value, index) => context.lineTo(x(value), y(values[index])));
    context.stroke();
    drawHistogram(context, palette, sums, { x, reach, top: height * 0.74, bottom: height - 22 });
    write(context, palette, phrase(store, "tour.activation.axis", { stage: stageName(layer.name) }),
      plot.left, height - 8, { size: 12 });
    const [value] = apply(layer.activation, Float32Array.of(sum));
    const within = Math.max(-reach, Math.min(reach, sum));
    context.strokeStyle = palette.accent;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x(within), height - 22);
    context.lineTo(x(within), y(value));
    context.lineTo(plot.left, y(value));
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = palette.accent;
    context.beginPath();
    context.arc(x(within), y(value), 5, 0, 7);
    context.fill();
  },
};

function apply(name, sums) {
  const values = sums.slice();
  activationNamed(name)?.(sums, values);
  return values;
}

function drawAxes(context, palette, { x, y, plot, reach, maximum, lowest, squashes }) {
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  const ticks = squashes ? [-1.7159, -1, 0, 1, 1.7159] : [0, Math.round(maximum / 2) || 1];
  for (const tick of ticks.filter((value) => value >= lowest && value <= maximum * 1.01)) {
    context.beginPath();
    context.moveTo(plot.left, y(tick));
    context.lineTo(plot.right, y(tick));
    context.stroke();
    write(context, palette, number(tick, Number.isInteger(tick) ? 0 : 2), plot.left - 6, y(tick),
      { size: 11, align: "right", face: palette.mono });
  }
  for (let tick = -Math.floor(reach); tick <= reach; tick += reach > 6 ? 2 : 1) {
    write(context, palette, number(tick, 0), x(tick), plot.bottom + 11,
      { size: 11, align: "center", face: palette.mono });
  }
}

function drawHistogram(context, palette, sums, { x, reach, top, bottom }) {
  const bins = new Float32Array(BINS);
  for (const sum of sums) {
    bins[Math.max(0, Math.min(BINS - 1, Math.floor((sum / reach + 1) * 0.5 * BINS)))] += 1;
  }
  const maximum = Math.sqrt(Math.max(...bins));
  bins.forEach((count, index) => {
    const from = x((index / BINS) * 2 * reach - reach);
    const to = x(((index + 1) / BINS) * 2 * reach - reach);
    const height = (Math.sqrt(count) / maximum) * (bottom - top);
    context.fillStyle = index < BINS / 2 ? palette.negative : palette.positive;
    context.fillRect(from, bottom - height, to - from - 1, height);
  });
}

/** The last hidden stage as a picture of 7×12 beside the ten codes, or beside what it says for the winner. */
export const code = {
  height: (width, { network }) => {
    const side = codeSide(width);
    const needed = 30 + side * CODE_RATIO;
    if (!network.smallestWins) return needed;
    const { top, tall } = codesAt(width, side);
    return Math.max(needed, top + 2 * tall);
  },
  label: (store, { layer }) => phrase(store, "tour.code.label", { stage: stageName(layer.name) }),
  draw(context, palette, width, height, scene) {
    const { store, loaded, passed, layer, unit, network, pass, answer, stage } = scene;
    const units = passed.values.length;
    const columns = units % 7 ? Math.ceil(Math.sqrt(units)) : 7;
    const rows = Math.ceil(units / columns);
    const side = codeSide(width);
    const values = padded(passed.values, rows * columns);
    write(context, palette, stageName(layer.name), 0, 9, { face: palette.mono });
    const rectangle = { rows, columns, x: 1, y: 22, width: side };
    drawTile(context, palette, values, { ...rectangle, scale: network.smallestWins ? 1.7159 : largest(values) });
    const cell = side / columns;
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    context.strokeRect(1 + (unit[0] % columns) * cell, 22 + Math.floor(unit[0] / columns) * cell, cell, cell);
    const isRbfCode = network.smallestWins && stage === network.stages.length - 2;
    if (isRbfCode) return drawCodes(context, palette, width, { side, store, loaded, pass, answer });
    const products = new Float32Array(rows * columns);
    explainUnit(network, pass, stage + 1, [answer.winner, 0, 0]).products
      .forEach(({ index, product }) => { products[index] = product; });
    const left = side + 36;
    write(context, palette, phrase(store, "tour.code.products", { winner: loaded.labels[answer.winner] }), left, 9);
    return drawTile(context, palette, products, { rows, columns, x: left, y: 22, width: side });
  },
};

function codeSide(width) {
  return Math.min(160, width * 0.36);
}

/** Where the ten codes lie: beside the stage's picture, or below it where there is no room. */
function codesAt(width, side) {
  const isNarrow = width < 460;
  const left = isNarrow ? 0 : side + 36;
  const step = (width - left) / 5;
  const tile = Math.min(64, step - 14);
  return { left, step, tile, top: isNarrow ? side * CODE_RATIO + 60 : 22, tall: tile * CODE_RATIO + 38 };
}

function padded(values, length) {
  const result = new Float32Array(length);
  result.set(values);
  return result;
}

function drawCodes(context, palette, width, { side, store, loaded, pass, answer }) {
  const { left, top, step, tile, tall } = codesAt(width, side);
  write(context, palette, phrase(store, "tour.code.codes"), left, top - 13);
  const { prototypes } = loaded.network.stages.at(-1).layer;
  prototypes.forEach((prototype, digit) => {
    const x = left + (digit % 5) * step + 1;
    const y = top + Math.floor(digit / 5) * tall;
    drawTile(context, palette, prototype, { rows: 12, columns: 7, x, y, width: tile, ink: [-1, 1] });
    const isWinner = digit === answer.winner;
    if (isWinner) {
      context.strokeStyle = palette.accent;
      context.lineWidth = 2;
      context.strokeRect(x - 2, y - 2, tile + 4, tile * CODE_RATIO + 4);
    }
    write(context, palette, number(pass.outputs[digit], 1), x + tile / 2, y + tile * CODE_RATIO + 14,
      { size: 12, align: "center", face: palette.mono, color: isWinner ? palette.accent : palette.muted,
        weight: isWinner ? 500 : 400 });
  });
}

/** The outputs as bars with their probabilities. */
export const answer = {
  height: (_, { pass }) => pass.outputs.length * 30 + 8,
  label: (store) => phrase(store, "tour.answer.label"),
  draw(context, palette, width, _height, { store, loaded, pass, answer: answered }) {
    const { outputs } = pass;
    const maximum = Math.max(...outputs, 0);
    const minimum = Math.min(...outputs, 0);
    const longest = Math.max(...loaded.labels.map((text) => text.length));
    const left = Math.max(44, longest * 8 + 20);
    const right = width - 130;
    const x = (value) => left + ((value - minimum) / (maximum - minimum || 1)) * (right - left);
    let label = 0;
    outputs.forEach((output, index) => {
      const isNone = index === loaded.reject_class;
      const position = isNone ? -1 : label++;
      const y = 18 + index * 30;
      const isWinner = position === answered.winner;
      const color = isWinner ? palette.accent : palette.muted;
      write(context, palette, isNone ? phrase(store, "tour.answer.none") : loaded.labels[position], left - 12, y,
        { size: isNone || longest > 3 ? 13 : 18, align: "right", color: isWinner ? palette.accent : palette.ink });
      context.fillStyle = color;
      context.globalAlpha = isWinner ? 1 : 0.45;
      context.fillRect(Math.min(x(0), x(output)), y - 8, Math.max(1, Math.abs(x(output) - x(0))), 16);
      context.globalAlpha = 1;
      write(context, palette, number(output, 2), right + 58, y, { align: "right", face: palette.mono, color });
      write(context, palette, likely(isNone ? answered.none : answered.probabilities[position]), width, y,
        { size: 12, align: "right", face: palette.mono, color });
    });
  },
};

/** The digit rotated step by step, with the answer to each rotation. */
export const doubt = {
  height: (width) => rotationRows(width).height,
  label: (store, { loaded }) => phrase(store, "tour.doubt.label", { name: loaded.title }),
  draw(context, palette, width, _height, { loaded, image, answer: upright }) {
    const { across, side, step, tall } = rotationRows(width);
    rotationsOf(loaded, image).forEach(({ angle, image: rotated, answer: rotatedAnswer }, index) => {
      const x = (index % across) * step + 1;
      const y = Math.floor(index / across) * tall + 2;
      drawTile(context, palette, rotated, { rows: 28, columns: 28, x, y, width: side, ink: [0, 255] });
      const isSame = rotatedAnswer.accepted && rotatedAnswer.winner === upright.winner;
      if (angle === 0) {
        context.strokeStyle = palette.accent;
        context.lineWidth = 2;
        context.strokeRect(x - 1, y - 1, side + 2, side + 2);
      }
      write(context, palette, `${number(angle, 0)}°`, x, y + side + 13, { size: 12, face: palette.mono });
      const label = rotatedAnswer.accepted ? loaded.labels[rotatedAnswer.winner] : "?";
      write(context, palette, label, x + side, y + side + 13,
        { size: 17, align: "right", weight: 500,
          color: isSame ? palette.accent : rotatedAnswer.accepted ? palette.positive : palette.muted });
    });
  },
};

function rotationRows(width) {
  const across = width < 460 ? 4 : 7;
  const step = width / across;
  const side = Math.min(92, step - 10);
  const tall = side + 34;
  return { across, side, step, tall, height: Math.ceil(13 / across) * tall };
}

