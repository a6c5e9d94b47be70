/** The pictures of the stops "sampling", "table" and "c5"; see PictureState in tour.js. */

import { createConnectionTable } from "lenet/counts/connections.js";
import { contrastingTextColor, drawTile, frameCells, maxAbsOrOne, shade, write } from "lenet/tour/drawing.js";
import { inputStride } from "lenet/tour/stops.js";
import { chapterText } from "lenet/tour/text.js";
import { explainUnit } from "lenet/units.js";
import { make } from "lenet/views/elements.js";
import { formatNumber, stageName } from "lenet/views/numbers.js";

/** Four units, the sub-sampling unit that they make, and both maps. */
export const sampling = {
  height: (width) => Math.min(width * 0.36, 230) + 26 + 140,
  label: (store, { stage, previousStage }) => chapterText(store, "tour.sampling.label",
    { before: stageName(previousStage.name), stage: stageName(stage.name) }),
  draw(context, palette, width, _height, pictureState) {
    const { stage, previousStage, previousValues, stagePass, unit, network, pass, stageIndex } = pictureState;
    const [map, row, column] = unit;
    const inputMap = Math.floor(map / (stage.layer.copies ?? 1));
    const side = Math.min(width * 0.36, 230);
    const gap = Math.min(90, width * 0.12);
    const left = (width - 2 * side - gap) / 2;
    const [, rowsBefore, columnsBefore] = previousStage.outputShape;
    const [, rows, columns] = stage.outputShape;
    const explanation = explainUnit(network, pass, stageIndex, unit);
    const step = stage.layer.size;
    write(context, palette, `${stageName(previousStage.name)}, ${inputMap}`, left, 9, { face: palette.mono });
    const inputTile = { rows: rowsBefore, columns: columnsBefore, x: left, y: 22, width: side };
    const scale = maxAbsOrOne(previousValues, inputMap * rowsBefore * columnsBefore, rowsBefore * columnsBefore);
    drawTile(context, palette, previousValues, { ...inputTile, start: inputMap * rowsBefore * columnsBefore, scale });
    frameCells(context, palette, inputTile, { top: row * step, left: column * step, height: step, width: step });
    const outputLeft = left + side + gap;
    write(context, palette, `${stageName(stage.name)}, ${map}`, outputLeft, 9, { face: palette.mono });
    const outputTile = { rows, columns, x: outputLeft, y: 22, width: side };
    const outputScale = maxAbsOrOne(stagePass.values, map * rows * columns, rows * columns);
    drawTile(context, palette, stagePass.values, { ...outputTile, start: map * rows * columns, scale: outputScale });
    frameCells(context, palette, outputTile, { top: row, left: column, height: 1, width: 1 });
    write(context, palette, "→", left + side + gap / 2, 22 + side / 2, { size: 22, align: "center" });
    drawInputsAndOutput(context, palette, width, side + 44, explanation, { scale, outputScale, step });
  },
};

function drawInputsAndOutput(context, palette, width, y, explanation, { scale, outputScale, step }) {
  const cell = Math.min(58, width * 0.15);
  const x = width / 2 - cell * 3;
  Array.from(explanation.values).forEach((value, index) => {
    drawValue(context, palette, value, value / scale, {
      x: x + (index % step) * cell, y: y + Math.floor(index / step) * cell,
      cell, isFramed: index === explanation.maxIndex });
  });
  const operations = { subsampling: "Σ · w + b", max_pooling: "max", average_pooling: "Σ / 4" };
  const operation = operations[explanation.kind] ?? "";
  write(context, palette, operation, x + 2 * cell + cell * 1.35, y + cell - 14,
    { align: "center", face: palette.mono });
  write(context, palette, "→", x + 2 * cell + cell * 1.35, y + cell + 6, { size: 20, align: "center" });
  drawValue(context, palette, explanation.value, explanation.value / outputScale,
    { x: x + cell * 4.7, y: y + cell / 2 - cell * 0.15, cell: cell * 1.3, isFramed: true });
}

