/** From a picture, or the 28×28 gray levels of its digit, to a network's input: the same numbers as Python's. */

import { rint, shrink } from "lenet/reading/resampling.js";
import { squarePlanes, takesWholePicture } from "lenet/reading/whole_picture.js";

const SIDE = 28;
const BLANK_IMAGE = new Uint8Array(SIDE * SIDE);
const LUMA = [0.299, 0.587, 0.114].map(Math.fround);

/**
 * A model's input: the whole picture or its digit, whichever the model was trained on; only background without a digit.
 *
 * @param {Model} model
 * @param {?ImageData} picture
 * @param {?Uint8Array} image - the digit in 28·28 gray levels
 */
export function modelInput(model, picture, image) {
  if (!takesWholePicture(model) || !picture) return networkInput(model.network, image ?? BLANK_IMAGE);
  return pictureInput(model, picture);
}

/** A whole picture as the network's input, as it was read for training. */
function pictureInput({ network, pictures }, picture) {
  const [channels, height, width] = network.inputShape;
  const levels = inputLevels(network.description.input_range);
  let planes = squarePlanes(picture, pictures);
  if (planes.length > channels) planes = [lumaOf(planes)];
  planes = planes.map((plane) => fitSquare(plane, pictures.side, height, width));
  const input = new Float32Array(channels * height * width);
  for (let channel = 0; channel < channels; channel++) {
    const plane = planes[channel] ?? planes[0];
    plane.forEach((level, index) => { input[channel * height * width + index] = levels[level]; });
  }
  return input;
}

const lumaOf = ([red, ...others]) => red.map((level, pixel) => rint(others.reduce(
  (sum, plane, index) => Math.fround(sum + Math.fround(plane[pixel] * LUMA[index + 1])),
  Math.fround(level * LUMA[0]))));

/**
 * @param {{inputShape: number[], description: Object}} network
 * @param {Uint8Array} image - 28·28 gray levels, 0 background, 255 full ink
 * @returns {Float32Array} channels · rows · columns in the network's range; smaller pictures are padded with
 *     background, larger ones resampled by area, and every channel is the same
 */
export function networkInput(network, image) {
  const [channels, height, width] = network.inputShape;
  const levels = inputLevels(network.description.input_range);
  const grayLevels = fitImage(image, height, width);
  const area = height * width;
  const input = new Float32Array(channels * area);
  for (let index = 0; index < area; index++) input[index] = levels[grayLevels[index]];
  for (let channel = 1; channel < channels; channel++) input.copyWithin(channel * area, 0, area);
  return input;
}

const levelsByRange = new WeakMap();

function inputLevels(range) {
  if (!levelsByRange.has(range)) {
    const [background, ink] = range;
    const step = (ink - background) / 255;
    const levels = new Float32Array(256);
    for (let gray = 0; gray < 255; gray++) levels[gray] = gray * step + background;
    levels[255] = ink;
    levelsByRange.set(range, levels);
  }
  return levelsByRange.get(range);
}

const fitImage = (image, height, width) => fitSquare(image, SIDE, height, width);

function fitSquare(image, side, height, width) {
  if (height >= side && width >= side) return padSquare(image, side, height, width);
  const shorter = Math.min(height, width);
  return padSquare(resampleSquare(image, side, shorter), shorter, height, width);
}

function padSquare(image, side, height, width) {
  if (side === height && side === width) return image;
  const [top, left] = [(height - side) >> 1, (width - side) >> 1];
  const result = new Uint8Array(height * width);
  for (let row = 0; row < side; row++) {
    result.set(image.subarray(row * side, (row + 1) * side), (top + row) * width + left);
  }
  return result;
}

/** Each new pixel is the mean of what it covers: OpenCV's INTER_AREA, which rounds halves up where it adds four. */
function resampleSquare(image, fromSide, side) {
  const { data } = shrink({ data: Float32Array.from(image), width: fromSide, height: fromSide }, side, side);
  return Uint8Array.from(data, side === fromSide / 2 ? (mean) => Math.floor(mean + 0.5) : rint);
}
