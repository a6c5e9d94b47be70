/**
 * The picture of one stage: all its units on one canvas, each map on its own scale. Units are painted at one pixel
 * each beside the page and enlarged from there, so that a stroke costs a few hundred draws and no more.
 */

import { readable } from "lenet/tour/drawing.js";
import { MIN_NUMBERED, widthBeyond } from "lenet/views/layout.js";
import { maxAbs, paintCanvas, paintLevels, paintSigned, palette } from "lenet/views/palette.js";
import { number } from "lenet/views/numbers.js";

const DIMMED = 0.16;
const CODE_COLUMNS = 7;
const LONGEST_NAME = 14;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{shape: number[], last: boolean, prototypes: ?number[][], labels: string[], range: ?number[],
 *   refusal: ?number}} subject `range` is the input's, which is drawn as ink
 */
export function createFigure(canvas, subject) {
  const [maps, height, width] = subject.shape;
  const units = height * width;
  const atlas = document.createElement("canvas");
  atlas.width = width;
  atlas.height = height * maps;
  const context = canvas.getContext("2d");
  const source = atlas.getContext("2d");
  const imageData = source.createImageData(atlas.width, atlas.height);
  const pixels = new Uint32Array(imageData.data.buffer);
  let layout = null;
  let density = 1;

  function resize(next) {
    layout = next;
    density = Math.max(1, Math.min(3, devicePixelRatio || 1));
    canvas.width = Math.round(layout.width * density);
    canvas.height = Math.round(layout.height * density);
    canvas.style.width = `${layout.width}px`;
    canvas.style.height = `${layout.height}px`;
  }

  /** `lit` names the maps that stay bright; null lights all. */
  function update(values, { lit = null, winner = null } = {}) {
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, layout.width, layout.height);
    context.imageSmoothingEnabled = false;
    if (layout.form === "codes") return drawCodes(values, winner);
    paint(values);
    source.putImageData(imageData, 0, 0);
    if (layout.form === "outputs") return drawOutputs(values, winner);
    layout.maps.forEach((box, map) => {
      context.globalAlpha = lit && !lit.has(map) ? DIMMED : 1;
      context.drawImage(atlas, 0, map * height, width, height, box.x, box.y, box.width, box.height);
    });
    context.globalAlpha = 1;
    rule();
    if (layout.cell >= MIN_NUMBERED && !subject.range) writeNumbers(values);
  }

  /** Each unit's value on the unit itself, where there is room. */
  function writeNumbers(values) {
    const colors = palette();
    context.font = `400 ${Math.min(13, layout.cell * 0.38)}px "DM Mono", monospace`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    layout.maps.forEach((box, map) => {
      for (let at = 0; at < units; at += 1) {
        context.fillStyle = readable(pixels[map * units + at]);
        context.fillText(number(values[map * units + at], 1), box.x + ((at % width) + 0.5) * layout.cell,
          box.y + (Math.floor(at / width) + 0.5) * layout.cell);
      }
    });
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
  }

  function paint(values) {
    if (subject.range) return paintLevels(pixels, values, ...subject.range);
    if (units === 1) return paintSigned(pixels, 0, values, 0, maps, maxAbs(values));
    for (let map = 0; map < maps; map += 1) {
      paintSigned(pixels, map * units, values, map * units, units, maxAbs(values, map * units, units));
    }
  }

  /** Hairlines around maps, so that a map without any activity is still seen. */
  function rule() {
    context.strokeStyle = palette().line;
    context.lineWidth = 1;
    context.beginPath();
    layout.maps.forEach((box) => context.rect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1));
    context.stroke();
  }

  function drawCodes(values, winner) {
    const { ink, muted, line, accent, surface } = palette();
    const { cell } = layout;
    layout.maps.forEach((box, unit) => {
      const best = unit === winner;
      context.fillStyle = surface;
      context.fillRect(box.x, box.y, CODE_COLUMNS * cell, box.height);
      context.fillStyle = best ? accent : ink;
      subject.prototypes[unit].forEach((bit, index) => {
        if (bit < 0) return;
        const x = box.x + (index % CODE_COLUMNS) * cell;
        context.fillRect(x, box.y + Math.floor(index / CODE_COLUMNS) * cell, cell, cell);
      });
      context.strokeStyle = best ? accent : line;
      context.strokeRect(box.x - 0.5, box.y - 0.5, CODE_COLUMNS * cell + 1, box.height + 1);
      const left = box.x + CODE_COLUMNS * cell + 7;
      write(subject.labels[unit], left, box.y + 11, best ? accent : ink, true);
      write(number(values[unit], 1), left, box.y + 28, best ? accent : muted, best);
    });
  }

  function drawOutputs(values, winner) {
    const { ink, muted, line, accent } = palette();
    layout.maps.forEach((box, unit) => {
      const best = unit === winner;
      context.drawImage(atlas, 0, unit, 1, 1, box.x, box.y, layout.cell, layout.cell);
      context.strokeStyle = best ? accent : line;
      context.lineWidth = best ? 2 : 1;
      context.strokeRect(box.x + 0.5, box.y + 0.5, layout.cell - 1, layout.cell - 1);
      const label = nameOf(subject, unit);
      const base = box.y + layout.cell / 2 + 4;
      write(label, box.x + layout.cell + 8, base, best ? accent : ink, true);
      write(number(values[unit], 2), box.x + layout.cell + 24 + widthBeyond(lettersOf(subject)), base, best ? accent : muted, best);
    });
  }

  function write(text, x, y, color, strong) {
    context.font = `${strong ? 500 : 400} 12px "DM Mono", monospace`;
    context.fillStyle = color;
    context.fillText(text, x, y);
  }

  return { resize, update, get layout() { return layout; } };
}

/** The class of an output, or what stands for none of them; cut short where it is long. */
function nameOf({ labels, refusal }, unit) {
  if (unit === refusal) return "∅";
  const place = refusal !== null && unit > refusal ? unit - 1 : unit;
  const name = labels[place] ?? String(unit);
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

/** How many letters the longest of these names has. */
export const lettersOf = ({ labels }) =>
  Math.min(LONGEST_NAME, Math.max(1, ...labels.map((label) => label.length)));

/** Paints one patch or kernel on its own canvas, a pixel a value. */
export function drawPatch(canvas, values, width, scale) {
  paintCanvas(canvas, width, values.length / width,
    (pixels) => paintSigned(pixels, 0, values, 0, values.length, scale));
}
