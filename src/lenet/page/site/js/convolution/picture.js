/** Draws a state of a ConvolutionTrace: the input maps, the output map so far, and patch times kernel below. */

import { contrastingTextColor, drawTile, frameCells, maxAbsOrOne, shade, write } from "lenet/tour/drawing.js";
import { chapterText } from "lenet/tour/text.js";
import { formatNumber, stageName } from "lenet/views/numbers.js";

/**
 * Where things lie, in CSS pixels: maps above; patch, kernel and their products (the "factors") below.
 *
 * @param {number} width - of the picture
 * @param {?ConvolutionTrace} trace
 */
export function layOut(width, trace) {
  const gap = Math.max(18, width * 0.06);
  const mapSide = Math.min((width - gap) / 2, 280);
  const inputLeft = Math.max(0, (width - 2 * mapSide - gap) / 2);
  const factorSide = Math.min((width - 56) / 3, 168);
  const factorLeft = (width - 3 * factorSide - 56) / 2;
  return { mapSide, inputLeft, outputLeft: inputLeft + mapSide + gap, factorSide, factorLeft, top: 22,
    factorTop: mapSide + 58, height: trace ? mapSide + factorSide + 70 : 100 };
}

/**
 * @param {Object} layout - by `layOut`
 * @param {TraceState} state
 * @param {Object} stage - the convolution
 */
export function drawTrace(context, palette, layout, state, trace, store, stage) {
  const { mapSide, inputLeft, outputLeft, top } = layout;
  const writeLabel = (key, x, y) =>
    write(context, palette, chapterText(store, `convolution.${key}`, { stage: stageName(stage.name) }), x, y,
      { size: 13 });
  const { inputMaps, inputWidth, inputHeight, padding } = trace;
  const gridColumns = Math.ceil(Math.sqrt(inputMaps.length));
  const tileGap = inputMaps.length > 1 ? 6 : 0;
  const tileSide = (mapSide - tileGap * (gridColumns - 1)) / gridColumns;
  const cell = tileSide / (inputWidth + 2 * padding);
  writeLabel(inputMaps.length > 1 ? "inputs" : "input", inputLeft, 9);
  inputMaps.forEach((inputMap, index) => {
    const x = inputLeft + (index % gridColumns) * (tileSide + tileGap);
    const y = top + Math.floor(index / gridColumns) * (tileSide + tileGap);
    const tile = { rows: inputHeight, columns: inputWidth, x: x + padding * cell, y: y + padding * cell,
      width: inputWidth * cell };
    drawTile(context, palette, trace.inputValues,
      { ...tile, start: inputMap * inputHeight * inputWidth, ink: trace.inkRange });
    const term = state.explanation.terms[index];
    const isCurrent = term === state.currentTerm && state.ticksDone <= trace.productsPerUnit;
    const patch = { top: term.top, left: term.left, height: term.kernelSize, width: term.kernelSize };
    frameCells(context, palette, tile, patch, isCurrent ? palette.accent : palette.muted);
  });
  writeLabel("output", outputLeft, 9);
  const outputTile = { rows: trace.rows, columns: trace.columns, x: outputLeft, y: top,
    width: trace.rows === 1 ? mapSide / 5 : mapSide };
  drawTile(context, palette, state.values, { ...outputTile, scale: trace.scale, filled: state.filledUnits });
  frameCells(context, palette, outputTile, { top: state.row, left: state.column, height: 1, width: 1 });
  drawFactors(context, palette, layout, state, trace, writeLabel);
}

function drawFactors(context, palette, layout, state, trace, writeLabel) {
  const { factorSide, factorLeft, factorTop } = layout;
  const { factors, firstProductOfTerm, ticksDone, currentProduct } = state;
  const termFactors = factors.slice(firstProductOfTerm, firstProductOfTerm + trace.kernelArea);
  const filled = Math.max(0, Math.min(ticksDone - firstProductOfTerm, trace.kernelArea));
  const inputs = termFactors.map(([input]) => input);
  const weights = termFactors.map(([, weight]) => weight);
  const products = termFactors.map(([input, weight]) => input * weight);
  const productScale = maxAbsOrOne(factors.map(([input, weight]) => input * weight));
  const tiles = [
    { key: "patch", values: inputs, inkRange: trace.inkRange, scale: maxAbsOrOne(trace.inputValues),
      filled: trace.kernelArea },
    { key: "kernel", values: weights, scale: maxAbsOrOne(factors.map(([, weight]) => weight)),
      filled: trace.kernelArea },
    { key: "products", values: products, scale: productScale, filled },
  ];
  tiles.forEach(({ key, values, inkRange = null, scale, filled }, index) => {
    const x = factorLeft + index * (factorSide + 28);
    const tile = { rows: trace.kernelSide, columns: trace.kernelSide, x, y: factorTop, width: factorSide };
    writeLabel(key, x, factorTop - 13);
    drawTile(context, palette, values, { ...tile, ink: inkRange, scale, filled });
    const cell = factorSide / trace.kernelSide;
    if (cell >= 25) {
      for (let cellIndex = 0; cellIndex < filled; cellIndex += 1) {
        const share = inkRange
          ? (values[cellIndex] - inkRange[0]) / (inkRange[1] - inkRange[0]) : values[cellIndex] / scale;
        write(context, palette, formatNumber(values[cellIndex], cell >= 31 ? 2 : 1),
          x + (cellIndex % trace.kernelSide + 0.5) * cell,
          factorTop + (Math.floor(cellIndex / trace.kernelSide) + 0.5) * cell,
          { size: cell >= 31 ? 10.5 : 9.5, align: "center", face: palette.mono,
            color: contrastingTextColor(shade(palette, share, inkRange !== null)) });
      }
    }
    const currentCell = currentProduct - firstProductOfTerm;
    if (ticksDone > 0 && ticksDone <= trace.productsPerUnit) {
      frameCells(context, palette, tile,
        { top: Math.floor(currentCell / trace.kernelSide), left: currentCell % trace.kernelSide, height: 1, width: 1 });
    }
    if (index < 2) {
      write(context, palette, index ? "=" : "×", x + factorSide + 14, factorTop + factorSide / 2,
        { size: 18, align: "center" });
    }
  });
}
