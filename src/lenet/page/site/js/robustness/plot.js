/** The plot of a slider: each network's curve, its ribbon of winners, and the slider's position. */

import { write } from "lenet/tour/drawing.js";

const CURVE = 44;
const RIBBON = 15;
/** How far the ends of a slider's track lie from the ends of the slider: half its thumb. */
export const INSET = 8;

export function plotHeight(networks) {
  return CURVE + 6 + networks * (RIBBON + 3);
}

/**
 * @param {{slider: object, value: number, curves: object[], colors: string[], labels: string[]}} content
 */
export function drawPlot(context, palette, width, { slider, value, curves, digits, labels, isStale }) {
  const x = (position) =>
    INSET + ((position - slider.minimum) / (slider.maximum - slider.minimum)) * (width - 2 * INSET);
  context.globalAlpha = isStale ? 0.45 : 1;
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  for (const level of [0.5, CURVE - 0.5]) {
    context.beginPath();
    context.moveTo(INSET, level);
    context.lineTo(width - INSET, level);
    context.stroke();
  }
  curves.forEach((curve, index) => {
    if (!curve?.points.length) return;
    drawRibbon(context, palette, curve, { x, y: CURVE + 6 + index * (RIBBON + 3), digits, labels, slider });
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
  for (const { value, share } of points) context.lineTo(x(value), CURVE - 1 - share * (CURVE - 2));
  context.stroke();
  context.setLineDash([]);
}

function drawRibbon(context, palette, curve, { x, y, digits, labels, slider }) {
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
    const isSame = label === answer.winner;
    context.fillStyle = label === null ? palette.line : isSame ? palette.accent : digits[label];
    context.fillRect(left, y, labelWidth, RIBBON);
    if (label !== null && labelWidth > 10) {
      write(context, palette, labels[label], left + labelWidth / 2, y + RIBBON / 2 + 0.5,
        { size: 11, align: "center", face: palette.mono, color: isSame ? palette.paper : palette.ink });
    }
    start = index;
  }
}
