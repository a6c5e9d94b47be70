/** Whole pictures as networks of other classes than digits take them: byte for byte what Python reads for training. */

const BITS = 22; // of a weight's fraction, as Pillow has them for 8 bits a channel

/** Whether a network takes the whole picture, and not the ink of the one digit in it. */
export const takesWholePicture = ({ pictures }) => pictures.kind !== "digits";

/**
 * A picture in a square: inverted where gray paper is light, padded with the median of its border, resampled.
 *
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, opaque
 * @param {{ kind: string, side: number, polarity: string }} pictures what the network was trained on
 * @returns {Uint8Array[]} side × side levels: red, green and blue, or gray alone
 */
export function squareOf(picture, { kind, side, polarity }) {
  const planes = kind === "color" ? [0, 1, 2].map((channel) => channelOf(picture, channel)) : [grayOf(picture)];
  return planes.map((plane) => {
    let border = borderMedian(plane);
    let { data } = plane;
    if (kind === "gray" && (polarity === "paper-high" || (polarity === "auto" && border > 127))) {
      data = data.map((level) => 255 - level);
      border = 255 - border;
    }
    return resized(padded({ ...plane, data }, border), side);
  });
}

function channelOf({ data, width, height }, channel) {
  return { data: Uint8Array.from({ length: width * height }, (_, index) => data[4 * index + channel]), width, height };
}

/** ITU-R 601 luma in Pillow's whole numbers. */
function grayOf({ data, width, height }) {
  const luma = (index) => (19595 * data[index] + 38470 * data[index + 1] + 7471 * data[index + 2] + 0x8000) >> 16;
  return { data: Uint8Array.from({ length: width * height }, (_, index) => luma(4 * index)), width, height };
}

/** Of the outermost pixels, those in the corners twice; of an even number the mean of the middle two, cut off. */
function borderMedian({ data, width, height }) {
  const last = (height - 1) * width;
  const ring = [...data.subarray(0, width), ...data.subarray(last, last + width)];
  for (let row = 0; row < height; row++) ring.push(data[row * width], data[row * width + width - 1]);
  ring.sort((a, b) => a - b);
  return Math.floor((ring[(ring.length >> 1) - 1] + ring[ring.length >> 1]) / 2);
}

function padded({ data, width, height }, border) {
  const side = Math.max(width, height);
  if (width === height) return { data, side };
  const result = new Uint8Array(side * side).fill(border);
  const [top, left] = [(side - height) >> 1, (side - width) >> 1];
  for (let row = 0; row < height; row++) {
    result.set(data.subarray(row * width, (row + 1) * width), (top + row) * side + left);
  }
  return { data: result, side };
}

/** Pillow's bilinear resampling, which averages where it makes smaller: along the rows, then along the columns. */
function resized({ data, side }, newSide) {
  if (side === newSide) return data;
  const taps = tapsOf(side, newSide);
  const across = new Uint8Array(side * newSide);
  for (let row = 0; row < side; row++) {
    taps.forEach(({ first, weights }, column) => {
      let sum = 1 << (BITS - 1);
      weights.forEach((weight, index) => { sum += data[row * side + first + index] * weight; });
      across[row * newSide + column] = sum >> BITS;
    });
  }
  const result = new Uint8Array(newSide * newSide);
  taps.forEach(({ first, weights }, row) => {
    for (let column = 0; column < newSide; column++) {
      let sum = 1 << (BITS - 1);
      weights.forEach((weight, index) => { sum += across[(first + index) * newSide + column] * weight; });
      result[row * newSide + column] = sum >> BITS;
    }
  });
  return result;
}

/** For each new pixel the first old one that it sees, and the weights of that one and the next, in whole numbers. */
function tapsOf(side, newSide) {
  const scale = side / newSide;
  const reach = Math.max(1, scale);
  return Array.from({ length: newSide }, (_, index) => {
    const center = (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(side, Math.trunc(center + reach + 0.5));
    const shares = Array.from({ length: end - first }, (_, index) =>
      Math.max(0, 1 - Math.abs((index + first - center + 0.5) * (1 / reach))));
    const total = shares.reduce((sum, share) => sum + share, 0);
    return { first, weights: shares.map((share) => Math.trunc(0.5 + (share / total) * (1 << BITS))) };
  });
}
