/** The loss of one example, and its derivative by each output. */

/** The rubbish class's penalty j in the 1998 paper's MAP criterion; the paper gives no value, this is lenet's. */
const RUBBISH_PENALTY = 20;

/**
 * @param {ArrayLike<number>} outputs
 * @param {number} label
 * @param {boolean} arePenalties - whether outputs are penalties, of which the smallest wins
 * @param {Float64Array} grad - filled with the derivative of the loss by each output
 * @returns {number} the loss
 */
export function lossOf(outputs, label, arePenalties, grad) {
  return arePenalties ? mapCriterion(outputs, label, grad) : crossEntropy(outputs, label, grad);
}

/** −log softmax of the correct output. */
function crossEntropy(outputs, label, grad) {
  let maxOutput = outputs[0];
  for (let i = 1; i < outputs.length; i++) if (outputs[i] > maxOutput) maxOutput = outputs[i];
  let total = 0;
  for (let i = 0; i < outputs.length; i++) total += grad[i] = Math.exp(outputs[i] - maxOutput);
  for (let i = 0; i < outputs.length; i++) grad[i] /= total;
  grad[label] -= 1;
  return maxOutput + Math.log(total) - outputs[label];
}

/** y_label + log(e^−j + Σ e^−y), the sum over all classes; j is the rubbish penalty [LeCun98, eq. 9]. */
function mapCriterion(outputs, label, grad) {
  let minPenalty = RUBBISH_PENALTY;
  for (let i = 0; i < outputs.length; i++) if (outputs[i] < minPenalty) minPenalty = outputs[i];
  let total = Math.exp(minPenalty - RUBBISH_PENALTY);
  for (let i = 0; i < outputs.length; i++) total += grad[i] = Math.exp(minPenalty - outputs[i]);
  for (let i = 0; i < outputs.length; i++) grad[i] /= -total;
  grad[label] += 1;
  return outputs[label] - minPenalty + Math.log(total);
}

/** The index of the output that wins. */
export function predictedClassOf(outputs, arePenalties) {
  let predictedClass = 0;
  for (let i = 1; i < outputs.length; i++) {
    if (arePenalties ? outputs[i] < outputs[predictedClass] : outputs[i] > outputs[predictedClass]) predictedClass = i;
  }
  return predictedClass;
}
