/** A convolution product by product: what has been added up after any number of steps. */

import { activationNamed } from "lenet/stages.js";
import { largest } from "lenet/tour/drawing.js";
import { explainUnit } from "lenet/units.js";

/**
 * The arithmetic behind the picture, product by product. A unit takes `ticks`: its products, its bias, its activation.
 * @typedef {{ticks: number, total: number, inputs: object[], products: number, stateAt: (tick: number) => object,
 *   positionAt: (tick: number) => number, valueAt: (position: number) => number, map: () => Float32Array}} Worked
 */
export function createWorked(network, pass, stage, map) {
  const layer = network.stages[stage];
  const [, rows, columns] = layer.outputShape;
  const unitAt = (position) => [map, Math.floor(position / columns), position % columns];
  const explain = (position) => explainUnit(network, pass, stage, unitAt(position));
  const { terms } = explain(0);
  const area = terms[0].size ** 2;
  const products = area * terms.length;
  const ticks = products + 2;
  const values = new Float32Array(rows * columns);
  let known = 0;
  let recent = { position: -1 };

  function unit(position) {
    if (recent.position === position) return recent;
    const explanation = explain(position);
    const factors = explanation.terms.flatMap(({ patch, kernel }) =>
      Array.from(patch, (input, index) => [input, kernel[index]]));
    const sums = [0];
    for (const [input, weight] of factors) sums.push(sums.at(-1) + input * weight);
    sums.push(sums.at(-1) + explanation.bias);
    recent = { position, explanation, factors, sums, value: activated(layer.activation, sums.at(-1)) };
    return recent;
  }

  function valueAt(position) {
    for (; known <= position; known += 1) values[known] = activated(layer.activation, sumOf(explain(known)));
    return values[position];
  }

  const positionAt = (tick) => Math.max(0, Math.ceil(tick / ticks) - 1);

  function stateAt(tick) {
    const position = positionAt(tick);
    if (position > 0) valueAt(position - 1);
    const done = tick - position * ticks;
    const { explanation, factors, sums, value } = unit(position);
    const current = Math.min(Math.max(done - 1, 0), products - 1);
    return {
      done, explanation, factors, value, position,
      row: Math.floor(position / columns),
      column: position % columns,
      current,
      term: explanation.terms[Math.floor(current / area)],
      first: Math.floor(current / area) * area,
      sum: sums[Math.min(done, products + 1)],
      bias: explanation.bias,
      values,
      filled: position + (done === ticks ? 1 : 0),
      full: done === ticks ? valueAt(position) : null,
    };
  }

  const inputs = terms.map((term) => term.map);
  const [, height, width] = layer.inputShape;
  const source = stage ? pass.stages[stage - 1].values : pass.input;
  return {
    ticks, products, area, side: terms[0].size, total: ticks * rows * columns, inputs, stateAt, valueAt,
    positionAt,
    rows, columns, height, width, source, gray: stage === 0 ? network.description.input_range : null,
    margin: layer.layer.padding ?? 0,
    scale: largest(pass.stages[stage].values, map * rows * columns, rows * columns),
    map: () => {
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

function activated(name, sum) {
  const apply = activationNamed(name);
  const values = [sum];
  apply?.(values, values);
  return values[0];
}
