/** The pictures of the stops about maps: sub-sampling, connection tables, and the convolution with one position. */

import { connectionTable } from "lenet/account/connections.js";
import { drawTile, frameCells, largest, readable, shade, write } from "lenet/tour/drawing.js";
import { jumpBefore } from "lenet/tour/stops.js";
import { phrase } from "lenet/tour/text.js";
import { explainUnit } from "lenet/units.js";
import { make } from "lenet/views/elements.js";
import { number, stageName } from "lenet/views/numbers.js";

/** Four units, their one successor, and both maps. */
export const sampling = {
  height: (width) => Math.min(width * 0.36, 230) + 26 + 140,
  label: (store, { layer, before }) => phrase(store, "tour.sampling.label",
    { before: stageName(before.name), stage: stageName(layer.name) }),
  draw(context, palette, width, _height, { layer, before, beforeValues, passed, unit, network, pass, stage }) {
    const [map, row, column] = unit;
    const inputMap = Math.floor(map / (layer.layer.copies ?? 1));
    const side = Math.min(width * 0.36, 230);
    const gap = Math.min(90, width * 0.12);
    const left = (width - 2 * side - gap) / 2;
    const [, rowsBefore, columnsBefore] = before.outputShape;
    const [, rows, columns] = layer.outputShape;
    const explanation = explainUnit(network, pass, stage, unit);
    const step = layer.layer.size;
    write(context, palette, `${stageName(before.name)}, ${inputMap}`, left, 9, { face: palette.mono });
    const from = { rows: rowsBefore, columns: columnsBefore, x: left, y: 22, width: side };
    const scale = largest(beforeValues, inputMap * rowsBefore * columnsBefore, rowsBefore * columnsBefore);
    drawTile(context, palette, beforeValues, { ...from, start: inputMap * rowsBefore * columnsBefore, scale });
    frameCells(context, palette, from, { top: row * step, left: column * step, height: step, width: step });
    const right = left + side + gap;
    write(context, palette, `${stageName(layer.name)}, ${map}`, right, 9, { face: palette.mono });
    const to = { rows, columns, x: right, y: 22, width: side };
    const ownScale = largest(passed.values, map * rows * columns, rows * columns);
    drawTile(context, palette, passed.values, { ...to, start: map * rows * columns, scale: ownScale });
    frameCells(context, palette, to, { top: row, left: column, height: 1, width: 1 });
    write(context, palette, "→", left + side + gap / 2, 22 + side / 2, { size: 22, align: "center" });
    drawFour(context, palette, width, side + 44, explanation, { scale, ownScale, step });
  },
};

