/** The plot of a slider: each network's curve, its ribbon of predicted classes, and the slider's position. */

import { write } from "lenet/tour/drawing.js";

const CURVE_HEIGHT = 44;
const RIBBON_HEIGHT = 15;
/** Pixels from the ends of a slider to the ends of its track: half its thumb. */
export const TRACK_INSET = 8;

export function plotHeight(networkCount) {
  return CURVE_HEIGHT + 6 + networkCount * (RIBBON_HEIGHT + 3);
}

/**
 * @param {{slider: Object, value: number, curves: ?Curve[], labelColors: string[], labels: string[],
 *   isStale: boolean}} content `value` is the slider's; stale curves, of another digit, are drawn faintly
 */
export function drawPlot(context, palette, width, { slider, value, curves, labelColors, labels, isStale }) {
  const x = (position) =>
    TRACK_INSET + ((position - slider.minimum) / (slider.maximum - slider.minimum)) * (width - 2 * TRACK_INSET);
  context.globalAlpha = isStale ? 0.45 : 1;
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  for (const level of [0.5, CURVE_HEIGHT - 0.5]) {
    context.beginPath();
    context.moveTo(TRACK_INSET, level);
    context.lineTo(width - TRACK_INSET, level);
    context.stroke();
  }
  curves.forEach((curve, index) => {
    if (!curve?.points.length) return;
    const y = CURVE_HEIGHT + 6 + index * (RIBBON_HEIGHT + 3);
    drawRibbon(context, palette, curve, { x, y, labelColors, labels, slider });
    drawCurve(context, curve, x, index ? palette.muted : palette.ink, index ? [4, 3] : []);
  });
  context.globalAlpha = 1;
  context.strokeStyle = palette.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x(value), 0);
  context.lineTo(x(value), plotHeight(curves.length));
  context.stroke();
}

function drawCurve(context, { points }, x, color, dashes) {
  context.strokeStyle = color;
  context.lineWidth = 1.75;
  context.setLineDash(dashes);
  context.beginPath();
  for (const { value, probability } of points) {
    context.lineTo(x(value), CURVE_HEIGHT - 1 - probability * (CURVE_HEIGHT - 2));
  }
  context.stroke();
  context.setLineDash([]);
}

function drawRibbon(context, palette, curve, { x, y, labelColors, labels, slider }) {
  const { points, answer } = curve;
  const edge = (index) => {
    if (index === 0) return x(slider.minimum);
    if (index === points.length) return x(slider.maximum);
    return x((points[index - 1].value + points[index].value) / 2);
  };
  let start = 0;
  for (let index = 1; index <= points.length; index += 1) {
    if (index < points.length && points[index].label === points[start].label) continue;
    const { label } = points[start];
    const left = edge(start);
    const labelWidth = edge(index) - left;
    const isSame = label === answer.predictedClass;
    context.fillStyle = label === null ? palette.line : isSame ? palette.accent : labelColors[label];
    context.fillRect(left, y, labelWidth, RIBBON_HEIGHT);
    if (label !== null && labelWidth > 10) {
      write(context, palette, labels[label], left + labelWidth / 2, y + RIBBON_HEIGHT / 2 + 0.5,
        { size: 11, align: "center", face: palette.mono, color: isSame ? palette.paper : palette.ink });
    }
    start = index;
  }
}
