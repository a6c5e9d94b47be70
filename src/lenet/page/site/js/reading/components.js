/** Labels the connected components of a mask (8-connectivity, flood fill). */

/**
 * @param {{ data: ArrayLike<number>, width: number, height: number }} mask 0 is background, all else foreground
 * @returns {{ labels: Int32Array, components: { label, top, left, bottom, right, area }[] }} pixels that share a corner
 *   are connected; labels of components start from 1, 0 is the background; bottom and right are not included
 */
export function findComponents({ data, width, height }) {
  const labels = new Int32Array(data.length);
  const components = [];
  const stack = [];
  for (let seed = 0; seed < data.length; seed++) {
    if (!data[seed] || labels[seed]) continue;
    const label = components.length + 1;
    const component = { label, top: height, left: width, bottom: 0, right: 0, area: 0 };
    components.push(component);
    labels[seed] = label;
    stack.push(seed);
    while (stack.length) {
      const pixel = stack.pop();
      const x = pixel % width;
      const y = (pixel - x) / width;
      component.area++;
      [component.top, component.left] = [Math.min(component.top, y), Math.min(component.left, x)];
      [component.bottom, component.right] = [Math.max(component.bottom, y + 1), Math.max(component.right, x + 1)];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const neighbor = v * width + u;
          if (!data[neighbor] || labels[neighbor]) continue;
          labels[neighbor] = label;
          stack.push(neighbor);
        }
      }
    }
  }
  return { labels, components };
}
