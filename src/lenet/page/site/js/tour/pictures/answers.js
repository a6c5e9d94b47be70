/** The pictures of the stops "activation", "code", "answer" and "doubt"; see PictureState in tour.js. */

import { activationNamed } from "lenet/layers.js";
import { drawTile, maxAbsOrOne, write } from "lenet/tour/drawing.js";
import { unitIndex } from "lenet/tour/roles.js";
import { probabilityText } from "lenet/tour/stops.js";
import { chapterText } from "lenet/tour/text.js";
import { rotationsOf } from "lenet/tour/rotations.js";
import { explainUnit } from "lenet/units.js";
import { formatNumber, stageName } from "lenet/views/numbers.js";

const BINS = 60;
const CODE_RATIO = 12 / 7;

/** The activation's curve, the sums of all units as a histogram below it, one unit as a dot. */
export const activation = {
  height: (width) => Math.min(380, width * 0.72),
  label: (store, { stage }) => chapterText(store, "tour.activation.label", { stage: stageName(stage.name) }),
  draw(context, palette, width, height, { store, stage, stagePass, unit }) {
    const { sums } = stagePass;
    const sum = sums[unitIndex(stage.outputShape, unit)];
    const maxSum = Math.max(3, Math.min(12, maxAbsOrOne(sums) * 1.05));
    const sampleSums = Float32Array.from({ length: 241 }, (_, index) => (index / 120 - 1) * maxSum);
    const values = activate(stage.activation, sampleSums);
    const maxValue = Math.max(1, ...values.map(Math.abs));
    const plot = { left: 34, right: width - 8, top: 12, bottom: height * 0.68 };
    const x = (value) => plot.left + ((value / maxSum + 1) / 2) * (plot.right - plot.left);
    const minValue = Math.min(0, ...values);
    const y = (value) => plot.bottom - ((value - minValue) / (maxValue - minValue)) * (plot.bottom - plot.top);
    drawAxes(context, palette,
      { x, y, plot, maxSum, maxValue, minValue, isSquash: stage.activation === "squash" });
    context.strokeStyle = palette.ink;
    context.lineWidth = 2;
    context.beginPath();
    sampleSums.forEach((value, index) => context.lineTo(x(value), y(values[index])));
    context.stroke();
    drawHistogram(context, palette, sums, { x, maxSum, top: height * 0.74, bottom: height - 22 });
    write(context, palette, chapterText(store, "tour.activation.axis", { stage: stageName(stage.name) }),
      plot.left, height - 8, { size: 12 });
    const [value] = activate(stage.activation, Float32Array.of(sum));
    const clampedSum = Math.max(-maxSum, Math.min(maxSum, sum));
    context.strokeStyle = palette.accent;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x(clampedSum), height - 22);
    context.lineTo(x(clampedSum), y(value));
    context.lineTo(plot.left, y(value));
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = palette.accent;
    context.beginPath();
    context.arc(x(clampedSum), y(value), 5, 0, 7);
    context.fill();
  },
};

function activate(name, sums) {
  const values = sums.slice();
  activationNamed(name)?.(sums, values);
  return values;
}

function drawAxes(context, palette, { x, y, plot, maxSum, maxValue, minValue, isSquash }) {
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  const ticks = isSquash ? [-1.7159, -1, 0, 1, 1.7159] : [0, Math.round(maxValue / 2) || 1];
  for (const tick of ticks.filter((value) => value >= minValue && value <= maxValue * 1.01)) {
    context.beginPath();
    context.moveTo(plot.left, y(tick));
    context.lineTo(plot.right, y(tick));
    context.stroke();
    write(context, palette, formatNumber(tick, Number.isInteger(tick) ? 0 : 2), plot.left - 6, y(tick),
      { size: 11, align: "right", face: palette.mono });
  }
  for (let tick = -Math.floor(maxSum); tick <= maxSum; tick += maxSum > 6 ? 2 : 1) {
    write(context, palette, formatNumber(tick, 0), x(tick), plot.bottom + 11,
      { size: 11, align: "center", face: palette.mono });
  }
}

