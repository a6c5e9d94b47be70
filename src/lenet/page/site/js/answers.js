/** From a network's outputs to probabilities and a decision. */

/**
 * @typedef {Object} Answer
 * @property {Float32Array} probabilities - the probability of each class (ten digits)
 * @property {number} none - that of none of them; 0 where the network has no output for it
 * @property {number} winner - index of the largest probability
 * @property {?Float32Array} penalties - the outputs, where the smallest wins (RBF)
 * @property {boolean} accepted - whether the winner is sure enough
 */

/**
 * @param {{network: Object, calibration: {temperature: number, min_confidence: number}, reject_class: ?number}} loaded
 * @param {Float32Array} outputs
 * @returns {Answer}
 */
export function probabilities({ network, calibration, reject_class: rejectClass }, outputs) {
  const sign = network.smallestWins ? -1 : 1;
  const scores = Array.from(outputs, (output) => (sign * output) / calibration.temperature);
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  const total = powers.reduce((a, b) => a + b);
  const values = Float32Array.from(
    powers.filter((_, index) => index !== rejectClass),
    (power) => power / total,
  );
  const none = rejectClass === null ? 0 : powers[rejectClass] / total;
  const winner = values.indexOf(Math.max(...values));
  return {
    probabilities: values,
    none,
    winner,
    penalties: network.smallestWins ? outputs : null,
    accepted: values[winner] >= calibration.min_confidence && values[winner] > none,
  };
}
