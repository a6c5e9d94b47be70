/** Which stage of a network plays which part of the tour, whatever its name. */

const POOLS = new Set(["subsampling", "max_pooling", "average_pooling", "global_average_pooling"]);

/**
 * @param {{stages: {kind: string, inputShape: number[], outputShape: number[]}[]}} network
 * @returns {{first: number, pool: number, second: number, wide: number, code: number, output: number}} indexes of the
 *   first convolution, the sub-sampling after it, the second convolution, the first stage that sees whole maps, the
 *   last hidden stage, and the output; -1 where the network has none
 */
export function findRoles(network) {
  const { stages } = network;
  const output = stages.length - 1;
  const isMap = ({ outputShape: [, height, width] }) => height * width > 1;
  const after = (index, accept) =>
    stages.findIndex((stage, position) => position > index && position < output && accept(stage));
  const first = after(-1, (stage) => stage.kind === "convolution");
  const pool = after(first, (stage) => POOLS.has(stage.kind));
  const second = after(first, (stage) => stage.kind === "convolution" && isMap(stage));
  const wide = after(Math.max(first, pool, second), (stage) => !isMap(stage) && !POOLS.has(stage.kind));
  const code = after(wide < 0 ? output : wide, (stage) => stage.kind === "full_connection");
  return { first, pool, second, wide, code, output };
}

/** [map, row, column] of the largest value, by magnitude, among a stage's units, or among those of one map. */
export function strongestUnit(stagePass, map = null) {
  const [maps, rows, columns] = stagePass.shape;
  const size = rows * columns;
  let best = map === null ? 0 : map * size;
  const end = map === null ? maps * size : best + size;
  for (let position = best; position < end; position += 1) {
    if (Math.abs(stagePass.values[position]) > Math.abs(stagePass.values[best])) best = position;
  }
  return [Math.floor(best / size), Math.floor((best % size) / columns), best % columns];
}

/** Index of a unit in its stage's arrays. */
export function unitIndex([, rows, columns], [map, row, column]) {
  return (map * rows + row) * columns + column;
}
