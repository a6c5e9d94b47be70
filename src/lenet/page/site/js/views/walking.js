/** From unit to unit with the arrow keys: across a map, on to its neighbor, from map to map with the page keys. */

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

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
  const step = STEPS[key];
  if (!step) return null;
  const next = [row + step[0], column + step[1]];
  if (next[0] >= 0 && next[0] < height && next[1] >= 0 && next[1] < width) return [map, ...next];
  const neighbor = neighborOf(layout, map, step);
  if (neighbor === null) return [map, row, column];
  return [neighbor, (next[0] + height) % height, (next[1] + width) % width];
}

/** The nearest map on that side, as they lie in the picture. */
function neighborOf(layout, map, [down, right]) {
  const from = layout.boxes[map];
  if (!from) return null;
  let nearestMap = null;
  let nearest = Infinity;
  layout.boxes.forEach((box, index) => {
    const distanceAlong = (box.x - from.x) * right + (box.y - from.y) * down;
    const distanceAside = Math.abs((box.x - from.x) * down) + Math.abs((box.y - from.y) * right);
    if (distanceAlong <= 0) return;
    const distance = distanceAlong + 4 * distanceAside;
    if (distance < nearest) [nearest, nearestMap] = [distance, index];
  });
  return nearestMap;
}
