/** The units around the one in focus, with their values written on them. */

import { bindText, translate } from "lenet/text.js";
import {
  contrastingTextColor, drawTile, frameCells, maxAbsOrOne, mountDrawing, shade, write,
} from "lenet/tour/drawing.js";
import { make } from "lenet/views/elements.js";
import { formatNumber } from "lenet/views/numbers.js";

const MAX_SIDE = 9;

/**
 * @returns {{element: HTMLElement, update: (unitInFocus: ?{shape: number[], unit: number[], values: Float32Array}) =>
 *     void}} the stage's shape and values, and the unit; null hides the element
 */
export function createNeighborhood(store) {
  const host = make("div");
  const element = make("figure", { class: "neighborhood" }, host,
    bindText(store, make("figcaption", { class: "figure-note" }), "unit.around"));
  let unitInFocus = null;
  const drawing = mountDrawing(host, {
    height: (width) => (unitInFocus ? (width * visiblePart(unitInFocus).rows) / visiblePart(unitInFocus).columns : 0),
    draw: (context, width, _height, palette) => { if (unitInFocus) draw(context, palette, width, unitInFocus); },
  });
  drawing.canvas.addEventListener("click", ({ offsetX, offsetY }) => {
    const { top, left, columns } = visiblePart(unitInFocus);
    const cell = drawing.canvas.clientWidth / columns;
    const unit = [unitInFocus.unit[0], top + Math.floor(offsetY / cell), left + Math.floor(offsetX / cell)];
    store.set({ focus: { ...store.state.focus, unit, isPinned: true } });
  });

  function update(nextUnitInFocus) {
    unitInFocus = nextUnitInFocus;
    element.hidden = !unitInFocus;
    if (!unitInFocus) return;
    drawing.describe(translate(store, "unit.around"));
    drawing.redraw();
  }

  return { element, update };
}

/** The part of the map that is shown, with the unit in its middle where the map's edges let it. */
function visiblePart({ shape: [, height, width], unit: [, row, column] }) {
  const [rows, columns] = [Math.min(MAX_SIDE, height), Math.min(MAX_SIDE, width)];
  const startOf = (center, count, length) => Math.max(0, Math.min(length - count, center - Math.floor(count / 2)));
  return { rows, columns, top: startOf(row, rows, height), left: startOf(column, columns, width) };
}

function draw(context, palette, width, unitInFocus) {
  const { shape: [, height, mapColumns], unit: [map, row, column], values } = unitInFocus;
  const { rows, columns, top, left } = visiblePart(unitInFocus);
  const start = map * height * mapColumns;
  const scale = maxAbsOrOne(values, start, height * mapColumns);
  const visibleValues = Float32Array.from({ length: rows * columns }, (_, index) =>
    values[start + (top + Math.floor(index / columns)) * mapColumns + left + (index % columns)]);
  const tile = { rows, columns, x: 1, y: 1, width: width - 2 };
  drawTile(context, palette, visibleValues, { ...tile, scale });
  const cell = (width - 2) / columns;
  visibleValues.forEach((value, index) => write(context, palette, formatNumber(value, cell < 34 ? 1 : 2),
    1 + ((index % columns) + 0.5) * cell, 1 + (Math.floor(index / columns) + 0.5) * cell,
    { size: Math.min(12, cell * 0.31), align: "center", face: palette.mono,
      color: contrastingTextColor(shade(palette, value / scale)) }));
  frameCells(context, palette, tile, { top: row - top, left: column - left, height: 1, width: 1 });
}
