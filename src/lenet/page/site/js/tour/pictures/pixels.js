/** The pictures of the stops "pixels" and "sharing"; see PictureState in tour.js. */

import { connectedMaps } from "lenet/layers.js";
import { contrastingTextColor, drawTile, frameCells, shade, write } from "lenet/tour/drawing.js";
import { centerOfMass } from "lenet/tour/stops.js";
import { chapterText } from "lenet/tour/text.js";
import { stageName } from "lenet/views/numbers.js";

const PART_SIDE = 7; // pixels of the part that is shown in numbers

/** The image, its center of mass, and one part of it in numbers; the part follows the pointer. */
export const pixels = {
  height: (width) => (width < 460 ? 2 * Math.min(width, 300) + 60 : Math.min((width - 32) / 2, 340) + 26),
  label: (store) => chapterText(store, "tour.pixels.label"),
  point: ({ image }, x, y, width) => {
    const side = imageSide(width);
    const column = Math.floor((x / side) * 28);
    const row = Math.floor(((y - 22) / side) * 28);
    return image && column >= 0 && column < 28 && row >= 0 && row < 28 ? partAround(row, column) : null;
  },
  draw(context, palette, width, _height, { store, image, pointedPart }) {
    const side = imageSide(width);
    const isNarrow = width < 460;
    const cell = side / 28;
    const fullImage = { rows: 28, columns: 28, x: 1, y: 22, width: side - 2 };
    const part = pointedPart ?? busiestPart(image);
    write(context, palette, chapterText(store, "tour.pixels.frame"), 0, 9);
    drawTile(context, palette, image, { ...fullImage, ink: [0, 255] });
    context.setLineDash([4, 4]);
    frameCells(context, palette, fullImage, { top: 4, left: 4, height: 20, width: 20 }, palette.muted);
    context.setLineDash([]);
    frameCells(context, palette, fullImage, { ...part, height: PART_SIDE, width: PART_SIDE });
    drawCross(context, palette, centerOfMass(image), cell);
    const x = isNarrow ? 1 : side + 32;
    const y = isNarrow ? side + 54 : 22;
    write(context, palette, chapterText(store, "tour.pixels.part"), x, y - 13);
    const levels = Uint8Array.from({ length: PART_SIDE ** 2 }, (_, index) =>
      image[(part.top + Math.floor(index / PART_SIDE)) * 28 + part.left + (index % PART_SIDE)]);
    drawTile(context, palette, levels, { rows: PART_SIDE, columns: PART_SIDE, x, y, width: side - 2, ink: [0, 255] });
    const partCell = side / PART_SIDE;
    levels.forEach((level, index) => write(context, palette, String(level),
      x + ((index % PART_SIDE) + 0.5) * partCell, y + (Math.floor(index / PART_SIDE) + 0.5) * partCell,
      { size: Math.min(15, partCell * 0.38), align: "center", face: palette.mono,
        color: contrastingTextColor(shade(palette, level / 255, true)) }));
  },
};

function imageSide(width) {
  return width < 460 ? Math.min(width, 300) : Math.min((width - 32) / 2, 340);
}

function drawCross(context, palette, center, cell) {
  if (!center) return;
  const x = (center[1] + 0.5) * cell;
  const y = 22 + (center[0] + 0.5) * cell;
  for (const [color, width] of [[palette.surface, 5], [palette.positive, 2]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x - 8, y);
    context.lineTo(x + 8, y);
    context.moveTo(x, y - 8);
    context.lineTo(x, y + 8);
    context.stroke();
  }
}

function partAround(row, column) {
  const clampStart = (value) => Math.max(0, Math.min(28 - PART_SIDE, value - Math.floor(PART_SIDE / 2)));
  return { top: clampStart(row), left: clampStart(column) };
}

/** The part with the largest spread of levels. */
function busiestPart(image) {
  let best = { spread: -1 };
  for (let top = 0; top <= 28 - PART_SIDE; top += 1) {
    for (let left = 0; left <= 28 - PART_SIDE; left += 1) {
      let sum = 0;
      let squares = 0;
      for (let index = 0; index < PART_SIDE ** 2; index += 1) {
        const level = image[(top + Math.floor(index / PART_SIDE)) * 28 + left + (index % PART_SIDE)];
        sum += level;
        squares += level * level;
      }
      const spread = squares - (sum * sum) / PART_SIDE ** 2;
      if (spread > best.spread) best = { top, left, spread };
    }
  }
  return best;
}

/** Every kernel of the first convolution above the map that it makes, and what sharing saves. */
export const sharing = {
  height: (width, { stage }) => sharingLayout(width, stage).bottom + 84,
  label: (store, { stage }) => chapterText(store, "tour.sharing.label", { stage: stageName(stage.name) }),
  draw(context, palette, width, _height, { store, stage, stagePass, counts, unit }) {
    const { tilesPerRow, side, kernelSide, rowHeight, bottom } = sharingLayout(width, stage);
    const [maps, rows, columns] = stage.outputShape;
    const connectedInputs = connectedMaps(stage.layer, stage.inputShape[0]);
    const kernelSize = stage.layer.kernel_size;
    let kernelIndex = 0;
    for (let map = 0; map < maps; map += 1) {
      const x = (map % tilesPerRow) * (side + 16);
      const y = Math.floor(map / tilesPerRow) * rowHeight;
      const start = kernelIndex * kernelSize ** 2;
      drawTile(context, palette, stage.arrays.weight, { rows: kernelSize, columns: kernelSize, x: x + 1, y: y + 1,
        width: kernelSide, start });
      write(context, palette, String(map), x + kernelSide + 10, y + kernelSide / 2, { face: palette.mono,
        color: map === unit[0] ? palette.accent : palette.muted, weight: map === unit[0] ? 500 : 400 });
      const tile = { rows, columns, x: x + 1, y: y + kernelSide + 10, width: side - 2 };
      drawTile(context, palette, stagePass.values, { ...tile, start: map * rows * columns });
      if (map === unit[0]) frameCells(context, palette, tile, { top: 0, left: 0, height: rows, width: columns });
      kernelIndex += connectedInputs[map].length;
    }
    const bars = [["shared", counts.parameters, palette.accent], ["alone", counts.connections, palette.muted]];
    bars.forEach(([key, count, color], index) => {
      const y = bottom + 14 + index * 36;
      write(context, palette,
        chapterText(store, `tour.sharing.${key}`, { count: count.toLocaleString("en-US") }), 0, y);
      context.fillStyle = color;
      context.fillRect(0, y + 11, Math.max(1.5, (width * count) / counts.connections), 7);
    });
  },
};

function sharingLayout(width, { outputShape: [maps] }) {
  const tilesPerRow = width < 460 ? Math.min(maps, 3) : Math.min(maps, 6);
  const side = Math.min(150, (width - 16 * (tilesPerRow - 1)) / tilesPerRow);
  const kernelSide = Math.min(48, side * 0.5);
  const rowHeight = side + kernelSide + 28;
  return { tilesPerRow, side, kernelSide, rowHeight, bottom: Math.ceil(maps / tilesPerRow) * rowHeight };
}