function drawHistogram(context, palette, sums, { x, maxSum, top, bottom }) {
  const bins = new Float32Array(BINS);
  for (const sum of sums) {
    bins[Math.max(0, Math.min(BINS - 1, Math.floor((sum / maxSum + 1) * 0.5 * BINS)))] += 1;
  }
  const maxValue = Math.sqrt(Math.max(...bins));
  bins.forEach((count, index) => {
    const from = x((index / BINS) * 2 * maxSum - maxSum);
    const to = x(((index + 1) / BINS) * 2 * maxSum - maxSum);
    const height = (Math.sqrt(count) / maxValue) * (bottom - top);
    context.fillStyle = index < BINS / 2 ? palette.negative : palette.positive;
    context.fillRect(from, bottom - height, to - from - 1, height);
  });
}

/** The last hidden stage as a picture of 7×12, beside the ten codes or beside the products that make the prediction. */
export const code = {
  height: (width, { network }) => {
    const side = codeSide(width);
    const codeHeight = 30 + side * CODE_RATIO;
    if (!network.smallestWins) return codeHeight;
    const { top, rowHeight } = codesLayout(width, side);
    return Math.max(codeHeight, top + 2 * rowHeight);
  },
  label: (store, { stage }) => chapterText(store, "tour.code.label", { stage: stageName(stage.name) }),
  draw(context, palette, width, height, pictureState) {
    const { store, model, stagePass, stage, unit, network, pass, answer, stageIndex } = pictureState;
    const units = stagePass.values.length;
    const columns = units % 7 ? Math.ceil(Math.sqrt(units)) : 7;
    const rows = Math.ceil(units / columns);
    const side = codeSide(width);
    const values = padWithZeros(stagePass.values, rows * columns);
    write(context, palette, stageName(stage.name), 0, 9, { face: palette.mono });
    const tile = { rows, columns, x: 1, y: 22, width: side };
    drawTile(context, palette, values, { ...tile, scale: network.smallestWins ? 1.7159 : maxAbsOrOne(values) });
    const cell = side / columns;
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    context.strokeRect(1 + (unit[0] % columns) * cell, 22 + Math.floor(unit[0] / columns) * cell, cell, cell);
    const isRbfCode = network.smallestWins && stageIndex === network.stages.length - 2;
    if (isRbfCode) return drawCodes(context, palette, width, { side, store, model, pass, answer });
    const products = new Float32Array(rows * columns);
    explainUnit(network, pass, stageIndex + 1, [answer.predictedClass, 0, 0]).products
      .forEach(({ index, product }) => { products[index] = product; });
    const left = side + 36;
    const predictedClass = model.labels[answer.predictedClass];
    write(context, palette, chapterText(store, "tour.code.products", { predictedClass }), left, 9);
    return drawTile(context, palette, products, { rows, columns, x: left, y: 22, width: side });
  },
};

function codeSide(width) {
  return Math.min(160, width * 0.36);
}

/** Where the ten codes lie: beside the stage's picture, or below it where there is no room. */
function codesLayout(width, side) {
  const isNarrow = width < 460;
  const left = isNarrow ? 0 : side + 36;
  const step = (width - left) / 5;
  const tile = Math.min(64, step - 14);
  return { left, step, tile, top: isNarrow ? side * CODE_RATIO + 60 : 22, rowHeight: tile * CODE_RATIO + 38 };
}

function padWithZeros(values, length) {
  const result = new Float32Array(length);
  result.set(values);
  return result;
}

function drawCodes(context, palette, width, { side, store, model, pass, answer }) {
  const { left, top, step, tile, rowHeight } = codesLayout(width, side);
  write(context, palette, chapterText(store, "tour.code.codes"), left, top - 13);
  const { prototypes } = model.network.stages.at(-1).layer;
  prototypes.forEach((prototype, digit) => {
    const x = left + (digit % 5) * step + 1;
    const y = top + Math.floor(digit / 5) * rowHeight;
    drawTile(context, palette, prototype, { rows: 12, columns: 7, x, y, width: tile, ink: [-1, 1] });
    const isPredicted = digit === answer.predictedClass;
    if (isPredicted) {
      context.strokeStyle = palette.accent;
      context.lineWidth = 2;
      context.strokeRect(x - 2, y - 2, tile + 4, tile * CODE_RATIO + 4);
    }
    write(context, palette, formatNumber(pass.outputs[digit], 1), x + tile / 2, y + tile * CODE_RATIO + 14,
      { size: 12, align: "center", face: palette.mono, color: isPredicted ? palette.accent : palette.muted,
        weight: isPredicted ? 500 : 400 });
  });
}

