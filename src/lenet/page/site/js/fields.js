/** What a unit sees of the stage before and of the input. A window is {top, left, height, width} in units of a map. */

/**
 * The window through which a unit sees each map of the stage before; it may reach over the map's edges.
 *
 * @param {{layer: Object, inputShape: number[]}} stage
 * @param {number} row
 * @param {number} column
 * @returns {{top: number, left: number, height: number, width: number}}
 */
export function windowOf({ layer, inputShape: [, height, width] }, row, column) {
  switch (layer.kind) {
    case "convolution": {
      const { kernel_size: side, stride, padding } = layer;
      return { top: row * stride - padding, left: column * stride - padding, height: side, width: side };
    }
    case "subsampling":
    case "max_pooling":
    case "average_pooling":
      return { top: row * layer.size, left: column * layer.size, height: layer.size, width: layer.size };
    default:
      return { top: 0, left: 0, height, width };
  }
}

/** The part of a window that lies on maps of this shape; what is outside is padding. */
export function clipWindow({ top, left, height, width }, [, mapHeight, mapWidth]) {
  const [clippedTop, bottom] = [Math.max(top, 0), Math.min(top + height, mapHeight)];
  const [clippedLeft, right] = [Math.max(left, 0), Math.min(left + width, mapWidth)];
  return { top: clippedTop, left: clippedLeft, height: Math.max(bottom - clippedTop, 0),
    width: Math.max(right - clippedLeft, 0) };
}

/**
 * The input pixels that reach a unit.
 *
 * @param {Object[]} stages - of a network
 * @param {number} stageIndex - of the unit
 * @param {number[]} unit - [map, row, column]
 * @returns {{top: number, left: number, height: number, width: number}} clipped to the input
 */
export function receptiveField(stages, stageIndex, [, row, column]) {
  let field = { top: row, left: column, height: 1, width: 1 };
  for (const stage of stages.slice(0, stageIndex + 1).reverse()) {
    const firstWindow = windowOf(stage, field.top, field.left);
    const lastWindow = windowOf(stage, field.top + field.height - 1, field.left + field.width - 1);
    const height = lastWindow.top + lastWindow.height - firstWindow.top;
    const width = lastWindow.left + lastWindow.width - firstWindow.left;
    field = clipWindow({ top: firstWindow.top, left: firstWindow.left, height, width }, stage.inputShape);
  }
  return field;
}