function drawFour(context, palette, width, y, explanation, { scale, ownScale, step }) {
  const cell = Math.min(58, width * 0.15);
  const x = width / 2 - cell * 3;
  Array.from(explanation.values).forEach((value, index) => {
    drawValue(context, palette, value, value / scale, {
      x: x + (index % step) * cell, y: y + Math.floor(index / step) * cell,
      cell, isFramed: index === explanation.winner });
  });
  const operations = { subsampling: "Σ · w + b", max_pooling: "max", average_pooling: "Σ / 4" };
  const operation = operations[explanation.kind] ?? "";
  write(context, palette, operation, x + 2 * cell + cell * 1.35, y + cell - 14, { align: "center", face: palette.mono });
  write(context, palette, "→", x + 2 * cell + cell * 1.35, y + cell + 6, { size: 20, align: "center" });
  drawValue(context, palette, explanation.value, explanation.value / ownScale,
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
  write(context, palette, number(value, 2), x + cell / 2 - 1, y + cell / 2,
    { size: Math.min(14, cell * 0.26), align: "center", face: palette.mono,
      color: readable(shade(palette, share)) });
}

/** The input maps that one map of a convolution sees, each with its kernel, and what they make. */
export const table = {
  height: (width, { layer }) => inputRows(width, layer).height,
  label: (store, { layer, before }) => phrase(store, "connections.caption",
    { before: stageName(before.name), stage: stageName(layer.name) }),
  draw(context, palette, width, _height, { layer, before, beforeValues, passed, unit, network, pass, stage }) {
    const { side, step, middle, outX, outSide } = inputRows(width, layer);
    const [inputs, rowsBefore, columnsBefore] = layer.inputShape;
    const [, rows, columns] = layer.outputShape;
    const terms = new Map(explainUnit(network, pass, stage, unit).terms.map((term) => [term.map, term]));
    const middleY = (inputs * step) / 2;
    for (let input = 0; input < inputs; input += 1) {
      const y = input * step + 2;
      const term = terms.get(input);
      context.globalAlpha = term ? 1 : 0.28;
      write(context, palette, `${stageName(before.name)} ${input}`, 0, y + side / 2, { face: palette.mono });
      const tile = { rows: rowsBefore, columns: columnsBefore, x: 64, y, width: side };
      drawTile(context, palette, beforeValues, { ...tile, start: input * rowsBefore * columnsBefore });
      context.globalAlpha = 1;
      if (!term) continue;
      frameCells(context, palette, tile, { top: term.top, left: term.left, height: term.size, width: term.size });
      drawTile(context, palette, term.kernel, { rows: term.size, columns: term.size, x: middle, y: y + side * 0.1,
        width: side * 0.8 });
      context.strokeStyle = palette.line;
      context.beginPath();
      context.moveTo(middle + side * 0.8 + 8, y + side / 2);
      context.bezierCurveTo(outX - 24, y + side / 2, outX - 40, middleY, outX - 8, middleY);
      context.stroke();
    }
    const target = { rows, columns, x: outX, y: middleY - outSide / 2, width: outSide };
    drawTile(context, palette, passed.values, { ...target, start: unit[0] * rows * columns });
    frameCells(context, palette, target, { top: unit[1], left: unit[2], height: 1, width: 1 });
    write(context, palette, `${stageName(layer.name)} ${unit[0]}`, outX, target.y - 13, { face: palette.mono });
  },
  extend(host, scene) {
    if (!scene.layer.layer.table) return null;
    const choose = (map) => scene.choose([map, scene.unit[1], scene.unit[2]]);
    const { element, light } = connectionTable(scene.store, scene.network, scene.stage, { onChoose: choose });
    host.append(element);
    light(scene.unit[0]);
    return { update: ({ unit }) => light(unit[0]), element };
  },
};

function inputRows(width, { inputShape: [inputs] }) {
  const side = Math.min(54, Math.max(34, width * 0.09));
  const step = side + 8;
  const middle = 64 + side + width * 0.06;
  const outSide = Math.min(170, width * 0.3);
  return { side, step, middle, outSide, outX: Math.min(width - outSide, middle + side + width * 0.2),
    height: Math.max(inputs * step, outSide + 40) };
}

/** The maps that C5 covers whole, and how often it would fit on a wider picture. */
export const c5 = {
  height: (width, scene) => wholeGrid(width, scene).height,
  label: (store, { layer, before, unit, wide }) => phrase(store,
    layer.kind === "convolution" ? "tour.c5.label" : "tour.c5.label.full",
    { before: stageName(before.name), stage: stageName(layer.name), width: wide, map: unit[0] }),
  draw(context, palette, width, _height, scene) {
    const { store, layer, before, beforeValues, unit, wide, network, stage, pass } = scene;
    const [inputs, rows, columns] = layer.inputShape;
    const { across, side, step, gridWidth, top } = wholeGrid(width, scene);
    const weights = layer.arrays.weight;
    const start = unit[0] * inputs * rows * columns;
    const panels = [
      [0, stageName(before.name), beforeValues, 0],
      [gridWidth + 28, phrase(store, `tour.c5.weights.${layer.kind}`, { map: unit[0] }), weights, start],
    ];
    for (const [left, title, values, first] of panels) {
      write(context, palette, title, left, 9);
      const scale = largest(values, first, inputs * rows * columns);
      for (let input = 0; input < inputs; input += 1) {
        drawTile(context, palette, values, { rows, columns, x: left + 1 + (input % across) * step,
          y: 23 + Math.floor(input / across) * step, width: side, start: first + input * rows * columns, scale });
      }
    }
    if (layer.kind === "convolution") drawFits(context, palette, width, top, { wide, network, stage, pass });
  },
  extend(host, scene) {
    if (scene.layer.kind !== "convolution") return null;
    const [, , base] = scene.network.inputShape;
    const jump = jumpBefore(scene.network, scene.stage);
    const slider = make("input", { type: "range", min: base, max: 2 * base, step: jump, value: scene.wide });
    const message = make("output");
    const name = make("span");
    const update = ({ store, layer, wide }) => {
      const columns = (wide - base) / jump + 1;
      name.textContent = phrase(store, "tour.c5.slider");
      message.value = phrase(store, columns === 1 ? "tour.c5.column" : "tour.c5.columns",
        { width: wide, columns, stage: stageName(layer.name) });
      slider.setAttribute("aria-valuetext", message.value);
    };
    slider.addEventListener("input", () => scene.widen(Number(slider.value)));
    const element = make("label", { class: "convolution-slider tour-wide" }, name, slider, message);
    host.append(element);
    update(scene);
    return { update, element };
  },
};

function wholeGrid(width, { layer }) {
  const [inputs] = layer.inputShape;
  const across = Math.ceil(Math.sqrt(inputs));
  const gridWidth = Math.min(240, (width - 28) / 2);
  const step = gridWidth / across;
  const top = 22 + Math.ceil(inputs / across) * step + 26;
  return { across, step, side: step - 5, gridWidth, top, height: top + (layer.kind === "convolution" ? 150 : 0) };
}

/** The input, widened with paper, and every place where the network fits on it. */
function drawFits(context, palette, width, top, { wide, network, stage, pass }) {
  const [, tall, base] = network.inputShape;
  const jump = jumpBefore(network, stage);
  const scale = Math.min(3.2, (width - 2) / (2 * base));
  const count = (wide - base) / jump + 1;
  context.strokeStyle = palette.muted;
  context.lineWidth = 1;
  context.strokeRect(1, top, wide * scale, tall * scale);
  drawTile(context, palette, pass.input, { rows: tall, columns: base, x: 1, y: top, width: base * scale,
    ink: network.description.input_range });
  context.strokeStyle = palette.accent;
  for (let index = 0; index < count; index += 1) {
    context.globalAlpha = index === 0 ? 1 : 0.45;
    context.lineWidth = index === 0 ? 2 : 1;
    context.strokeRect(1 + index * jump * scale, top, base * scale, tall * scale);
    context.globalAlpha = 1;
    context.fillStyle = palette.accent;
    const x = 1 + (index * jump + base / 2) * scale;
    context.fillRect(x - 4, top + tall * scale + 14, 8, 8);
  }
}
