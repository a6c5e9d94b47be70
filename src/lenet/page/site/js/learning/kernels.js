/** The current kernels of a convolution, and the selected weight among them. */

import { ARROWS, makePickable } from "lenet/learning/picking.js";
import { connectedMaps } from "lenet/layers.js";
import { drawTile, frameCells, maxAbsOrOne, mountDrawing, write } from "lenet/tour/drawing.js";

const KERNEL_SIDE = 5;
const [NARROW_GAP, WIDE_GAP] = [2, 5];
const HEADER_HEIGHT = 14; // pixels, for the maps' numbers

/**
 * The kernels of a convolution, each by its output map (a column of the picture) and its input map (a row).
 *
 * @returns {{map: number, inputMap: number, start: number}[]} `start` is where
 *     the kernel begins in the stage's weights
 */
export function kernelsOf({ layer, inputShape: [inputMaps] }) {
  let start = -KERNEL_SIDE * KERNEL_SIDE;
  return connectedMaps(layer, inputMaps).flatMap((inputs, map) =>
    inputs.map((inputMap) => ({ map, inputMap, start: (start += KERNEL_SIDE * KERNEL_SIDE) })));
}

/**
 * Mounts the picture of a convolution's kernels, in which a weight can be picked.
 *
 * @param {HTMLElement} host
 * @param {{stageIndex: number, workbenchState: () => WorkbenchState, onPick: (weight: {stageIndex: number,
 *     index: number}) => void}} subject
 */
export function mountKernels(host, { stageIndex, workbenchState, onPick }) {
  const currentStage = () => workbenchState().network.stages[stageIndex];
  const selectedIndex = () =>
    (workbenchState().weight.stageIndex === stageIndex ? workbenchState().weight.index : null);
  let kernelWidth = 0;
  let gap = 0;

  const drawing = mountDrawing(host, {
    height: (width) => {
      layOut(width);
      return HEADER_HEIGHT + currentStage().inputShape[0] * (kernelWidth + gap);
    },
    draw: (context, width, _height, palette) => {
      layOut(width);
      const { weight } = currentStage().arrays;
      const scale = maxAbsOrOne(weight);
      const [rows] = currentStage().inputShape;
      for (let map = 0; map < currentStage().outputShape[0]; map++) {
        write(context, palette, String(map), kernelLeft(map) + kernelWidth / 2, 5,
          { size: 10, align: "center", face: palette.mono });
      }
      if (rows > 1) {
        for (let row = 0; row < rows; row++) {
          write(context, palette, String(row), 8, HEADER_HEIGHT + row * (kernelWidth + gap) + kernelWidth / 2,
            { size: 10, align: "right", face: palette.mono });
        }
      }
      for (const { map, inputMap, start } of kernelsOf(currentStage())) {
        const y = HEADER_HEIGHT + inputMap * (kernelWidth + gap);
        const tile = { rows: KERNEL_SIDE, columns: KERNEL_SIDE, x: kernelLeft(map), y, width: kernelWidth, scale,
          start };
        drawTile(context, palette, weight, tile);
        const offset = selectedIndex() === null ? -1 : selectedIndex() - start;
        if (offset < 0 || offset >= KERNEL_SIDE * KERNEL_SIDE) continue;
        const cells = { top: Math.floor(offset / KERNEL_SIDE), left: offset % KERNEL_SIDE, height: 1, width: 1 };
        frameCells(context, palette, tile, cells);
      }
    },
  });

  const leftMargin = () => (currentStage().inputShape[0] > 1 ? 14 : 1);
  const kernelLeft = (map) => leftMargin() + map * (kernelWidth + gap);

  function layOut(width) {
    const [maps] = currentStage().outputShape;
    gap = width < 400 ? NARROW_GAP : WIDE_GAP;
    kernelWidth = Math.min(56, (width - leftMargin()) / maps - gap);
  }

  /** The index of the weight at a point of the picture; null beside all kernels. */
  function weightAt(x, y) {
    const map = Math.floor((x - leftMargin()) / (kernelWidth + gap));
    const inputMap = Math.floor((y - HEADER_HEIGHT) / (kernelWidth + gap));
    const kernel = kernelsOf(currentStage()).find((one) => one.map === map && one.inputMap === inputMap);
    if (!kernel) return null;
    const cellAt = (pixels) => Math.max(0, Math.min(KERNEL_SIDE - 1, Math.floor(pixels / (kernelWidth / KERNEL_SIDE))));
    return kernel.start + cellAt(y - HEADER_HEIGHT - inputMap * (kernelWidth + gap)) * KERNEL_SIDE
      + cellAt(x - kernelLeft(map));
  }

  /** The index of the weight that an arrow key leads to: the next one, at a kernel's edge in the next kernel. */
  function weightAfterKey(key) {
    if (selectedIndex() === null) return 0;
    const kernels = kernelsOf(currentStage());
    const offset = selectedIndex() % (KERNEL_SIDE * KERNEL_SIDE);
    const [down, right] = ARROWS[key];
    const [row, column] = [Math.floor(offset / KERNEL_SIDE) + down, (offset % KERNEL_SIDE) + right];
    const currentKernel = kernels.find(({ start }) => start === selectedIndex() - offset);
    if (row >= 0 && row < KERNEL_SIDE && column >= 0 && column < KERNEL_SIDE) {
      return currentKernel.start + row * KERNEL_SIDE + column;
    }
    const kernelsAhead = kernels.filter(({ map, inputMap }) => (down
      ? map === currentKernel.map && (inputMap - currentKernel.inputMap) * down > 0
      : inputMap === currentKernel.inputMap && (map - currentKernel.map) * right > 0));
    if (!kernelsAhead.length) return null;
    const nextKernel = down + right > 0 ? kernelsAhead[0] : kernelsAhead.at(-1);
    return nextKernel.start + ((row + KERNEL_SIDE) % KERNEL_SIDE) * KERNEL_SIDE
      + ((column + KERNEL_SIDE) % KERNEL_SIDE);
  }

  makePickable(drawing.canvas,
    { placeAt: weightAt, placeAfterKey: weightAfterKey, onPick: (index) => onPick({ stageIndex, index }) });
  return drawing;
}

/** A weight's output map, input map, row and column in the kernel: what the texts `learning.weight.…` name. */
export function positionOfWeight(network, { stageIndex, index }) {
  const offset = index % (KERNEL_SIDE * KERNEL_SIDE);
  const { map, inputMap } = kernelsOf(network.stages[stageIndex]).find(({ start }) => start === index - offset);
  return { map, input: inputMap, row: Math.floor(offset / KERNEL_SIDE), column: offset % KERNEL_SIDE };
}
