/** The gradient of the selected weight in the last update: each digit's share of it, their sum, and the step. */

import { positionOfWeight } from "lenet/learning/kernels.js";
import { ARROWS, makePickable } from "lenet/learning/picking.js";
import { drawTile, maxAbsOrOne, mountDrawing, write } from "lenet/tour/drawing.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { formatNumber } from "lenet/views/numbers.js";

const TILE = 40;
const CELL = { width: 68, height: 66 };
const MINUS = "−";

/**
 * @param {Object} store
 * @param {() => WorkbenchState} workbenchState
 * @returns {{element: HTMLElement, draw: () => void, updateText: () => void}}
 */
export function createGradientSum(store, workbenchState) {
  const title = make("h3", { class: "learning-title" });
  const explanation = make("p", { class: "section-text" });
  const weightName = make("p", { class: "learning-weight" });
  const noUpdateHint = make("p", { class: "learning-hint" });
  const batchTitle = make("p", { class: "small-title" });
  const batchHost = make("div");
  const formulas = make("dl", { class: "learning-formulas" });
  const digitTitle = make("p", { class: "small-title" });
  const digitHost = make("div");
  const hint = make("p", { class: "learning-hint" });
  const products = make("p", { class: "learning-products" });
  const batchPart = make("div", { class: "learning-batch" }, batchTitle, batchHost);
  const digitPart = make("div", { class: "learning-one" }, digitTitle, digitHost, products, hint);
  const sums = make("div", { class: "learning-sums" }, batchPart, make("div", {}, formulas, digitPart));
  const element = make("div", { class: "learning-gradient" }, title, explanation, weightName, noUpdateHint, sums);
  let selectedPosition = 0;
  let columns = 1;

  const currentGradient = () => {
    const { run, weight } = workbenchState();
    const weightGradient = run?.weightGradient;
    const isSelected = weightGradient?.stageIndex === weight.stageIndex && weightGradient.index === weight.index;
    return isSelected ? weightGradient : null;
  };
  const currentPosition = () => Math.min(selectedPosition, (currentGradient()?.exampleGradients.length ?? 1) - 1);

  const batchDrawing = mountDrawing(batchHost, {
    height: (width) => {
      columns = Math.max(1, Math.floor(width / CELL.width));
      return Math.ceil((currentGradient()?.exampleGradients.length ?? 1) / columns) * CELL.height;
    },
    draw: (context, width, _height, palette) => {
      const weightGradient = currentGradient();
      if (!weightGradient) return;
      const decimals = decimalsFor(weightGradient.exampleGradients);
      weightGradient.digitIndexes.forEach((digitIndex, position) => {
        const x = (position % columns) * CELL.width + 2;
        const y = Math.floor(position / columns) * CELL.height + 2;
        drawTile(context, palette, workbenchState().digits.images,
          { rows: 28, columns: 28, start: digitIndex * 784, x, y, width: TILE, ink: [0, 255] });
        if (position === currentPosition()) {
          context.strokeStyle = palette.accent;
          context.lineWidth = 2.5;
          context.strokeRect(x - 0.5, y - 0.5, TILE + 1, TILE + 1);
        }
        const exampleGradient = weightGradient.exampleGradients[position];
        write(context, palette, formatNumber(exampleGradient, decimals), x, y + TILE + 12, {
          size: 11, face: palette.mono,
          color: exampleGradient < 0 ? palette.negative : exampleGradient > 0 ? palette.positive : palette.muted,
        });
      });
    },
  });
  makePickable(batchDrawing.canvas, {
    placeAt: (x, y) => {
      const position = Math.floor(y / CELL.height) * columns + Math.floor(x / CELL.width);
      const isDigit = x < columns * CELL.width && position < (currentGradient()?.exampleGradients.length ?? 0);
      return isDigit ? position : null;
    },
    placeAfterKey: (key) => {
      const [down, right] = ARROWS[key];
      const position = currentPosition() + down * columns + right;
      return position >= 0 && position < (currentGradient()?.exampleGradients.length ?? 0) ? position : null;
    },
    onPick: (position) => {
      selectedPosition = position;
      draw();
    },
  });

  const digitDrawing = mountDrawing(digitHost, {
    height: (width) => tileWidth(width) + 18,
    draw: (context, width, _height, palette) => {
      const weightGradient = currentGradient();
      if (!weightGradient?.mapShape) return;
      const [rows, mapColumns] = weightGradient.mapShape;
      const deltas = weightGradient.deltas[currentPosition()];
      const inputs = weightGradient.inputs[currentPosition()];
      const map = positionOfWeight(workbenchState().run.network, weightGradient).map;
      const tiles = [
        [deltas, chapterText(store, "learning.gradient.deltas", { map })],
        [inputs, chapterText(store, "learning.gradient.inputs")],
        [deltas.map((delta, position) => delta * inputs[position]), chapterText(store, "learning.gradient.products")],
      ];
      const side = tileWidth(width);
      tiles.forEach(([values, caption], index) => {
        const x = 1 + index * (side + 14);
        drawTile(context, palette, values,
          { rows, columns: mapColumns, x, y: 1, width: side, scale: maxAbsOrOne(values) });
        write(context, palette, caption, x, side + 12, { size: 12 });
      });
    },
  });
  const tileWidth = (width) => Math.min(150, (width - 30) / 3);

  function draw() {
    const weightGradient = currentGradient();
    const { run, digits, weight } = workbenchState();
    if (!run) return;
    const position = positionOfWeight(run.network, weight);
    const stage = run.network.stages[weight.stageIndex];
    weightName.textContent = chapterText(store, `learning.weight.${stage.name}`, position);
    noUpdateHint.hidden = Boolean(weightGradient);
    sums.hidden = !weightGradient;
    if (weightGradient) {
      showSum(weightGradient, run.settings);
      showDigit(weightGradient, digits);
    }
    batchDrawing.redraw();
    digitDrawing.redraw();
  }

  function showSum(weightGradient, { learningRate, momentum }) {
    const { exampleGradients, gradient, previousVelocity, velocity, weightBefore, weightAfter } = weightGradient;
    const decimals = decimalsFor(exampleGradients);
    const fineDecimals = Math.min(9, decimals + 2);
    const sum = exampleGradients.reduce((total, exampleGradient) => total + exampleGradient, 0);
    const fineText = (value) => formatNumber(value, fineDecimals);
    const inParentheses = (value) => (value < 0 ? `(${fineText(value)})` : fineText(value));
    const rows = [
      ["mean", `${formatNumber(sum, decimals)} / ${exampleGradients.length} = ${fineText(gradient)}`],
      ["velocity", `${momentum} · ${inParentheses(previousVelocity)} + ${learningRate} · ${inParentheses(gradient)}`
        + ` = ${fineText(velocity)}`],
      ["after", `${fineText(weightBefore)} ${velocity < 0 ? "+" : MINUS} ${fineText(Math.abs(velocity))}`
        + ` = ${fineText(weightAfter)}`],
    ];
    formulas.replaceChildren(...rows.flatMap(([key, formula]) =>
      [make("dt", {}, chapterText(store, `learning.gradient.${key}`)), make("dd", { "data-formula": key }, formula)]));
  }

  function showDigit({ exampleGradients, digitIndexes, deltas, mapShape }, digits) {
    const position = currentPosition();
    const label = digits.labels[digitIndexes[position]];
    const exampleGradient = formatNumber(exampleGradients[position], decimalsFor(exampleGradients));
    digitTitle.textContent = chapterText(store, "learning.gradient.digit", { number: position + 1, label });
    const values = { count: exampleGradients.length, number: position + 1, label, part: exampleGradient };
    batchDrawing.describe(chapterText(store, "learning.gradient.batchText", values));
    digitPart.hidden = !mapShape;
    if (!mapShape) return;
    const count = deltas[position].length;
    products.textContent = `${chapterText(store, "learning.gradient.sum", { count })} = ${exampleGradient}`;
    hint.textContent = chapterText(store, "learning.gradient.places", { count });
    digitDrawing.describe(products.textContent);
  }

  function updateText() {
    title.textContent = chapterText(store, "learning.gradient");
    explanation.textContent = chapterText(store, "learning.gradient.text");
    noUpdateHint.textContent = chapterText(store, "learning.gradient.none");
    batchTitle.textContent = chapterText(store, "learning.gradient.batch");
    draw();
  }

  return { element, draw, updateText };
}

/** Decimals that show the largest of the numbers with four figures. */
function decimalsFor(values) {
  const maxMagnitude = maxAbsOrOne(values);
  return Math.max(2, Math.min(8, 3 - Math.floor(Math.log10(maxMagnitude))));
}
