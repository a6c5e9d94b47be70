/** The gradient of one weight in the last update, written out: the digits of the batch, their parts, and the sum. */

import { placeOfWeight } from "lenet/learning/kernels.js";
import { ARROWS, makePickable } from "lenet/learning/picking.js";
import { drawTile, largest, mountDrawing, write } from "lenet/tour/drawing.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { number } from "lenet/views/numbers.js";

const TILE = 40;
const CELL = { width: 68, height: 66 };
const MINUS = "−";

/**
 * @param {Object} store
 * @param {() => {run: Run, digits: Object, weight: Object}} scene
 * @returns {{element: HTMLElement, draw: () => void, updateText: () => void}}
 */
export function createGradientSum(store, scene) {
  const title = make("h3", { class: "learning-title" });
  const text = make("p", { class: "section-text" });
  const name = make("p", { class: "learning-weight" });
  const none = make("p", { class: "learning-hint" });
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
  const element = make("div", { class: "learning-gradient" }, title, text, name, none, sums);
  let selectedPosition = 0;
  let columns = 1;

  const watched = () => {
    const { run, weight } = scene();
    const noted = run?.watched;
    return noted?.stage === weight.stage && noted.index === weight.index ? noted : null;
  };
  const chosenPlace = () => Math.min(selectedPosition, (watched()?.parts.length ?? 1) - 1);

  const batch = mountDrawing(batchHost, {
    height: (width) => {
      columns = Math.max(1, Math.floor(width / CELL.width));
      return Math.ceil((watched()?.parts.length ?? 1) / columns) * CELL.height;
    },
    draw: (context, width, _height, palette) => {
      const noted = watched();
      if (!noted) return;
      const decimals = decimalsFor(noted.parts);
      noted.examples.forEach((example, position) => {
        const x = (position % columns) * CELL.width + 2;
        const y = Math.floor(position / columns) * CELL.height + 2;
        drawTile(context, palette, scene().digits.images, { rows: 28, columns: 28, start: example * 784, x, y,
          width: TILE, ink: [0, 255] });
        if (position === chosenPlace()) {
          context.strokeStyle = palette.accent;
          context.lineWidth = 2.5;
          context.strokeRect(x - 0.5, y - 0.5, TILE + 1, TILE + 1);
        }
        const part = noted.parts[position];
        write(context, palette, number(part, decimals), x, y + TILE + 12, { size: 11, face: palette.mono,
          color: part < 0 ? palette.negative : part > 0 ? palette.positive : palette.muted });
      });
    },
  });
  makePickable(batch.canvas, {
    under: (x, y) => {
      const position = Math.floor(y / CELL.height) * columns + Math.floor(x / CELL.width);
      return x < columns * CELL.width && position < (watched()?.parts.length ?? 0) ? position : null;
    },
    move: (key) => {
      const [down, right] = ARROWS[key];
      const position = chosenPlace() + down * columns + right;
      return position >= 0 && position < (watched()?.parts.length ?? 0) ? position : null;
    },
    pick: (position) => {
      selectedPosition = position;
      draw();
    },
  });

  const digit = mountDrawing(digitHost, {
    height: (width) => tileWidth(width) + 18,
    draw: (context, width, _height, palette) => {
      const noted = watched();
      if (!noted?.shape) return;
      const [rows, across] = noted.shape;
      const deltas = noted.deltas[chosenPlace()];
      const inputs = noted.inputs[chosenPlace()];
      const map = placeOfWeight(scene().run.network, noted).map;
      const tiles = [
        [deltas, phrase(store, "learning.gradient.deltas", { map })],
        [inputs, phrase(store, "learning.gradient.inputs")],
        [deltas.map((delta, position) => delta * inputs[position]), phrase(store, "learning.gradient.products")],
      ];
      const side = tileWidth(width);
      tiles.forEach(([values, caption], index) => {
        const x = 1 + index * (side + 14);
        drawTile(context, palette, values, { rows, columns: across, x, y: 1, width: side, scale: largest(values) });
        write(context, palette, caption, x, side + 12, { size: 12 });
      });
    },
  });
  const tileWidth = (width) => Math.min(150, (width - 30) / 3);

  function draw() {
    const noted = watched();
    const { run, digits, weight } = scene();
    if (!run) return;
    const weightAddress = placeOfWeight(run.network, weight);
    const stage = run.network.stages[weight.stage];
    name.textContent = phrase(store, `learning.weight.${stage.name}`, weightAddress);
    none.hidden = Boolean(noted);
    sums.hidden = !noted;
    if (noted) {
      tellSum(noted, run.choices);
      tellDigit(noted, digits);
    }
    batch.redraw();
    digit.redraw();
  }

  function tellSum({ parts, gradient, earlier, velocity, before, after }, { rate, momentum }) {
    const decimals = decimalsFor(parts);
    const fine = Math.min(9, decimals + 2);
    const sum = parts.reduce((total, part) => total + part, 0);
    const text = (value) => number(value, fine);
    const inside = (value) => (value < 0 ? `(${text(value)})` : text(value));
    const rows = [
      ["mean", `${number(sum, decimals)} / ${parts.length} = ${text(gradient)}`],
      ["velocity", `${momentum} · ${inside(earlier)} + ${rate} · ${inside(gradient)} = ${text(velocity)}`],
      ["after", `${text(before)} ${velocity < 0 ? "+" : MINUS} ${text(Math.abs(velocity))} = ${text(after)}`],
    ];
    formulas.replaceChildren(...rows.flatMap(([key, formula]) =>
      [make("dt", {}, phrase(store, `learning.gradient.${key}`)), make("dd", { "data-formula": key }, formula)]));
  }

  function tellDigit({ parts, examples, deltas, shape }, digits) {
    const position = chosenPlace();
    const label = digits.labels[examples[position]];
    const part = number(parts[position], decimalsFor(parts));
    digitTitle.textContent = phrase(store, "learning.gradient.digit", { number: position + 1, label });
    const values = { count: parts.length, number: position + 1, label, part };
    batch.describe(phrase(store, "learning.gradient.batchText", values));
    digitPart.hidden = !shape;
    if (!shape) return;
    const count = deltas[position].length;
    products.textContent = `${phrase(store, "learning.gradient.sum", { count })} = ${part}`;
    hint.textContent = phrase(store, "learning.gradient.places", { count });
    digit.describe(products.textContent);
  }

  function updateText() {
    title.textContent = phrase(store, "learning.gradient");
    text.textContent = phrase(store, "learning.gradient.text");
    none.textContent = phrase(store, "learning.gradient.none");
    batchTitle.textContent = phrase(store, "learning.gradient.batch");
    draw();
  }

  return { element, draw, updateText };
}

/** Decimals that show the largest of the numbers with four figures. */
function decimalsFor(values) {
  const size = largest(values);
  return Math.max(2, Math.min(8, 3 - Math.floor(Math.log10(size))));
}
