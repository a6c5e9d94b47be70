/** The test digits that the last evaluation found misread. */

import { drawTile, mountDrawing } from "lenet/tour/drawing.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

const TILE = 30;
const GAP = 4;
const MAX_ROWS = 4;

export function createMisread(store, workbenchState, digitCounts) {
  const title = make("h3", { class: "small-title" });
  const host = make("div");
  const remainingNote = make("p", { class: "figure-note" });
  const element = make("div", { class: "learning-misread" }, title, host, remainingNote);
  let tileCapacity = 0;

  const currentMisread = () => workbenchState().run?.evaluations.at(-1)?.misread ?? [];
  const drawing = mountDrawing(host, {
    height: () => MAX_ROWS * (TILE + GAP),
    draw: (context, width, _height, palette) => {
      const columns = Math.max(1, Math.floor((width + GAP) / (TILE + GAP)));
      tileCapacity = columns * MAX_ROWS;
      currentMisread().slice(0, tileCapacity).forEach((digitIndex, index) =>
        drawTile(context, palette, workbenchState().digits.images, {
          rows: 28, columns: 28, start: digitIndex * 784, x: 1 + (index % columns) * (TILE + GAP),
          y: 1 + Math.floor(index / columns) * (TILE + GAP), width: TILE - 1, ink: [0, 255],
        }));
      updateRemaining();
    },
  });

  function updateRemaining() {
    const remaining = currentMisread().length - tileCapacity;
    remainingNote.textContent = remaining > 0 ? chapterText(store, "learning.more", { count: remaining }) : "";
  }

  function draw() {
    const count = currentMisread().length;
    title.textContent = chapterText(store, "learning.wrong", { count, test: digitCounts.test });
    drawing.describe(chapterText(store, "learning.wrongText", { count, test: digitCounts.test }));
    updateRemaining();
    drawing.redraw();
  }

  return { element, draw, updateText: draw };
}
