/** The kernels of C1 and C3 as they stand, and the weight that was chosen among them. */

import { ARROWS, makePickable } from "lenet/learning/picking.js";
import { connectedMaps } from "lenet/stages.js";
import { drawTile, frameCells, largest, mountDrawing, write } from "lenet/tour/drawing.js";

const SIDE = 5;
const [NARROW_GAP, WIDE_GAP] = [2, 5];
const HEAD = 14;

/**
 * Where each kernel of a convolution stands: in the row of the map that it looks at, the column of the one it makes.
 *
 * @returns {{map: number, inputMap: number, start: number}[]} `start` in the stage's weights
 */
export function kernelsOf({ layer, inputShape: [inputMaps] }) {
  let start = -SIDE * SIDE;
  return connectedMaps(layer, inputMaps).flatMap((inputs, map) =>
    inputs.map((inputMap) => ({ map, inputMap, start: (start += SIDE * SIDE) })));
}

/**
 * @param {HTMLElement} host
 * @param {{stageIndex: number, scene: () => Object, pick: (weight: Object) => void}} subject - the scene has the
 *     network and the weight chosen: {stage, index}
 */
export function mountKernels(host, { stageIndex, scene, pick }) {
  const stage = () => scene().network.stages[stageIndex];
  const chosenIndex = () => (scene().weight.stage === stageIndex ? scene().weight.index : null);
  let cell = 0;
  let gap = 0;

  const drawing = mountDrawing(host, {
    height: (width) => {
      layOut(width);
      return HEAD + stage().inputShape[0] * (cell + gap);
    },
    draw: (context, width, _height, palette) => {
      layOut(width);
      const { weight } = stage().arrays;
      const scale = largest(weight);
      const [rows] = stage().inputShape;
      for (let map = 0; map < stage().outputShape[0]; map++) {
        write(context, palette, String(map), left(map) + cell / 2, 5,
          { size: 10, align: "center", face: palette.mono });
      }
      if (rows > 1) {
        for (let row = 0; row < rows; row++) {
          write(context, palette, String(row), 8, HEAD + row * (cell + gap) + cell / 2,
            { size: 10, align: "right", face: palette.mono });
        }
      }
      for (const { map, inputMap, start } of kernelsOf(stage())) {
        const y = HEAD + inputMap * (cell + gap);
        const rectangle = { rows: SIDE, columns: SIDE, x: left(map), y, width: cell, scale, start };
        drawTile(context, palette, weight, rectangle);
        const inside = chosenIndex() === null ? -1 : chosenIndex() - start;
        if (inside < 0 || inside >= SIDE * SIDE) continue;
        const cells = { top: Math.floor(inside / SIDE), left: inside % SIDE, height: 1, width: 1 };
        frameCells(context, palette, rectangle, cells);
      }
    },
  });

  const edge = () => (stage().inputShape[0] > 1 ? 14 : 1);
  const left = (map) => edge() + map * (cell + gap);

  function layOut(width) {
    const [maps] = stage().outputShape;
    gap = width < 400 ? NARROW_GAP : WIDE_GAP;
    cell = Math.min(56, (width - edge()) / maps - gap);
  }

  function under(x, y) {
    const map = Math.floor((x - edge()) / (cell + gap));
    const inputMap = Math.floor((y - HEAD) / (cell + gap));
    const kernelUnder = kernelsOf(stage()).find((kernel) => kernel.map === map && kernel.inputMap === inputMap);
    if (!kernelUnder) return null;
    const inside = (length) => Math.max(0, Math.min(SIDE - 1, Math.floor(length / (cell / SIDE))));
    return kernelUnder.start + inside(y - HEAD - inputMap * (cell + gap)) * SIDE + inside(x - left(map));
  }

  /** From weight to weight, over the edge of a kernel to the next one that there is. */
  function move(key) {
    if (chosenIndex() === null) return 0;
    const kernels = kernelsOf(stage());
    const inside = chosenIndex() % (SIDE * SIDE);
    const [down, right] = ARROWS[key];
    const [row, column] = [Math.floor(inside / SIDE) + down, (inside % SIDE) + right];
    const current = kernels.find(({ start }) => start === chosenIndex() - inside);
    if (row >= 0 && row < SIDE && column >= 0 && column < SIDE) return current.start + row * SIDE + column;
    const ahead = kernels.filter(({ map, inputMap }) => (down
      ? map === current.map && (inputMap - current.inputMap) * down > 0
      : inputMap === current.inputMap && (map - current.map) * right > 0));
    if (!ahead.length) return null;
    const next = down + right > 0 ? ahead[0] : ahead.at(-1);
    return next.start + ((row + SIDE) % SIDE) * SIDE + ((column + SIDE) % SIDE);
  }

  makePickable(drawing.canvas, { under, move, pick: (index) => pick({ stage: stageIndex, index }) });
  return drawing;
}

/** Where a weight stands: the values that its name is made of. */
export function placeOfWeight(network, { stage, index }) {
  const inside = index % (SIDE * SIDE);
  const { map, inputMap } = kernelsOf(network.stages[stage]).find(({ start }) => start === index - inside);
  return { map, input: inputMap, row: Math.floor(inside / SIDE), column: inside % SIDE };
}