function drawValue(context, palette, value, share, { x, y, cell, isFramed }) {
  const scale = Math.abs(value / share) || 1;
  drawTile(context, palette, [value], { rows: 1, columns: 1, x, y, width: cell - 2, scale });
  if (isFramed) {
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    context.strokeRect(x, y, cell - 2, cell - 2);
  }
  write(context, palette, formatNumber(value, 2), x + cell / 2 - 1, y + cell / 2,
    { size: Math.min(14, cell * 0.26), align: "center", face: palette.mono,
      color: contrastingTextColor(shade(palette, share)) });
}

/** The input maps that one map of a convolution sees, each with its kernel, and what they make. */
export const table = {
  height: (width, { stage }) => tableLayout(width, stage).height,
  label: (store, { stage, previousStage }) => chapterText(store, "connections.caption",
    { before: stageName(previousStage.name), stage: stageName(stage.name) }),
  draw(context, palette, width, _height, pictureState) {
    const { stage, previousStage, previousValues, stagePass, unit, network, pass, stageIndex } = pictureState;
    const { side, step, kernelX, outputX, outputSide } = tableLayout(width, stage);
    const [inputs, rowsBefore, columnsBefore] = stage.inputShape;
    const [, rows, columns] = stage.outputShape;
    const terms = new Map(explainUnit(network, pass, stageIndex, unit).terms.map((term) => [term.map, term]));
    const outputMiddleY = (inputs * step) / 2;
    for (let input = 0; input < inputs; input += 1) {
      const y = input * step + 2;
      const term = terms.get(input);
      context.globalAlpha = term ? 1 : 0.28;
      write(context, palette, `${stageName(previousStage.name)} ${input}`, 0, y + side / 2, { face: palette.mono });
      const tile = { rows: rowsBefore, columns: columnsBefore, x: 64, y, width: side };
      drawTile(context, palette, previousValues, { ...tile, start: input * rowsBefore * columnsBefore });
      context.globalAlpha = 1;
      if (!term) continue;
      frameCells(context, palette, tile,
        { top: term.top, left: term.left, height: term.kernelSize, width: term.kernelSize });
      drawTile(context, palette, term.kernel,
        { rows: term.kernelSize, columns: term.kernelSize, x: kernelX, y: y + side * 0.1, width: side * 0.8 });
      context.strokeStyle = palette.line;
      context.beginPath();
      context.moveTo(kernelX + side * 0.8 + 8, y + side / 2);
      context.bezierCurveTo(outputX - 24, y + side / 2, outputX - 40, outputMiddleY, outputX - 8, outputMiddleY);
      context.stroke();
    }
    const outputTile = { rows, columns, x: outputX, y: outputMiddleY - outputSide / 2, width: outputSide };
    drawTile(context, palette, stagePass.values, { ...outputTile, start: unit[0] * rows * columns });
    frameCells(context, palette, outputTile, { top: unit[1], left: unit[2], height: 1, width: 1 });
    write(context, palette, `${stageName(stage.name)} ${unit[0]}`, outputX, outputTile.y - 13, { face: palette.mono });
  },
  extend(host, pictureState) {
    if (!pictureState.stage.layer.table) return null;
    const onChoose = (map) => pictureState.chooseUnit([map, pictureState.unit[1], pictureState.unit[2]]);
    const { element, highlight } = createConnectionTable(
      pictureState.store, pictureState.network, pictureState.stageIndex, { onChoose });
    host.append(element);
    highlight(pictureState.unit[0]);
    return { update: ({ unit }) => highlight(unit[0]), element };
  },
};

function tableLayout(width, { inputShape: [inputs] }) {
  const side = Math.min(54, Math.max(34, width * 0.09));
  const step = side + 8;
  const kernelX = 64 + side + width * 0.06;
  const outputSide = Math.min(170, width * 0.3);
  return { side, step, kernelX, outputSide, outputX: Math.min(width - outputSide, kernelX + side + width * 0.2),
    height: Math.max(inputs * step, outputSide + 40) };
}

