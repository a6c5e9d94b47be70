/** Ink told from paper by one threshold for the whole picture. */

const MIN_CONTRAST = 16; // gray levels between the means of ink and paper

/**
 * The threshold parts the gray levels so that the two classes differ most (Otsu); the class that most of the border
 * belongs to is paper.
 * @param {{ data: Uint8ClampedArray, width: number, height: number }} picture RGBA, opaque
 * @returns {?{ ink: { data: Float32Array, width, height }, polarity: string }} 0 is the paper's mean, 1 the ink's;
 *   null if there is no contrast
 */
export function inkByThreshold({ data, width, height }) {
  const grays = Uint8Array.from({ length: width * height }, (_, at) =>
    Math.round(0.299 * data[4 * at] + 0.587 * data[4 * at + 1] + 0.114 * data[4 * at + 2]));
  const { threshold, dark, light } = classesOf(grays);
  if (!(light - dark >= MIN_CONTRAST)) return null;
  const isInkHigh = isBorderDark(grays, width, height, threshold);
  const [paper, full] = isInkHigh ? [dark, light] : [light, dark];
  const levels = Float32Array.from(grays, (gray) => Math.min(1, Math.max(0, (gray - paper) / (full - paper))));
  return { ink: { data: levels, width, height }, polarity: isInkHigh ? "ink-high" : "paper-high" };
}

/** The greatest level of the darker class, and the means of both. */
function classesOf(grays) {
  const counts = new Float64Array(256);
  for (const gray of grays) counts[gray]++;
  const total = counts.reduce((sum, count, level) => sum + count * level, 0);
  let [below, sumBelow] = [0, 0];
  let best = { between: 0 };
  for (let level = 0; level < 255; level++) {
    below += counts[level];
    sumBelow += counts[level] * level;
    const above = grays.length - below;
    if (!below || !above) continue;
    const [dark, light] = [sumBelow / below, (total - sumBelow) / above];
    const between = below * above * (light - dark) ** 2;
    if (between > best.between) best = { between, threshold: level, dark, light };
  }
  return best;
}

function isBorderDark(grays, width, height, threshold) {
  let [dark, all] = [0, 0];
  for (let y = 0; y < height; y++) {
    const step = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1);
    for (let x = 0; x < width; x += step) {
      dark += grays[y * width + x] <= threshold ? 1 : 0;
      all++;
    }
  }
  return 2 * dark > all;
}
