/** The units around the one in focus, with their values written on them. */

import { bindText, translate } from "lenet/text.js";
import { drawTile, frameCells, largest, mountDrawing, readable, shade, write } from "lenet/tour/drawing.js";
import { make } from "lenet/views/elements.js";
import { number } from "lenet/views/numbers.js";

const SIDE = 9;

/** @returns {{element: HTMLElement, update: (subject: ?Object) => void}} null hides it */
export function createNeighborhood(store) {
  const host = make("div");
  const element = make("figure", { class: "neighborhood" }, host,
    bindText(store, make("figcaption", { class: "figure-note" }), "unit.around"));
  let subject = null;
  const drawing = mountDrawing(host, {
    height: (width) => (subject ? (width * partOf(subject).rows) / partOf(subject).columns : 0),
    draw: (context, width, _height, palette) => { if (subject) draw(context, palette, width, subject); },
  });
  drawing.canvas.addEventListener("click", ({ offsetX, offsetY }) => {
    const { top, left, columns } = partOf(subject);
    const cell = drawing.canvas.clientWidth / columns;
    const unit = [subject.unit[0], top + Math.floor(offsetY / cell), left + Math.floor(offsetX / cell)];
    store.set({ focus: { ...store.state.focus, unit, pinned: true } });
  });

  function update(next) {
    subject = next;
    element.hidden = !subject;
    if (!subject) return;
    drawing.describe(translate(store, "unit.around"));
    drawing.redraw();
  }

  return { element, update };
}

/** The part of the map that is shown: the unit in the middle where the map's edges let it. */
function partOf({ shape: [, height, width], unit: [, row, column] }) {
  const [rows, columns] = [Math.min(SIDE, height), Math.min(SIDE, width)];
  const from = (center, shown, length) => Math.max(0, Math.min(length - shown, center - Math.floor(shown / 2)));
  return { rows, columns, top: from(row, rows, height), left: from(column, columns, width) };
}

function draw(context, palette, width, subject) {
  const { shape: [, height, across], unit: [map, row, column], values } = subject;
  const { rows, columns, top, left } = partOf(subject);
  const start = map * height * across;
  const scale = largest(values, start, height * across);
  const part = Float32Array.from({ length: rows * columns }, (_, index) =>
    values[start + (top + Math.floor(index / columns)) * across + left + (index % columns)]);
  const rectangle = { rows, columns, x: 1, y: 1, width: width - 2 };
  drawTile(context, palette, part, { ...rectangle, scale });
  const cell = (width - 2) / columns;
  part.forEach((value, index) => write(context, palette, number(value, cell < 34 ? 1 : 2),
    1 + ((index % columns) + 0.5) * cell, 1 + (Math.floor(index / columns) + 0.5) * cell,
    { size: Math.min(12, cell * 0.31), align: "center", face: palette.mono,
      color: readable(shade(palette, value / scale)) }));
  frameCells(context, palette, rectangle, { top: row - top, left: column - left, height: 1, width: 1 });
}