/** The outputs as bars with their probabilities. */
export const answer = {
  height: (_, { pass }) => pass.outputs.length * 30 + 8,
  label: (store) => chapterText(store, "tour.answer.label"),
  draw(context, palette, width, _height, { store, model, pass, answer: modelAnswer }) {
    const { outputs } = pass;
    const maxValue = Math.max(...outputs, 0);
    const minimum = Math.min(...outputs, 0);
    const maxLabelLength = Math.max(...model.labels.map((text) => text.length));
    const left = Math.max(44, maxLabelLength * 8 + 20);
    const right = width - 130;
    const x = (value) => left + ((value - minimum) / (maxValue - minimum || 1)) * (right - left);
    let nextClass = 0;
    outputs.forEach((output, index) => {
      const isNone = index === model.reject_class;
      const classIndex = isNone ? -1 : nextClass++;
      const y = 18 + index * 30;
      const isPredicted = classIndex === modelAnswer.predictedClass;
      const color = isPredicted ? palette.accent : palette.muted;
      write(context, palette, isNone ? chapterText(store, "tour.answer.none") : model.labels[classIndex], left - 12, y,
        { size: isNone || maxLabelLength > 3 ? 13 : 18, align: "right",
          color: isPredicted ? palette.accent : palette.ink });
      context.fillStyle = color;
      context.globalAlpha = isPredicted ? 1 : 0.45;
      context.fillRect(Math.min(x(0), x(output)), y - 8, Math.max(1, Math.abs(x(output) - x(0))), 16);
      context.globalAlpha = 1;
      write(context, palette, formatNumber(output, 2), right + 58, y, { align: "right", face: palette.mono, color });
      const probability = isNone ? modelAnswer.rejectProbability : modelAnswer.probabilities[classIndex];
      write(context, palette, probabilityText(probability), width, y,
        { size: 12, align: "right", face: palette.mono, color });
    });
  },
};

/** The digit rotated step by step, with the answer to each rotation. */
export const doubt = {
  height: (width) => rotationsLayout(width).height,
  label: (store, { model }) => chapterText(store, "tour.doubt.label", { name: model.title }),
  draw(context, palette, width, _height, { model, image, answer: unrotatedAnswer }) {
    const { columns, side, step, rowHeight } = rotationsLayout(width);
    rotationsOf(model, image).forEach(({ angle, image: rotated, answer: rotatedAnswer }, index) => {
      const x = (index % columns) * step + 1;
      const y = Math.floor(index / columns) * rowHeight + 2;
      drawTile(context, palette, rotated, { rows: 28, columns: 28, x, y, width: side, ink: [0, 255] });
      const isSameAnswer = rotatedAnswer.isAccepted && rotatedAnswer.predictedClass === unrotatedAnswer.predictedClass;
      if (angle === 0) {
        context.strokeStyle = palette.accent;
        context.lineWidth = 2;
        context.strokeRect(x - 1, y - 1, side + 2, side + 2);
      }
      write(context, palette, `${formatNumber(angle, 0)}°`, x, y + side + 13, { size: 12, face: palette.mono });
      const label = rotatedAnswer.isAccepted ? model.labels[rotatedAnswer.predictedClass] : "?";
      write(context, palette, label, x + side, y + side + 13,
        { size: 17, align: "right", weight: 500,
          color: isSameAnswer ? palette.accent : rotatedAnswer.isAccepted ? palette.positive : palette.muted });
    });
  },
};

function rotationsLayout(width) {
  const columns = width < 460 ? 4 : 7;
  const step = width / columns;
  const side = Math.min(92, step - 10);
  const rowHeight = side + 34;
  return { columns, side, step, rowHeight, height: Math.ceil(13 / columns) * rowHeight };
}

