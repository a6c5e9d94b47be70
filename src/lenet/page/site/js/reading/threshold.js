/** Binarization by a global Otsu threshold, with the polarity from the border. */

const MIN_CONTRAST = 16; // gray levels between the means of ink and paper

/**
 * Otsu's threshold splits the gray levels into two classes; the class of most border pixels is paper.
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, opaque
 * @returns {?{ ink: { data: Float32Array, width, height }, polarity: string }} 0 is the paper's mean, 1 the ink's;
 *   null if there is no contrast
 */
export function inkByThreshold({ data, width, height }) {
  const grayLevels = Uint8Array.from({ length: width * height }, (_, index) =>
    Math.round(0.299 * data[4 * index] + 0.587 * data[4 * index + 1] + 0.114 * data[4 * index + 2]));
  const { threshold, darkMean, lightMean } = otsu(grayLevels);
  if (!(lightMean - darkMean >= MIN_CONTRAST)) return null;
  const isInkHigh = isBorderDark(grayLevels, width, height, threshold);
  const [paper, fullInk] = isInkHigh ? [darkMean, lightMean] : [lightMean, darkMean];
  const levels = Float32Array.from(grayLevels, (gray) => Math.min(1, Math.max(0, (gray - paper) / (fullInk - paper))));
  return { ink: { data: levels, width, height }, polarity: isInkHigh ? "ink-high" : "paper-high" };
}

/** Otsu's method: the threshold of the largest between-class variance, and the means of both classes. */
function otsu(grayLevels) {
  const counts = new Float64Array(256);
  for (const gray of grayLevels) counts[gray]++;
  const levelSum = counts.reduce((sum, count, level) => sum + count * level, 0);
  let [darkCount, darkSum] = [0, 0];
  let best = { betweenClassVariance: 0 };
  for (let level = 0; level < 255; level++) {
    darkCount += counts[level];
    darkSum += counts[level] * level;
    const lightCount = grayLevels.length - darkCount;
    if (!darkCount || !lightCount) continue;
    const [darkMean, lightMean] = [darkSum / darkCount, (levelSum - darkSum) / lightCount];
    const betweenClassVariance = darkCount * lightCount * (lightMean - darkMean) ** 2;
    if (betweenClassVariance > best.betweenClassVariance) {
      best = { betweenClassVariance, threshold: level, darkMean, lightMean };
    }
  }
  return best;
}

function isBorderDark(grayLevels, width, height, threshold) {
  let [darkPixels, borderPixels] = [0, 0];
  for (let y = 0; y < height; y++) {
    const step = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1);
    for (let x = 0; x < width; x += step) {
      darkPixels += grayLevels[y * width + x] <= threshold ? 1 : 0;
      borderPixels++;
    }
  }
  return 2 * darkPixels > borderPixels;
}
