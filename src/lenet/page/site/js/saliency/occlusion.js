/** By how much an output's score falls where a square of the input is covered with background. */

export const COVER = 6; // pixels of the square's side
export const STEP = 2;

/**
 * @param {Object} network
 * @param {Float32Array} input
 * @param {(outputs: Float32Array) => number} scoreOf
 * @param {Float32Array} falls - as many as the input has pixels; filled step by step, each place with the mean of all
 *     squares that cover it
 * @yields {void} after each pass
 */
export function* occlude(network, input, scoreOf, falls) {
  const [channels, height, width] = network.inputShape;
  const [background] = network.description.input_range;
  const score = scoreOf(network.run(input).outputs);
  const sums = new Float32Array(height * width);
  const counts = new Uint16Array(height * width);
  for (let top = STEP - COVER; top < height; top += STEP) {
    for (let left = STEP - COVER; left < width; left += STEP) {
      const covered = input.slice();
      const coveredIndexes = placesIn({ top, left }, height, width);
      if (coveredIndexes.every((index) => isBackground(input, index, channels, height * width, background))) continue;
      for (const index of coveredIndexes) {
        for (let channel = 0; channel < channels; channel++) covered[channel * height * width + index] = background;
      }
      const fall = score - scoreOf(network.run(covered).outputs);
      for (const index of coveredIndexes) {
        sums[index] += fall;
        counts[index]++;
        falls[index] = sums[index] / counts[index];
      }
      yield;
    }
  }
}

function placesIn({ top, left }, height, width) {
  const indexes = [];
  for (let row = Math.max(0, top); row < Math.min(height, top + COVER); row++) {
    for (let column = Math.max(0, left); column < Math.min(width, left + COVER); column++) {
      indexes.push(row * width + column);
    }
  }
  return indexes;
}

const isBackground = (input, index, channels, area, background) =>
  Array.from({ length: channels }, (_, channel) => input[channel * area + index])
    .every((value) => value === background);
