/** Principal components by power iteration. */

const ROUNDS = 200;

/**
 * @param {Float32Array[]} vectors - of one length
 * @param {number} count - how many components
 * @returns {{mean: Float64Array, axes: Float64Array[], shares: number[]}} unit vectors by falling variance, each with its
 *     largest entry positive, and the shares of the whole variance
 */
export function principalComponents(vectors, count) {
  const size = vectors[0].length;
  const mean = new Float64Array(size);
  for (const vector of vectors) vector.forEach((value, at) => { mean[at] += value / vectors.length; });
  const covariance = new Float64Array(size * size);
  const centered = new Float64Array(size);
  for (const vector of vectors) {
    for (let at = 0; at < size; at++) centered[at] = vector[at] - mean[at];
    for (let row = 0; row < size; row++) {
      const scale = centered[row] / vectors.length;
      if (scale) for (let column = 0; column < size; column++) covariance[row * size + column] += scale * centered[column];
    }
  }
  let total = 0;
  for (let at = 0; at < size; at++) total += covariance[at * (size + 1)];
  const axes = [];
  const shares = [];
  for (let component = 0; component < count; component++) {
    const { axis, variance } = strongestAxis(covariance, size);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) covariance[row * size + column] -= variance * axis[row] * axis[column];
    }
    axes.push(axis);
    shares.push(total ? variance / total : 0);
  }
  return { mean, axes, shares };
}

function strongestAxis(covariance, size) {
  let axis = Float64Array.from({ length: size }, (_, at) => 1 + (at % 7) / 7); // of no symmetry that an axis may have
  let variance = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(size);
    for (let row = 0; row < size; row++) {
      let sum = 0;
      for (let column = 0; column < size; column++) sum += covariance[row * size + column] * axis[column];
      next[row] = sum;
    }
    variance = Math.hypot(...next);
    if (!variance) break;
    axis = next.map((value) => value / variance);
  }
  const largest = axis.reduce((best, value, at) => (Math.abs(value) > Math.abs(axis[best]) ? at : best), 0);
  return { axis: axis[largest] < 0 ? axis.map((value) => -value) : axis, variance };
}

/** Where a vector lies along each axis. */
export function projected(vector, { mean, axes }) {
  return axes.map((axis) => axis.reduce((sum, weight, at) => sum + weight * (vector[at] - mean[at]), 0));
}
