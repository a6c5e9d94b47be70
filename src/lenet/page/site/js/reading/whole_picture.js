/** Whole pictures for networks whose classes are not digits: byte for byte what Python reads for training. */

const WEIGHT_BITS = 22; // of the fraction of fixed-point weights, as in Pillow for 8 bits a channel

/** Whether a network takes the whole picture, and not the ink of the one digit in it. */
export const takesWholePicture = ({ pictures }) => pictures.kind !== "digits";

/**
 * A picture in a square: inverted where gray paper is light, padded with the median of its border, resampled.
 *
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, opaque
 * @param {{ kind: string, side: number, polarity: string }} pictures what the network was trained on
 * @returns {Uint8Array[]} side × side levels: red, green and blue, or gray alone
 */
export function squarePlanes(picture, { kind, side, polarity }) {
  const planes = kind === "color" ? [0, 1, 2].map((channel) => channelPlane(picture, channel)) : [grayPlane(picture)];
  return planes.map((plane) => {
    let border = borderMedian(plane);
    let { data } = plane;
    if (kind === "gray" && (polarity === "paper-high" || (polarity === "auto" && border > 127))) {
      data = data.map((level) => 255 - level);
      border = 255 - border;
    }
    return resample(padToSquare({ ...plane, data }, border), side);
  });
}

function channelPlane({ data, width, height }, channel) {
  return { data: Uint8Array.from({ length: width * height }, (_, index) => data[4 * index + channel]), width, height };
}

/** ITU-R 601 luma in Pillow's whole numbers. */
function grayPlane({ data, width, height }) {
  const luma = (index) => (19595 * data[index] + 38470 * data[index + 1] + 7471 * data[index + 2] + 0x8000) >> 16;
  return { data: Uint8Array.from({ length: width * height }, (_, index) => luma(4 * index)), width, height };
}

/** The median of the outermost pixels, corners counted twice; the mean of the middle two is rounded down. */
function borderMedian({ data, width, height }) {
  const lastRowStart = (height - 1) * width;
  const borderLevels = [...data.subarray(0, width), ...data.subarray(lastRowStart, lastRowStart + width)];
  for (let row = 0; row < height; row++) borderLevels.push(data[row * width], data[row * width + width - 1]);
  borderLevels.sort((a, b) => a - b);
  return Math.floor((borderLevels[(borderLevels.length >> 1) - 1] + borderLevels[borderLevels.length >> 1]) / 2);
}

function padToSquare({ data, width, height }, border) {
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
function resample({ data, side }, newSide) {
  if (side === newSide) return data;
  const taps = tapsOf(side, newSide);
  const resampledRows = new Uint8Array(side * newSide);
  for (let row = 0; row < side; row++) {
    taps.forEach(({ start, weights }, column) => {
      let sum = 1 << (WEIGHT_BITS - 1);
      weights.forEach((weight, index) => { sum += data[row * side + start + index] * weight; });
      resampledRows[row * newSide + column] = sum >> WEIGHT_BITS;
    });
  }
  const result = new Uint8Array(newSide * newSide);
  taps.forEach(({ start, weights }, row) => {
    for (let column = 0; column < newSide; column++) {
      let sum = 1 << (WEIGHT_BITS - 1);
      weights.forEach((weight, index) => { sum += resampledRows[(start + index) * newSide + column] * weight; });
      result[row * newSide + column] = sum >> WEIGHT_BITS;
    }
  });
  return result;
}

/** For each new pixel the index of the first old one that it covers, and fixed-point weights from that one on. */
function tapsOf(side, newSide) {
  const scale = side / newSide;
  const radius = Math.max(1, scale);
  return Array.from({ length: newSide }, (_, index) => {
    const center = (index + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - radius + 0.5));
    const end = Math.min(side, Math.trunc(center + radius + 0.5));
    const weights = Array.from({ length: end - start }, (_, index) =>
      Math.max(0, 1 - Math.abs((index + start - center + 0.5) * (1 / radius))));
    const total = weights.reduce((sum, share) => sum + share, 0);
    return { start, weights: weights.map((share) => Math.trunc(0.5 + (share / total) * (1 << WEIGHT_BITS))) };
  });
}
