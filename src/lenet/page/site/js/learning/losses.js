/** What is made small: of one example the loss, and how it changes with each output. */

/** The penalty of the rubbish class in the 1998 paper's criterion, which prints none; as in lenet's recipes. */
const RUBBISH_PENALTY = 20;

/**
 * @param {ArrayLike<number>} outputs
 * @param {number} label
 * @param {boolean} arePenalties - whether the smallest wins
 * @param {Float64Array} grad - filled with the derivative of the loss by each output
 * @returns {number} the loss
 */
export function lossOf(outputs, label, arePenalties, grad) {
  return arePenalties ? mapCriterion(outputs, label, grad) : crossEntropy(outputs, label, grad);
}

/** −log softmax of the correct output. */
function crossEntropy(outputs, label, grad) {
  let largest = outputs[0];
  for (let i = 1; i < outputs.length; i++) if (outputs[i] > largest) largest = outputs[i];
  let total = 0;
  for (let i = 0; i < outputs.length; i++) total += grad[i] = Math.exp(outputs[i] - largest);
  for (let i = 0; i < outputs.length; i++) grad[i] /= total;
  grad[label] -= 1;
  return largest + Math.log(total) - outputs[label];
}

/** y_D + log(e^−j + Σ e^−y), over all classes [LeCun98, eq. 9]. */
function mapCriterion(outputs, label, grad) {
  let smallest = RUBBISH_PENALTY;
  for (let i = 0; i < outputs.length; i++) if (outputs[i] < smallest) smallest = outputs[i];
  let total = Math.exp(smallest - RUBBISH_PENALTY);
  for (let i = 0; i < outputs.length; i++) total += grad[i] = Math.exp(smallest - outputs[i]);
  for (let i = 0; i < outputs.length; i++) grad[i] /= -total;
  grad[label] += 1;
  return outputs[label] - smallest + Math.log(total);
}

/** The output that wins. */
export function winnerOf(outputs, arePenalties) {
  let winner = 0;
  for (let i = 1; i < outputs.length; i++) {
    if (arePenalties ? outputs[i] < outputs[winner] : outputs[i] > outputs[winner]) winner = i;
  }
  return winner;
}
