/** Canvases on which one of several places is chosen, by pointer or arrow keys. */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{under: (x: number, y: number) => ?T, move: (key: string) => ?T, pick: (place: T) => void}} ways - the place
 *     at a point, and the one that a key leads to
 * @template T
 */
export function makePickable(canvas, { under, move, pick }) {
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.classList.add("is-pickable");
  canvas.addEventListener("click", (event) => {
    const index = under(event.offsetX, event.offsetY);
    if (index !== null) pick(index);
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !event.key.startsWith("Arrow")) return;
    const index = move(event.key);
    if (index !== null) pick(index);
    event.preventDefault();
  });
}

export const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
