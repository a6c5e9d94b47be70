/** Which stage of a network plays which part of the tour, whatever its name. */

const SUBSAMPLING_KINDS = new Set(["subsampling", "max_pooling", "average_pooling", "global_average_pooling"]);

/**
 * @param {{stages: {kind: string, inputShape: number[], outputShape: number[]}[]}} network
 * @returns {{firstConvolution: number, subsampling: number, secondConvolution: number, wholeMaps: number,
 *   lastHidden: number, output: number}} indexes of stages: `subsampling` comes after the first convolution,
 *   `wholeMaps` is the first stage whose units see whole maps, `lastHidden` the full connection after it; -1 where the
 *   network has none
 */
export function findRoles(network) {
  const { stages } = network;
  const output = stages.length - 1;
  const hasMaps = ({ outputShape: [, height, width] }) => height * width > 1;
  const findAfter = (index, accept) =>
    stages.findIndex((stage, position) => position > index && position < output && accept(stage));
  const firstConvolution = findAfter(-1, (stage) => stage.kind === "convolution");
  const subsampling = findAfter(firstConvolution, (stage) => SUBSAMPLING_KINDS.has(stage.kind));
  const secondConvolution = findAfter(firstConvolution, (stage) => stage.kind === "convolution" && hasMaps(stage));
  const wholeMaps = findAfter(Math.max(firstConvolution, subsampling, secondConvolution),
    (stage) => !hasMaps(stage) && !SUBSAMPLING_KINDS.has(stage.kind));
  const lastHidden = findAfter(wholeMaps < 0 ? output : wholeMaps, (stage) => stage.kind === "full_connection");
  return { firstConvolution, subsampling, secondConvolution, wholeMaps, lastHidden, output };
}

/** [map, row, column] of the unit with the largest absolute value in a stage, or in one map of it. */
export function strongestUnit(stagePass, map = null) {
  const [maps, rows, columns] = stagePass.shape;
  const unitsPerMap = rows * columns;
  let best = map === null ? 0 : map * unitsPerMap;
  const end = map === null ? maps * unitsPerMap : best + unitsPerMap;
  for (let position = best; position < end; position += 1) {
    if (Math.abs(stagePass.values[position]) > Math.abs(stagePass.values[best])) best = position;
  }
  return [Math.floor(best / unitsPerMap), Math.floor((best % unitsPerMap) / columns), best % columns];
}

/** Index of a unit in its stage's arrays. */
export function unitIndex([, rows, columns], [map, row, column]) {
  return (map * rows + row) * columns + column;
}
