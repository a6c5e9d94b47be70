/** A chart of training curves over epochs. */

import { mountDrawing, write } from "lenet/tour/drawing.js";

const MARGIN = { left: 38, right: 14, top: 12, bottom: 24 };
const HEIGHT = 230;
const PERCENT_TICKS = [1, 2, 5, 10, 20, 50, 100];
const MIN_EPOCHS = 2; // that the axis shows at least

/**
 * @param {HTMLElement} host
 * @param {() => {series: {points: [number, number][], style: "main" | "thin" | "previous"}[],
 *     referenceLines: {value: number, text: string}[], isLogPercent: boolean}} currentContent - points are
 *     [epochs, value]; with `isLogPercent` values are per cent and their axis logarithmic
 * @returns {{redraw: () => void, describe: (label: string) => void}}
 */
export function mountChart(host, currentContent) {
  return mountDrawing(host, {
    height: () => HEIGHT,
    draw: (context, width, height, palette) => drawChart(context, width, height, palette, currentContent()),
  });
}

function drawChart(context, width, height, palette, { series, referenceLines, isLogPercent }) {
  const points = series.flatMap((curve) => curve.points);
  const maxEpochs = Math.max(MIN_EPOCHS, ...points.map(([epochs]) => epochs));
  const maxValue = Math.max(...points.map(([, value]) => value), ...referenceLines.map(({ value }) => value), 0.1);
  const [axisMin, axisMax] = isLogPercent
    ? [Math.log(PERCENT_TICKS[0]), Math.log(PERCENT_TICKS.at(-1))] : [0, maxValue * 1.06];
  const toAxis = (value) => (isLogPercent ? Math.log(Math.max(value, PERCENT_TICKS[0])) : value);
  const x = (epochs) => MARGIN.left + (epochs / maxEpochs) * (width - MARGIN.left - MARGIN.right);
  const y = (value) => height - MARGIN.bottom
    - ((toAxis(value) - axisMin) / (axisMax - axisMin)) * (height - MARGIN.top - MARGIN.bottom);
  drawAxes(context, palette,
    { x, y, width, height, maxEpochs, values: isLogPercent ? PERCENT_TICKS : ticks(axisMax, 4) });
  for (const { value } of referenceLines) drawReferenceLine(context, palette, y(value), width);
  for (const curve of series) drawSeries(context, palette, curve, x, y);
  for (const { value, text } of referenceLines) labelReferenceLine(context, palette, y(value), text, width);
}

function drawAxes(context, palette, { x, y, width, height, maxEpochs, values }) {
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  for (const value of values) {
    const lineY = Math.round(y(value)) + 0.5;
    context.beginPath();
    context.moveTo(MARGIN.left, lineY);
    context.lineTo(width - MARGIN.right, lineY);
    context.stroke();
    write(context, palette, String(value), MARGIN.left - 6, lineY, { size: 11, align: "right", face: palette.mono });
  }
  for (const epochs of ticks(maxEpochs, Math.max(2, Math.floor(width / 60)))) {
    write(context, palette, String(epochs), x(epochs), height - MARGIN.bottom + 14,
      { size: 11, align: "center", face: palette.mono });
  }
}

/** A dashed line from side to side. */
function drawReferenceLine(context, palette, lineY, width) {
  context.strokeStyle = palette.positive;
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(MARGIN.left, lineY);
  context.lineTo(width - MARGIN.right, lineY);
  context.stroke();
  context.setLineDash([]);
}

/** The text of a reference line below it, with a rim that keeps the text readable on a curve. */
function labelReferenceLine(context, palette, lineY, text, width) {
  const labelPosition = [width - MARGIN.right, lineY + 10];
  context.font = `400 11px ${palette.mono}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.strokeStyle = palette.paper;
  context.lineWidth = 4;
  context.strokeText(text, ...labelPosition);
  write(context, palette, text, ...labelPosition,
    { size: 11, align: "right", face: palette.mono, color: palette.positive });
}

const STROKE_STYLES = {
  main: (palette) => ({ color: palette.accent, width: 2.25, dashes: [] }),
  thin: (palette) => ({ color: palette.accent, width: 1, dashes: [], alpha: 0.55 }),
  previous: (palette) => ({ color: palette.muted, width: 1.75, dashes: [5, 4] }),
};

function drawSeries(context, palette, { points, style }, x, y) {
  const { color, width, dashes, alpha = 1 } = STROKE_STYLES[style](palette);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.globalAlpha = alpha;
  context.setLineDash(dashes);
  context.beginPath();
  for (const [epochs, value] of points) context.lineTo(x(epochs), y(value));
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
  if (style !== "main" || !points.length) return;
  const [epochs, value] = points.at(-1);
  context.fillStyle = color;
  context.beginPath();
  context.arc(x(epochs), y(value), 3.5, 0, 2 * Math.PI);
  context.fill();
}

/** Round numbers from 0 to `max`, about `count` of them. */
function ticks(max, count) {
  const step = roundUpTo125(max / count);
  return Array.from({ length: Math.floor(max / step + 1e-9) + 1 }, (_, index) => Number((index * step).toFixed(6)));
}

/** The smallest number that is 1, 2 or 5 times a power of ten and not below the value. */
function roundUpTo125(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= value * (1 - 1e-9));
}
