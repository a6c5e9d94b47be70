/** Which unit is written out when nobody has asked for one, and which when another network is shown. */

import { strongestUnit } from "lenet/tour/roles.js";

const isMap = ({ kind, outputShape: [, height] }) => kind === "convolution" && height > 1;

/** The strongest unit of the convolution that a table connects, or else of the last convolution; null without one. */
export function firstFocus({ stages }, pass) {
  const withTable = stages.findIndex((stage) => isMap(stage) && stage.layer.table);
  const stage = withTable >= 0 ? withTable : stages.findLastIndex(isMap);
  return stage < 0 ? null : { shown: 0, stage, unit: strongestUnit(pass.stages[stage]), pinned: false };
}

/**
 * The unit of a network that stands where another's stood: in the stage of the same place if it is of the same kind,
 * else in the next of that kind, else in the last stage.
 */
export function carriedFocus(focus, before, after) {
  if (!focus) return null;
  const { kind } = before.stages[focus.stage];
  const isSame = (stage) => stage?.kind === kind;
  const matchingStage = isSame(after.stages[focus.stage]) ? focus.stage : after.stages.findIndex(isSame);
  const stage = matchingStage < 0 ? after.stages.length - 1 : matchingStage;
  const { outputShape } = after.stages[stage];
  return { ...focus, stage, unit: focus.unit.map((coordinate, axis) => Math.min(coordinate, outputShape[axis] - 1)) };
}
