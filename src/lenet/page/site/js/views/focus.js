/**
 * The unit in focus: at first, and after another network is chosen.
 *
 * @typedef {Object} Focus
 * @property {number} position - in `shownIndexes`: 0 the first network shown, 1 the second
 * @property {number} stageIndex
 * @property {number[]} unit - [map, row, column]
 * @property {boolean} isPinned - whether it stays in focus when the pointer moves on
 */

import { strongestUnit } from "lenet/tour/roles.js";

const isConvolutionWithMaps = ({ kind, outputShape: [, height] }) => kind === "convolution" && height > 1;

/**
 * The strongest unit of the first convolution with a connection table, else of the last convolution; null without one.
 *
 * @returns {?Focus}
 */
export function initialFocus({ stages }, pass) {
  const tableStage = stages.findIndex((stage) => isConvolutionWithMaps(stage) && stage.layer.table);
  const stageIndex = tableStage >= 0 ? tableStage : stages.findLastIndex(isConvolutionWithMaps);
  return stageIndex < 0 ? null
    : { position: 0, stageIndex, unit: strongestUnit(pass.stages[stageIndex]), isPinned: false };
}

/**
 * A focus in another network: in the stage with the same index if that is of the same kind, else in the first of that
 * kind, else in the last stage.
 *
 * @param {?Focus} focus
 * @param {Network} networkBefore
 * @param {Network} networkAfter
 * @returns {?Focus}
 */
export function transferFocus(focus, networkBefore, networkAfter) {
  if (!focus) return null;
  const { kind } = networkBefore.stages[focus.stageIndex];
  const hasSameKind = (stage) => stage?.kind === kind;
  const matchingStage = hasSameKind(networkAfter.stages[focus.stageIndex])
    ? focus.stageIndex : networkAfter.stages.findIndex(hasSameKind);
  const stageIndex = matchingStage < 0 ? networkAfter.stages.length - 1 : matchingStage;
  const { outputShape } = networkAfter.stages[stageIndex];
  return { ...focus, stageIndex,
    unit: focus.unit.map((coordinate, axis) => Math.min(coordinate, outputShape[axis] - 1)) };
}
