/**
 * The sheet to draw on: white paper, black strokes with round ends, 200×200 pixels. Drawings are read at half that
 * size, which is still five times as fine as what a network sees, and takes a third of the time.
 */

export const SHEET_SIDE = 200;
const READ_SIDE = 100;

/** @typedef {{width: number, points: [number, number][]}} Stroke in pixels of the sheet */

/**
 * A canvas to draw strokes on.
 *
 * @returns {{canvas: HTMLCanvasElement, clear: () => void, drawStroke: (stroke: Stroke, firstNewPoint?: number) =>
 *     void, read: () => ImageData}} `drawStroke` draws a stroke from one of its points on
 */
export function createSheet() {
  const [canvas, context] = createSquareCanvas(SHEET_SIDE);
  const [, reducedContext] = createSquareCanvas(READ_SIDE);
  context.lineCap = "round";
  context.lineJoin = "round";

  function clear() {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SHEET_SIDE, SHEET_SIDE);
  }

  function drawStroke(stroke, firstNewPoint = 0) {
    context.strokeStyle = "#000";
    context.lineWidth = stroke.width;
    context.beginPath();
    trace(context, stroke.points, firstNewPoint);
    context.stroke();
  }

  function read() {
    reducedContext.drawImage(canvas, 0, 0, READ_SIDE, READ_SIDE);
    return reducedContext.getImageData(0, 0, READ_SIDE, READ_SIDE);
  }

  clear();
  return { canvas, clear, drawStroke, read };
}

function createSquareCanvas(side) {
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  return [canvas, canvas.getContext("2d", { willReadFrequently: true })];
}

/**
 * Traces quadratic curves from the middle of each piece to the middle of the next, with the points as control points.
 */
function trace(context, points, firstNewPoint) {
  const start = Math.max(0, firstNewPoint - 2);
  const middle = (index) => points[index].map((value, axis) => (value + points[index - 1][axis]) / 2);
  context.moveTo(...(start === 0 ? points[0] : middle(start)));
  if (points.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
  for (let index = Math.max(1, start); index < points.length - 1; index += 1) {
    context.quadraticCurveTo(...points[index], ...middle(index + 1));
  }
  if (points.length > 1) context.lineTo(...points.at(-1));
}

/** A sample's strokes in pixels of the sheet, with points close enough for smooth curves. */
export function sampleStrokes(sample, width) {
  return sample.map((stroke) => ({
    width,
    points: smoothCurve(stroke.map((point) => point.map((value) => (value / 100) * SHEET_SIDE))),
  }));
}

/** Catmull–Rom curves through the points, six steps for each piece. */
function smoothCurve(points) {
  const pointAt = (index) => points[Math.max(0, Math.min(points.length - 1, index))];
  const result = [points[0]];
  for (let piece = 0; piece < points.length - 1; piece += 1) {
    for (let step = 1; step <= 6; step += 1) {
      const u = step / 6;
      result.push([0, 1].map((axis) => {
        const [a, b, c, d] = [-1, 0, 1, 2].map((offset) => pointAt(piece + offset)[axis]);
        return (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u ** 2 + (3 * b - a - 3 * c + d) * u ** 3) / 2;
      }));
    }
  }
  return result;
}
