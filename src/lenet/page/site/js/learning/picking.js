/** Canvases on which one of several places is picked, by pointer or arrow keys. */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{placeAt: (x: number, y: number) => ?T, placeAfterKey: (key: string) => ?T,
 *     onPick: (place: T) => void}} options - the place at a point, the one that an arrow key leads to; null for none
 * @template T
 */
export function makePickable(canvas, { placeAt, placeAfterKey, onPick }) {
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.classList.add("is-pickable");
  canvas.addEventListener("click", (event) => {
    const place = placeAt(event.offsetX, event.offsetY);
    if (place !== null) onPick(place);
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !event.key.startsWith("Arrow")) return;
    const place = placeAfterKey(event.key);
    if (place !== null) onPick(place);
    event.preventDefault();
  });
}

/** The step of each arrow key: [rows down, columns right]. */
export const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
