/** Canvases that stay sharp and follow theme and width, and what is drawn on them: tiles of values, frames, text. */

import { palette as colorTables } from "lenet/views/palette.js";

const MAX_LEVEL = 255;

/** The page's colors, its tables of shades, and its two type faces. */
export function readPalette(element) {
  const style = getComputedStyle(element);
  const face = (name) => style.getPropertyValue(name).trim() || "sans-serif";
  return { ...colorTables(), text: face("--font-text"), mono: face("--font-mono") };
}

/**
 * A canvas as wide as its host, drawn only while it is in view or near.
 * @param {HTMLElement} host
 * @param {{height: (width: number) => number, draw: (context: CanvasRenderingContext2D, width: number,
 *   height: number, palette: object) => void, className?: string}} options
 * @returns {{canvas: HTMLCanvasElement, redraw: () => void, describe: (label: string) => void, destroy: () => void}}
 */
export function mountDrawing(host, { height, draw, className = "drawing" }) {
  const canvas = document.createElement("canvas");
  canvas.className = className;
  canvas.setAttribute("role", "img");
  host.append(canvas);
  let frameRequest = 0;
  let isNear = false;
  let isDue = false;
  const redraw = () => {
    isDue = true;
    if (!isNear) return;
    frameRequest ||= requestAnimationFrame(() => {
      frameRequest = 0;
      isDue = false;
      const width = Math.floor(canvas.clientWidth || host.clientWidth);
      if (width < 2 || !canvas.isConnected) return;
      const canvasHeight = Math.ceil(height(width));
      const pixelRatio = Math.min(3, globalThis.devicePixelRatio || 1);
      if (canvas.width !== Math.round(width * pixelRatio) || canvas.height !== Math.round(canvasHeight * pixelRatio)) {
        canvas.width = Math.round(width * pixelRatio);
        canvas.height = Math.round(canvasHeight * pixelRatio);
        canvas.style.height = `${canvasHeight}px`;
      }
      const context = canvas.getContext("2d");
      context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
      context.clearRect(0, 0, width, canvasHeight);
      draw(context, width, canvasHeight, readPalette(canvas));
    });
  };
  const resizeObserver = new ResizeObserver(redraw);
  resizeObserver.observe(host);
  const nearObserver = whenNear(canvas, (isNowNear) => {
    isNear = isNowNear;
    if (isDue) redraw();
  });
  const darkScheme = matchMedia("(prefers-color-scheme: dark)");
  darkScheme.addEventListener("change", redraw);
  redraw();
  return {
    canvas,
    redraw,
    describe: (label) => {
      if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
    },
    destroy: () => {
      resizeObserver.disconnect();
      nearObserver.disconnect();
      darkScheme.removeEventListener("change", redraw);
      cancelAnimationFrame(frameRequest);
      canvas.remove();
    },
  };
}

/** Calls back whenever an element comes near the view or leaves it; `disconnect` ends that. */
export function whenNear(element, callback) {
  const report = (entries) => callback(entries.at(-1).isIntersecting);
  const observer = new IntersectionObserver(report, { rootMargin: "240px" });
  observer.observe(element);
  return observer;
}

/** Where tiles are made, pixel by pixel, before they are drawn large. */
let offscreenContext = null;

function offscreenContextOf(columns, rows) {
  offscreenContext ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const { canvas } = offscreenContext;
  if (canvas.width < columns || canvas.height < rows) {
    canvas.width = Math.max(canvas.width, columns);
    canvas.height = Math.max(canvas.height, rows);
  }
  return offscreenContext;
}

/**
 * The diverging color of a share in [-1, 1], blue below 0 and orange above; with `gray` the gray of a level in [0, 1].
 * @returns {number} an RGBA word, red in the low byte
 */
export function shade(palette, share, isGray = false) {
  const step = Math.max(-MAX_LEVEL, Math.min(MAX_LEVEL, Math.round(share * MAX_LEVEL) || 0));
  return isGray ? palette.levels[Math.max(0, step)] : palette.signed[MAX_LEVEL + step];
}

/** Black or white, whichever has the larger contrast to a shade, as WCAG 2 defines it: at least 4.58, on any shade. */
export function contrastingTextColor(rgba) {
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const [red, green, blue] = [0, 8, 16].map((shift) => linear(((rgba >> shift) & 255) / 255));
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (luminance + 0.05) ** 2 > 1.05 * 0.05 ? "#000" : "#fff";
}

/**
 * Values as a grid of squares.
 * @param {ArrayLike<number>} values rows·columns of them from `start`
 * @param {{rows: number, columns: number, x: number, y: number, width: number, scale?: number, start?: number,
 *   ink?: [number, number], filled?: number}} place `scale` is the value of full color; with `ink` = [background, full]
 *   the values are gray levels instead; only the first `filled` show
 */
export function drawTile(context, palette, values, tile) {
  const { rows, columns, x, y, width, start = 0, ink = null, filled = rows * columns } = tile;
  const height = (width * rows) / columns;
  const scale = tile.scale ?? maxAbsOrOne(values, start, rows * columns);
  const offscreen = offscreenContextOf(columns, rows);
  const picture = new ImageData(columns, rows);
  const pixels = new Uint32Array(picture.data.buffer);
  for (let index = 0; index < filled; index += 1) {
    const value = values[start + index];
    const share = ink ? (value - ink[0]) / (ink[1] - ink[0]) : value / scale;
    pixels[index] = shade(palette, share, ink !== null);
  }
  offscreen.putImageData(picture, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(offscreen.canvas, 0, 0, columns, rows, x, y, width, height);
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  context.strokeRect(x - 0.5, y - 0.5, width + 1, height + 1);
}

/** The largest magnitude among `count` values, 1 if all are 0. */
export function maxAbsOrOne(values, start = 0, count = values.length) {
  let maximum = 0;
  for (let index = start; index < start + count; index += 1) maximum = Math.max(maximum, Math.abs(values[index]));
  return maximum || 1;
}

/** A frame around some cells of a grid drawn by `drawTile`, with a rim that keeps it visible on any color. */
export function frameCells(context, palette, tile, { top, left, height, width }, color = palette.accent) {
  const cell = tile.width / tile.columns;
  for (const [stroke, lineWidth] of [[palette.surface, 4], [color, 2]]) {
    context.strokeStyle = stroke;
    context.lineWidth = lineWidth;
    context.strokeRect(tile.x + left * cell, tile.y + top * cell, width * cell, height * cell);
  }
}

/** One line of text; `size` in pixels, `align` as canvases have it. */
export function write(context, palette, text, x, y, options = {}) {
  const { size = 13, color = palette.muted, align = "left", face = palette.text, weight = 400 } = options;
  context.font = `${weight} ${size}px ${face}`;
  context.fillStyle = color;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.fillText(text, x, y);
}