/** The maps that a unit of C5 sees whole, its weights, and how often the network would fit on a wider picture. */
export const c5 = {
  height: (width, pictureState) => c5Layout(width, pictureState).height,
  label: (store, { stage, previousStage, unit, pictureWidth }) => chapterText(store,
    stage.kind === "convolution" ? "tour.c5.label" : "tour.c5.label.full",
    { before: stageName(previousStage.name), stage: stageName(stage.name), width: pictureWidth, map: unit[0] }),
  draw(context, palette, width, _height, pictureState) {
    const { store, stage, previousStage, previousValues, unit, pictureWidth, network, stageIndex, pass } = pictureState;
    const [inputs, rows, columns] = stage.inputShape;
    const { gridColumns, side, step, gridWidth, top } = c5Layout(width, pictureState);
    const weights = stage.arrays.weight;
    const start = unit[0] * inputs * rows * columns;
    const panels = [
      [0, stageName(previousStage.name), previousValues, 0],
      [gridWidth + 28, chapterText(store, `tour.c5.weights.${stage.kind}`, { map: unit[0] }), weights, start],
    ];
    for (const [left, title, values, valuesStart] of panels) {
      write(context, palette, title, left, 9);
      const scale = maxAbsOrOne(values, valuesStart, inputs * rows * columns);
      for (let input = 0; input < inputs; input += 1) {
        drawTile(context, palette, values, { rows, columns, x: left + 1 + (input % gridColumns) * step,
          y: 23 + Math.floor(input / gridColumns) * step, width: side, start: valuesStart + input * rows * columns,
          scale });
      }
    }
    if (stage.kind === "convolution") {
      drawPositions(context, palette, width, top, { pictureWidth, network, stageIndex, pass });
    }
  },
  extend(host, pictureState) {
    if (pictureState.stage.kind !== "convolution") return null;
    const [, , inputWidth] = pictureState.network.inputShape;
    const pixelsPerUnit = inputStride(pictureState.network, pictureState.stageIndex);
    const slider = make("input", { type: "range", min: inputWidth, max: 2 * inputWidth, step: pixelsPerUnit,
      value: pictureState.pictureWidth });
    const message = make("output");
    const name = make("span");
    const update = ({ store, stage, pictureWidth }) => {
      const columns = (pictureWidth - inputWidth) / pixelsPerUnit + 1;
      name.textContent = chapterText(store, "tour.c5.slider");
      message.value = chapterText(store, columns === 1 ? "tour.c5.column" : "tour.c5.columns",
        { width: pictureWidth, columns, stage: stageName(stage.name) });
      slider.setAttribute("aria-valuetext", message.value);
    };
    slider.addEventListener("input", () => pictureState.setPictureWidth(Number(slider.value)));
    const element = make("label", { class: "convolution-slider tour-wide" }, name, slider, message);
    host.append(element);
    update(pictureState);
    return { update, element };
  },
};

function c5Layout(width, { stage }) {
  const [inputs] = stage.inputShape;
  const gridColumns = Math.ceil(Math.sqrt(inputs));
  const gridWidth = Math.min(240, (width - 28) / 2);
  const step = gridWidth / gridColumns;
  const top = 22 + Math.ceil(inputs / gridColumns) * step + 26;
  return { gridColumns, step, side: step - 5, gridWidth, top, height: top + (stage.kind === "convolution" ? 150 : 0) };
}

/** The input, widened with paper, and every place where the network fits on it. */
function drawPositions(context, palette, width, top, { pictureWidth, network, stageIndex, pass }) {
  const [, inputHeight, inputWidth] = network.inputShape;
  const pixelsPerUnit = inputStride(network, stageIndex);
  const scale = Math.min(3.2, (width - 2) / (2 * inputWidth));
  const positionCount = (pictureWidth - inputWidth) / pixelsPerUnit + 1;
  context.strokeStyle = palette.muted;
  context.lineWidth = 1;
  context.strokeRect(1, top, pictureWidth * scale, inputHeight * scale);
  drawTile(context, palette, pass.input, { rows: inputHeight, columns: inputWidth, x: 1, y: top,
    width: inputWidth * scale, ink: network.description.input_range });
  context.strokeStyle = palette.accent;
  for (let index = 0; index < positionCount; index += 1) {
    context.globalAlpha = index === 0 ? 1 : 0.45;
    context.lineWidth = index === 0 ? 2 : 1;
    context.strokeRect(1 + index * pixelsPerUnit * scale, top, inputWidth * scale, inputHeight * scale);
    context.globalAlpha = 1;
    context.fillStyle = palette.accent;
    const x = 1 + (index * pixelsPerUnit + inputWidth / 2) * scale;
    context.fillRect(x - 4, top + inputHeight * scale + 14, 8, 8);
  }
}
