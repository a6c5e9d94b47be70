/**
 * The sheet that is drawn on: white paper, black strokes with round ends, 200×200 pixels. It is read at half that size,
 * which still is five times as fine as what a network sees, and takes a third of the time.
 */

export const SHEET = 200;
const READ = 100;

/** @typedef {{width: number, points: [number, number][]}} Stroke in pixels of the sheet */

/** A canvas to draw strokes on and to read after each. */
export function createSheet() {
  const [canvas, context] = square(SHEET);
  const [, reduced] = square(READ);
  context.lineCap = "round";
  context.lineJoin = "round";

  function clear() {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SHEET, SHEET);
  }

  function draw(stroke, from = 0) {
    context.strokeStyle = "#000";
    context.lineWidth = stroke.width;
    context.beginPath();
    trace(context, stroke.points, from);
    context.stroke();
  }

  function read() {
    reduced.drawImage(canvas, 0, 0, READ, READ);
    return reduced.getImageData(0, 0, READ, READ);
  }

  clear();
  return { canvas, clear, draw, read };
}

function square(side) {
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  return [canvas, canvas.getContext("2d", { willReadFrequently: true })];
}

/** Curves from the middle of one piece to the middle of the next, with the points between as their handles. */
function trace(context, points, from) {
  const start = Math.max(0, from - 2);
  const middle = (index) => points[index].map((value, axis) => (value + points[index - 1][axis]) / 2);
  context.moveTo(...(start === 0 ? points[0] : middle(start)));
  if (points.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
  for (let index = Math.max(1, start); index < points.length - 1; index += 1) {
    context.quadraticCurveTo(...points[index], ...middle(index + 1));
  }
  if (points.length > 1) context.lineTo(...points.at(-1));
}

/** A sample's strokes in pixels, with points close enough for a smooth hand. */
export function strokesOf(sample, width) {
  return sample.map((stroke) => ({
    width,
    points: smooth(stroke.map((point) => point.map((value) => (value / 100) * SHEET))),
  }));
}

/** Catmull–Rom curves through the points, six steps for each piece. */
function smooth(points) {
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
