/** The picture of a convolution at work: what it sees, its map so far, and patch times kernel below. */

import { drawTile, frameCells, largest, readable, shade, write } from "lenet/tour/drawing.js";
import { phrase } from "lenet/tour/text.js";
import { number, stageName } from "lenet/views/numbers.js";

/** Where things lie: maps above, the product of patch and kernel below. */
export function layOut(width, worked) {
  const gap = Math.max(18, width * 0.06);
  const half = Math.min((width - gap) / 2, 280);
  const left = Math.max(0, (width - 2 * half - gap) / 2);
  const small = Math.min((width - 56) / 3, 168);
  const smallLeft = (width - 3 * small - 56) / 2;
  return { half, left, right: left + half + gap, small, smallLeft, top: 22, below: half + 58,
    height: worked ? half + small + 70 : 100 };
}

export function drawWorked(context, palette, layout, state, worked, store, layer) {
  const { half, left, right, top } = layout;
  const label = (key, x, y) =>
    write(context, palette, phrase(store, `convolution.${key}`, { stage: stageName(layer.name) }), x, y, { size: 13 });
  const { inputs, width, height, margin } = worked;
  const gridColumns = Math.ceil(Math.sqrt(inputs.length));
  const space = inputs.length > 1 ? 6 : 0;
  const side = (half - space * (gridColumns - 1)) / gridColumns;
  const cell = side / (width + 2 * margin);
  label(inputs.length > 1 ? "inputs" : "input", left, 9);
  inputs.forEach((input, index) => {
    const x = left + (index % gridColumns) * (side + space);
    const y = top + Math.floor(index / gridColumns) * (side + space);
    const tile = { rows: height, columns: width, x: x + margin * cell, y: y + margin * cell, width: width * cell };
    drawTile(context, palette, worked.source, { ...tile, start: input * height * width, ink: worked.gray });
    const term = state.explanation.terms[index];
    const active = term === state.term && state.done <= worked.products;
    const patch = { top: term.top, left: term.left, height: term.size, width: term.size };
    frameCells(context, palette, tile, patch, active ? palette.accent : palette.muted);
  });
  label("output", right, 9);
  const target = { rows: worked.rows, columns: worked.columns, x: right, y: top,
    width: worked.rows === 1 ? half / 5 : half };
  const filled = state.filled;
  drawTile(context, palette, state.values, { ...target, scale: worked.scale, filled });
  frameCells(context, palette, target, { top: state.row, left: state.column, height: 1, width: 1 });
  drawFactors(context, palette, layout, state, worked, label);
}

function drawFactors(context, palette, layout, state, worked, label) {
  const { small, smallLeft, below } = layout;
  const { factors, first, done, current } = state;
  const currentFactors = factors.slice(first, first + worked.area);
  const filled = Math.max(0, Math.min(done - first, worked.area));
  const patches = currentFactors.map(([input]) => input);
  const kernels = currentFactors.map(([, weight]) => weight);
  const results = currentFactors.map(([input, weight]) => input * weight);
  const productScale = largest(factors.map(([input, weight]) => input * weight));
  const tiles = [
    { key: "patch", values: patches, gray: worked.gray, scale: largest(worked.source), filled: worked.area },
    { key: "kernel", values: kernels, scale: largest(factors.map(([, weight]) => weight)), filled: worked.area },
    { key: "products", values: results, scale: productScale, filled },
  ];
  tiles.forEach(({ key, values, gray = null, scale, filled }, index) => {
    const x = smallLeft + index * (small + 28);
    const tile = { rows: worked.side, columns: worked.side, x, y: below, width: small };
    label(key, x, below - 13);
    drawTile(context, palette, values, { ...tile, ink: gray, scale, filled });
    const cell = small / worked.side;
    if (cell >= 25) {
      for (let element = 0; element < filled; element += 1) {
        const share = gray ? (values[element] - gray[0]) / (gray[1] - gray[0]) : values[element] / scale;
        write(context, palette, number(values[element], cell >= 31 ? 2 : 1), x + (element % worked.side + 0.5) * cell,
          below + (Math.floor(element / worked.side) + 0.5) * cell,
          { size: cell >= 31 ? 10.5 : 9.5, align: "center", face: palette.mono,
            color: readable(shade(palette, share, gray !== null)) });
      }
    }
    const element = current - first;
    if (done > 0 && done <= worked.products) {
      frameCells(context, palette, tile,
        { top: Math.floor(element / worked.side), left: element % worked.side, height: 1, width: 1 });
    }
    if (index < 2) {
      write(context, palette, index ? "=" : "×", x + small + 14, below + small / 2, { size: 18, align: "center" });
    }
  });
}
