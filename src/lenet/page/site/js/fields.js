/** What a unit sees: of the stage before, and of the input. A window is {top, left, height, width}. */

/**
 * The window through which a unit sees each map of the stage before, as it lies; it may reach over the edges.
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
export function clipped({ top, left, height, width }, [, mapHeight, mapWidth]) {
  const [first, last] = [Math.max(top, 0), Math.min(top + height, mapHeight)];
  const [start, end] = [Math.max(left, 0), Math.min(left + width, mapWidth)];
  return { top: first, left: start, height: Math.max(last - first, 0), width: Math.max(end - start, 0) };
}

/**
 * The input pixels that reach a unit.
 *
 * @param {Object[]} stages - of a network
 * @param {number} index - the unit's stage
 * @param {number[]} unit - [map, row, column]
 * @returns {{top: number, left: number, height: number, width: number}} clipped to the input
 */
export function receptiveField(stages, index, [, row, column]) {
  let field = { top: row, left: column, height: 1, width: 1 };
  for (const stage of stages.slice(0, index + 1).reverse()) {
    const first = windowOf(stage, field.top, field.left);
    const last = windowOf(stage, field.top + field.height - 1, field.left + field.width - 1);
    const height = last.top + last.height - first.top;
    const width = last.left + last.width - first.left;
    field = clipped({ top: first.top, left: first.left, height, width }, stage.inputShape);
  }
  return field;
}
