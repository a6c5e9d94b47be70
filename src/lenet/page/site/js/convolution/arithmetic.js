/** The trace of one output map of a convolution: its state after any number of single products and additions. */

import { activationNamed } from "lenet/layers.js";
import { maxAbsOrOne } from "lenet/tour/drawing.js";
import { explainUnit } from "lenet/units.js";

/**
 * @typedef {Object} ConvolutionTrace - one output map, worked out unit by unit, row after row; each unit takes one tick
 *     for each product, one for the bias and one for the activation
 * @property {number} ticksPerUnit
 * @property {number} productsPerUnit
 * @property {number} totalTicks - of the whole map
 * @property {number} kernelSide
 * @property {number} kernelArea - kernelSide²
 * @property {number[]} inputMaps - indexes of the input maps that feed this map
 * @property {Float32Array} inputValues - of all input maps
 * @property {?[number, number]} inkRange - the network's input for [background, full ink]; null unless the convolution
 *     is the first stage
 * @property {number} inputHeight
 * @property {number} inputWidth
 * @property {number} padding - pixels around each input map
 * @property {number} rows - of the output map
 * @property {number} columns
 * @property {number} scale - the largest absolute value in the output map
 * @property {(tick: number) => TraceState} stateAt
 * @property {(tick: number) => number} indexInMapAt - of the unit that is worked out at a tick
 * @property {(indexInMap: number) => number} valueAt - a unit's value; works out all units before it, too
 * @property {() => Float32Array} wholeMap - the values of all units
 */

/**
 * @typedef {Object} TraceState - after a number of ticks
 * @property {number} indexInMap - of the unit that is being worked out: row · columns + column
 * @property {number} row
 * @property {number} column
 * @property {number} ticksDone - of this unit
 * @property {Explanation} explanation - of this unit
 * @property {[number, number][]} factors - input and weight of each of its products
 * @property {number} currentProduct - index of the product added last, or first to be added
 * @property {Object} currentTerm - the explanation's term (the patch and kernel of one input map) of this product
 * @property {number} firstProductOfTerm - index of that term's first product
 * @property {number} sum - of what has been added so far
 * @property {number} bias
 * @property {number} value - what the unit comes to after the activation, known ahead of the ticks
 * @property {Float32Array} values - the output map, of which the first `filledUnits` are worked out
 * @property {number} filledUnits
 * @property {?number} unitValue - the unit's value once all its ticks are done, else null
 */

/**
 * @param {Network} network
 * @param {Pass} pass
 * @param {number} stageIndex - of a convolution
 * @param {number} map - which of its output maps
 * @returns {ConvolutionTrace}
 */
export function createTrace(network, pass, stageIndex, map) {
  const stage = network.stages[stageIndex];
  const [, rows, columns] = stage.outputShape;
  const unitAt = (indexInMap) => [map, Math.floor(indexInMap / columns), indexInMap % columns];
  const explain = (indexInMap) => explainUnit(network, pass, stageIndex, unitAt(indexInMap));
  const { terms } = explain(0);
  const kernelArea = terms[0].kernelSize ** 2;
  const productsPerUnit = kernelArea * terms.length;
  const ticksPerUnit = productsPerUnit + 2;
  const values = new Float32Array(rows * columns);
  let computedCount = 0;
  let lastUnit = { indexInMap: -1 };

  function traceUnit(indexInMap) {
    if (lastUnit.indexInMap === indexInMap) return lastUnit;
    const explanation = explain(indexInMap);
    const factors = explanation.terms.flatMap(({ patch, kernel }) =>
      Array.from(patch, (input, index) => [input, kernel[index]]));
    const sums = [0];
    for (const [input, weight] of factors) sums.push(sums.at(-1) + input * weight);
    sums.push(sums.at(-1) + explanation.bias);
    lastUnit = { indexInMap, explanation, factors, sums, value: activate(stage.activation, sums.at(-1)) };
    return lastUnit;
  }

  function valueAt(indexInMap) {
    for (; computedCount <= indexInMap; computedCount += 1) {
      values[computedCount] = activate(stage.activation, sumOf(explain(computedCount)));
    }
    return values[indexInMap];
  }

  const indexInMapAt = (tick) => Math.max(0, Math.ceil(tick / ticksPerUnit) - 1);

  function stateAt(tick) {
    const indexInMap = indexInMapAt(tick);
    if (indexInMap > 0) valueAt(indexInMap - 1);
    const ticksDone = tick - indexInMap * ticksPerUnit;
    const { explanation, factors, sums, value } = traceUnit(indexInMap);
    const currentProduct = Math.min(Math.max(ticksDone - 1, 0), productsPerUnit - 1);
    return {
      ticksDone, explanation, factors, value, indexInMap,
      row: Math.floor(indexInMap / columns),
      column: indexInMap % columns,
      currentProduct,
      currentTerm: explanation.terms[Math.floor(currentProduct / kernelArea)],
      firstProductOfTerm: Math.floor(currentProduct / kernelArea) * kernelArea,
      sum: sums[Math.min(ticksDone, productsPerUnit + 1)],
      bias: explanation.bias,
      values,
      filledUnits: indexInMap + (ticksDone === ticksPerUnit ? 1 : 0),
      unitValue: ticksDone === ticksPerUnit ? valueAt(indexInMap) : null,
    };
  }

  const inputMaps = terms.map((term) => term.map);
  const [, inputHeight, inputWidth] = stage.inputShape;
  const inputValues = stageIndex ? pass.stages[stageIndex - 1].values : pass.input;
  return {
    ticksPerUnit, productsPerUnit, totalTicks: ticksPerUnit * rows * columns, kernelArea,
    kernelSide: terms[0].kernelSize, inputMaps, stateAt, valueAt, indexInMapAt, rows, columns, inputHeight,
    inputWidth, inputValues,
    inkRange: stageIndex === 0 ? network.description.input_range : null,
    padding: stage.layer.padding ?? 0,
    scale: maxAbsOrOne(pass.stages[stageIndex].values, map * rows * columns, rows * columns),
    wholeMap: () => {
      valueAt(rows * columns - 1);
      return values;
    },
  };
}

function sumOf({ terms, bias }) {
  let sum = 0;
  for (const { patch, kernel } of terms) {
    for (let index = 0; index < patch.length; index += 1) sum += patch[index] * kernel[index];
  }
  return sum + bias;
}

function activate(name, sum) {
  const apply = activationNamed(name);
  const values = [sum];
  apply?.(values, values);
  return values[0];
}
