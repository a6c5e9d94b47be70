/** The test digits that are still misread. */

import { drawTile, mountDrawing } from "lenet/tour/drawing.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

const TILE = 30;
const GAP = 4;
const MAX_ROWS = 4;

export function createMisread(store, scene, counts) {
  const title = make("h3", { class: "small-title" });
  const host = make("div");
  const more = make("p", { class: "figure-note" });
  const element = make("div", { class: "learning-misread" }, title, host, more);
  let fitting = 0;

  const misread = () => scene().run?.readings.at(-1)?.misread ?? [];
  const drawing = mountDrawing(host, {
    height: () => MAX_ROWS * (TILE + GAP),
    draw: (context, width, _height, palette) => {
      const columns = Math.max(1, Math.floor((width + GAP) / (TILE + GAP)));
      fitting = columns * MAX_ROWS;
      misread().slice(0, fitting).forEach((digitIndex, index) => drawTile(context, palette, scene().digits.images, {
        rows: 28, columns: 28, start: digitIndex * 784, x: 1 + (index % columns) * (TILE + GAP),
        y: 1 + Math.floor(index / columns) * (TILE + GAP), width: TILE - 1, ink: [0, 255],
      }));
      updateMore();
    },
  });

  function updateMore() {
    const left = misread().length - fitting;
    more.textContent = left > 0 ? phrase(store, "learning.more", { count: left }) : "";
  }

  function draw() {
    const count = misread().length;
    title.textContent = phrase(store, "learning.wrong", { count, test: counts.test });
    drawing.describe(phrase(store, "learning.wrongText", { count, test: counts.test }));
    updateMore();
    drawing.redraw();
  }

  return { element, draw, updateText: draw };
}
