/** Pictures that MNIST's recipe has already been through, as ``lenet.reading.prepared`` knows them. */

const SIDE = 28;
const DIGIT_SIDE = 20;
const MIDDLE = [13, 14.5]; // where the center of mass may be: MNIST puts it at 14, `normalize` at 13.5, in whole pixels

/**
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, opaque
 * @returns {?{ image: Uint8Array, box: number[], polarity: string }} the digit, ink-high, and the box of its ink
 */
export function findPrepared({ data, width, height }) {
  if (width !== SIDE || height !== SIDE || (data[0] !== 0 && data[0] !== 255)) return null;
  const ground = data[0];
  const image = new Uint8Array(SIDE * SIDE);
  let [top, left, bottom, right, mass, down, across] = [SIDE, SIDE, 0, 0, 0, 0, 0];
  for (let at = 0, from = 0; at < image.length; at++, from += 4) {
    if (data[from] !== data[from + 1] || data[from] !== data[from + 2]) return null;
    const level = Math.abs(data[from] - ground);
    if (!level) continue;
    const [row, column] = [Math.floor(at / SIDE), at % SIDE];
    image[at] = level;
    [top, left] = [Math.min(top, row), Math.min(left, column)];
    [bottom, right] = [Math.max(bottom, row + 1), Math.max(right, column + 1)];
    [mass, down, across] = [mass + level, down + level * row, across + level * column];
  }
  if (!mass || Math.max(bottom - top, right - left) !== DIGIT_SIDE) return null;
  if (![down / mass, across / mass].every((place) => place >= MIDDLE[0] && place <= MIDDLE[1])) return null;
  return { image, box: [top, left, bottom, right], polarity: ground ? "paper-high" : "ink-high" };
}

/** The steps of a picture that needs none. */
export function stepsOf({ image, box: [top, left, bottom, right], polarity }) {
  const levels = Float32Array.from(image, (level) => level / 255);
  const [width, height] = [right - left, bottom - top];
  const crop = new Float32Array(width * height);
  const data = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = (top + row) * SIDE + left;
    crop.set(levels.subarray(from, from + width), row * width);
    data.set(image.subarray(from, from + width), row * width);
  }
  return {
    ink: { levels, width: SIDE, height: SIDE, scale: 1, polarity },
    crop: { levels: crop, width, height },
    strokes: { levels: crop, width, height },
    small: { data, width, height },
    image,
  };
}
