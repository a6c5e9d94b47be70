/** Occlusion: by how much a class's score drops where a square of the input is covered with background. */

export const SQUARE_SIDE = 6; // pixels
export const STEP = 2; // pixels from one square to the next

/**
 * @param {Object} network
 * @param {Float32Array} input
 * @param {(outputs: Float32Array) => number} scoreOf
 * @param {Float32Array} meanDrops - one for each pixel; filled step by step with the mean drop of the squares that
 *     cover the pixel
 * @yields {void} after each pass
 */
export function* occlude(network, input, scoreOf, meanDrops) {
  const [channels, height, width] = network.inputShape;
  const [background] = network.description.input_range;
  const score = scoreOf(network.run(input).outputs);
  const dropSums = new Float32Array(height * width);
  const coverCounts = new Uint16Array(height * width);
  for (let top = STEP - SQUARE_SIDE; top < height; top += STEP) {
    for (let left = STEP - SQUARE_SIDE; left < width; left += STEP) {
      const coveredInput = input.slice();
      const coveredIndexes = indexesIn({ top, left }, height, width);
      if (coveredIndexes.every((index) => isBackground(input, index, channels, height * width, background))) continue;
      for (const index of coveredIndexes) {
        for (let channel = 0; channel < channels; channel++) {
          coveredInput[channel * height * width + index] = background;
        }
      }
      const drop = score - scoreOf(network.run(coveredInput).outputs);
      for (const index of coveredIndexes) {
        dropSums[index] += drop;
        coverCounts[index]++;
        meanDrops[index] = dropSums[index] / coverCounts[index];
      }
      yield;
    }
  }
}

function indexesIn({ top, left }, height, width) {
  const indexes = [];
  for (let row = Math.max(0, top); row < Math.min(height, top + SQUARE_SIDE); row++) {
    for (let column = Math.max(0, left); column < Math.min(width, left + SQUARE_SIDE); column++) {
      indexes.push(row * width + column);
    }
  }
  return indexes;
}

const isBackground = (input, index, channels, area, background) =>
  Array.from({ length: channels }, (_, channel) => input[channel * area + index])
    .every((value) => value === background);
