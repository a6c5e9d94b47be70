/**
 * The picture of one stage: all its units on one canvas, each map on its own scale. Units are painted on an offscreen
 * canvas at one pixel each and enlarged from there, so that a movement of the pen costs a few hundred drawImage calls.
 */

import { contrastingTextColor } from "lenet/tour/drawing.js";
import { CODE, MIN_NUMBERED_CELL, extraLabelWidth } from "lenet/views/layout.js";
import { maxAbs, paintCanvas, paintLevels, paintSigned, palette } from "lenet/views/palette.js";
import { formatNumber } from "lenet/views/numbers.js";

const DIMMED_ALPHA = 0.16;
const MAX_LABEL_LENGTH = 14;

/**
 * Creates the figure of a stage on a canvas.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{shape: number[], isOutput: boolean, prototypes: ?number[][], labels: string[], inputRange: ?[number,
 *   number], rejectClass: ?number}} stage `inputRange` is [background, ink] of the network's input, null for any
 *   other stage; `rejectClass` is the output that stands for none of the classes
 * @returns {{resize: function(Object), update: function(ArrayLike<number>, Object=), layout: ?Object}}
 */
export function createFigure(canvas, stage) {
  const [maps, height, width] = stage.shape;
  const units = height * width;
  const atlas = document.createElement("canvas");
  atlas.width = width;
  atlas.height = height * maps;
  const context = canvas.getContext("2d");
  const atlasContext = atlas.getContext("2d");
  const imageData = atlasContext.createImageData(atlas.width, atlas.height);
  const pixels = new Uint32Array(imageData.data.buffer);
  let layout = null;
  let pixelRatio = 1;

  function resize(nextLayout) {
    layout = nextLayout;
    pixelRatio = Math.max(1, Math.min(3, devicePixelRatio || 1));
    canvas.width = Math.round(layout.width * pixelRatio);
    canvas.height = Math.round(layout.height * pixelRatio);
    canvas.style.width = `${layout.width}px`;
    canvas.style.height = `${layout.height}px`;
  }

  /** `highlighted` are the maps drawn at full opacity, the others dimmed; null for all. */
  function update(values, { highlighted = null, predictedClass = null } = {}) {
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    context.clearRect(0, 0, layout.width, layout.height);
    context.imageSmoothingEnabled = false;
    if (layout.kind === "codes") return drawCodes(values, predictedClass);
    paint(values);
    atlasContext.putImageData(imageData, 0, 0);
    if (layout.kind === "outputs") return drawOutputs(values, predictedClass);
    layout.boxes.forEach((box, map) => {
      context.globalAlpha = highlighted && !highlighted.has(map) ? DIMMED_ALPHA : 1;
      context.drawImage(atlas, 0, map * height, width, height, box.x, box.y, box.width, box.height);
    });
    context.globalAlpha = 1;
    outlineMaps();
    if (layout.cell >= MIN_NUMBERED_CELL && !stage.inputRange) writeNumbers(values);
  }

  /** Each unit's value on the unit itself, where there is room. */
  function writeNumbers(values) {
    const colors = palette();
    context.font = `400 ${Math.min(13, layout.cell * 0.38)}px "DM Mono", monospace`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    layout.boxes.forEach((box, map) => {
      for (let index = 0; index < units; index += 1) {
        context.fillStyle = contrastingTextColor(pixels[map * units + index]);
        context.fillText(formatNumber(values[map * units + index], 1), box.x + ((index % width) + 0.5) * layout.cell,
          box.y + (Math.floor(index / width) + 0.5) * layout.cell);
      }
    });
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
  }

  function paint(values) {
    if (stage.inputRange) return paintLevels(pixels, values, ...stage.inputRange);
    if (units === 1) return paintSigned(pixels, 0, values, 0, maps, maxAbs(values));
    for (let map = 0; map < maps; map += 1) {
      paintSigned(pixels, map * units, values, map * units, units, maxAbs(values, map * units, units));
    }
  }

  /** Outlines maps, so that one whose units are all 0 is still seen. */
  function outlineMaps() {
    context.strokeStyle = palette().line;
    context.lineWidth = 1;
    context.beginPath();
    layout.boxes.forEach((box) => context.rect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1));
    context.stroke();
  }

  function drawCodes(values, predictedClass) {
    const { ink, muted, line, accent, surface } = palette();
    const { cell } = layout;
    layout.boxes.forEach((box, unit) => {
      const isPredicted = unit === predictedClass;
      context.fillStyle = surface;
      context.fillRect(box.x, box.y, CODE.columns * cell, box.height);
      context.fillStyle = isPredicted ? accent : ink;
      stage.prototypes[unit].forEach((bit, index) => {
        if (bit < 0) return;
        const x = box.x + (index % CODE.columns) * cell;
        context.fillRect(x, box.y + Math.floor(index / CODE.columns) * cell, cell, cell);
      });
      context.strokeStyle = isPredicted ? accent : line;
      context.strokeRect(box.x - 0.5, box.y - 0.5, CODE.columns * cell + 1, box.height + 1);
      const left = box.x + CODE.columns * cell + 7;
      write(stage.labels[unit], left, box.y + 11, isPredicted ? accent : ink, true);
      write(formatNumber(values[unit], 1), left, box.y + 28, isPredicted ? accent : muted, isPredicted);
    });
  }

  function drawOutputs(values, predictedClass) {
    const { ink, muted, line, accent } = palette();
    layout.boxes.forEach((box, unit) => {
      const isPredicted = unit === predictedClass;
      context.drawImage(atlas, 0, unit, 1, 1, box.x, box.y, layout.cell, layout.cell);
      context.strokeStyle = isPredicted ? accent : line;
      context.lineWidth = isPredicted ? 2 : 1;
      context.strokeRect(box.x + 0.5, box.y + 0.5, layout.cell - 1, layout.cell - 1);
      const label = outputLabel(stage, unit);
      const baseline = box.y + layout.cell / 2 + 4;
      write(label, box.x + layout.cell + 8, baseline, isPredicted ? accent : ink, true);
      const valueX = box.x + layout.cell + 24 + extraLabelWidth(longestLabelLength(stage));
      write(formatNumber(values[unit], 2), valueX, baseline, isPredicted ? accent : muted, isPredicted);
    });
  }

  function write(text, x, y, color, isBold) {
    context.font = `${isBold ? 500 : 400} 12px "DM Mono", monospace`;
    context.fillStyle = color;
    context.fillText(text, x, y);
  }

  return { resize, update, get layout() { return layout; } };
}

/** The label of an output, cut where it is long; "∅" of the output for none of the classes. */
function outputLabel({ labels, rejectClass }, unit) {
  if (unit === rejectClass) return "∅";
  const index = rejectClass !== null && unit > rejectClass ? unit - 1 : unit;
  const name = labels[index] ?? String(unit);
  return name.length > MAX_LABEL_LENGTH ? `${name.slice(0, MAX_LABEL_LENGTH - 1)}…` : name;
}

/** The length of the longest label, after labels are cut. */
export const longestLabelLength = ({ labels }) =>
  Math.min(MAX_LABEL_LENGTH, Math.max(1, ...labels.map((label) => label.length)));

/** Paints one patch or kernel on its own canvas, one pixel for each value. */
export function drawPatch(canvas, values, width, scale) {
  paintCanvas(canvas, width, values.length / width,
    (pixels) => paintSigned(pixels, 0, values, 0, values.length, scale));
}
