/** The unit that a key leads to: arrow keys go across a map and on to its neighbor, page keys from map to map. */

const ARROW_STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * @param {import("lenet/views/layout.js").Layout} layout
 * @param {number[]} shape [maps, height, width]
 * @param {number[]} unit [map, row, column]
 * @param {string} key as in `KeyboardEvent.key`
 * @returns {?number[]} the next unit; null for other keys
 */
export function stepUnit(layout, [maps, height, width], [map, row, column], key) {
  if (key === "PageDown") return [(map + 1) % maps, row, column];
  if (key === "PageUp") return [(map + maps - 1) % maps, row, column];
  const step = ARROW_STEPS[key];
  if (!step) return null;
  const nextCell = [row + step[0], column + step[1]];
  if (nextCell[0] >= 0 && nextCell[0] < height && nextCell[1] >= 0 && nextCell[1] < width) return [map, ...nextCell];
  const neighbor = neighborOf(layout, map, step);
  if (neighbor === null) return [map, row, column];
  return [neighbor, (nextCell[0] + height) % height, (nextCell[1] + width) % width];
}

/** The nearest map of the layout in a direction; null without one. */
function neighborOf(layout, map, [down, right]) {
  const currentBox = layout.boxes[map];
  if (!currentBox) return null;
  let nearestMap = null;
  let minDistance = Infinity;
  layout.boxes.forEach((box, index) => {
    const distanceAlong = (box.x - currentBox.x) * right + (box.y - currentBox.y) * down;
    const distanceAside = Math.abs((box.x - currentBox.x) * down) + Math.abs((box.y - currentBox.y) * right);
    if (distanceAlong <= 0) return;
    const distance = distanceAlong + 4 * distanceAside;
    if (distance < minDistance) [minDistance, nearestMap] = [distance, index];
  });
  return nearestMap;
}
