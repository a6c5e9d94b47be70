/** From a network's outputs to probabilities and a decision. */

/**
 * @typedef {Object} Answer
 * @property {Float32Array} probabilities - the probability of each class (ten digits)
 * @property {number} rejectProbability - the probability of none of them; 0 where the network has no output for it
 * @property {number} predictedClass - index of the largest probability
 * @property {?Float32Array} penalties - the outputs, where the smallest wins (RBF)
 * @property {boolean} isAccepted - whether the predicted class is sure enough
 */

/**
 * @param {{network: Object, calibration: {temperature: number, min_confidence: number}, reject_class: ?number}} model
 * @param {Float32Array} outputs
 * @returns {Answer}
 */
export function answerOf({ network, calibration, reject_class: rejectClass }, outputs) {
  const sign = network.smallestWins ? -1 : 1;
  const scores = Array.from(outputs, (output) => (sign * output) / calibration.temperature);
  const maxScore = Math.max(...scores);
  const exponentials = scores.map((score) => Math.exp(score - maxScore));
  const total = exponentials.reduce((a, b) => a + b);
  const probabilities = Float32Array.from(
    exponentials.filter((_, index) => index !== rejectClass),
    (exponential) => exponential / total,
  );
  const rejectProbability = rejectClass === null ? 0 : exponentials[rejectClass] / total;
  const predictedClass = probabilities.indexOf(Math.max(...probabilities));
  return {
    probabilities,
    rejectProbability,
    predictedClass,
    penalties: network.smallestWins ? outputs : null,
    isAccepted: probabilities[predictedClass] >= calibration.min_confidence
      && probabilities[predictedClass] > rejectProbability,
  };
}
