/** The curves of a training: of this run and, dashed, of the one before it. */

import { mountDrawing, write } from "lenet/tour/drawing.js";

const MARGIN = { left: 38, right: 14, top: 12, bottom: 24 };
const HEIGHT = 230;
const PER_CENT = [1, 2, 5, 10, 20, 50, 100];
const SHORTEST = 2; // passes

/**
 * @param {HTMLElement} host
 * @param {() => {series: Object[], lines: Object[], isShare: boolean}} content - series: {points: [passes,
 *     value][], role: "main" | "thin" | "earlier"}; lines: {value, text}; shares are per cent on a logarithmic scale
 * @returns {{redraw: () => void, describe: (label: string) => void}}
 */
export function mountChart(host, content) {
  return mountDrawing(host, {
    height: () => HEIGHT,
    draw: (context, width, height, palette) => drawChart(context, width, height, palette, content()),
  });
}

function drawChart(context, width, height, palette, { series, lines, isShare }) {
  const points = series.flatMap((curve) => curve.points);
  const last = Math.max(SHORTEST, ...points.map(([passes]) => passes));
  const highest = Math.max(...points.map(([, value]) => value), ...lines.map(({ value }) => value), 0.1);
  const [low, high] = isShare ? [Math.log(PER_CENT[0]), Math.log(PER_CENT.at(-1))] : [0, highest * 1.06];
  const scaled = (value) => (isShare ? Math.log(Math.max(value, PER_CENT[0])) : value);
  const x = (passes) => MARGIN.left + (passes / last) * (width - MARGIN.left - MARGIN.right);
  const y = (value) => height - MARGIN.bottom
    - ((scaled(value) - low) / (high - low)) * (height - MARGIN.top - MARGIN.bottom);
  drawAxes(context, palette, { x, y, width, height, last, values: isShare ? PER_CENT : ticks(high, 4) });
  for (const { value } of lines) drawMark(context, palette, y(value), width);
  for (const curve of series) drawSeries(context, palette, curve, x, y);
  for (const { value, text } of lines) nameMark(context, palette, y(value), text, width);
}

function drawAxes(context, palette, { x, y, width, height, last, values }) {
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  for (const value of values) {
    const level = Math.round(y(value)) + 0.5;
    context.beginPath();
    context.moveTo(MARGIN.left, level);
    context.lineTo(width - MARGIN.right, level);
    context.stroke();
    write(context, palette, String(value), MARGIN.left - 6, level, { size: 11, align: "right", face: palette.mono });
  }
  for (const passes of ticks(last, Math.max(2, Math.floor(width / 60)))) {
    write(context, palette, String(passes), x(passes), height - MARGIN.bottom + 14,
      { size: 11, align: "center", face: palette.mono });
  }
}

/** A value that means something, dashed from side to side. */
function drawMark(context, palette, level, width) {
  context.strokeStyle = palette.positive;
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(MARGIN.left, level);
  context.lineTo(width - MARGIN.right, level);
  context.stroke();
  context.setLineDash([]);
}

/** Its name below it, with a rim that keeps it readable on a curve. */
function nameMark(context, palette, level, text, width) {
  const labelPosition = [width - MARGIN.right, level + 10];
  context.font = `400 11px ${palette.mono}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.strokeStyle = palette.paper;
  context.lineWidth = 4;
  context.strokeText(text, ...labelPosition);
  write(context, palette, text, ...labelPosition,
    { size: 11, align: "right", face: palette.mono, color: palette.positive });
}

const STROKES = {
  main: (palette) => ({ color: palette.accent, width: 2.25, dashes: [] }),
  thin: (palette) => ({ color: palette.accent, width: 1, dashes: [], alpha: 0.55 }),
  earlier: (palette) => ({ color: palette.muted, width: 1.75, dashes: [5, 4] }),
};

function drawSeries(context, palette, { points, role }, x, y) {
  const { color, width, dashes, alpha = 1 } = STROKES[role](palette);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.globalAlpha = alpha;
  context.setLineDash(dashes);
  context.beginPath();
  for (const [passes, value] of points) context.lineTo(x(passes), y(value));
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
  if (role !== "main" || !points.length) return;
  const [passes, value] = points.at(-1);
  context.fillStyle = color;
  context.beginPath();
  context.arc(x(passes), y(value), 3.5, 0, 2 * Math.PI);
  context.fill();
}

/** Round numbers from 0 to `last`, about as many as fit. */
function ticks(last, count) {
  const step = roundUp(last / count);
  return Array.from({ length: Math.floor(last / step + 1e-9) + 1 }, (_, index) => Number((index * step).toFixed(6)));
}

/** 1, 2 or 5 times a power of ten, not below. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= value * (1 - 1e-9));
}
