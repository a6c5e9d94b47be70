/** An editor of one kernel of the unit in focus: its weights as inputs, and the unit's map before and after. */

import { classify } from "lenet/robustness/curves.js";
import { bindText, translate } from "lenet/text.js";
import { drawTile, largest, mountDrawing, readable, shade } from "lenet/tour/drawing.js";
import { make } from "lenet/views/elements.js";
import { findEdit, editKernel, undoEdit, withoutEdits } from "lenet/views/kernel_edits.js";
import { percent, stageName } from "lenet/views/numbers.js";
import { palette } from "lenet/views/palette.js";

const STEP = 0.1;

/** @returns {{element: HTMLElement, update: (unitInFocus: ?Object) => void}} null hides it */
export function createKernelEditor(store) {
  const inputMapSelect = make("select", { onChange: () => update(unitInFocus) });
  bindText(store, inputMapSelect, "kernel.inputMap", { attribute: "aria-label" });
  const grid = make("div", { class: "kernel-grid" });
  const button = (key, change) => bindText(store,
    make("button", { type: "button", onClick: () => setKernel(change(current())), "data-kernel": key }),
    `kernel.${key}`);
  const undo = bindText(store, make("button", { type: "button", "data-kernel": "undo", onClick: () => {
    const edit = findEdit(store.state.edits, kernelAddress());
    if (edit) undoEdit(store, edit);
  } }), "kernel.undo");
  const mapViews = ["before", "after"].map((key) => createMapView(store, key));
  const message = make("p", { class: "kernel-message", "aria-live": "polite" });
  const element = make("details", { class: "kernel-editor" }, bindText(store, make("summary"), "kernel.title"),
    make("div", { class: "kernel-parts" },
      make("div", {},
        make("label", { class: "kernel-input-map" }, bindText(store, make("span"), "kernel.from"), inputMapSelect),
        grid,
        make("div", { class: "controls" },
          button("flip", (kernel) => kernel.map((value) => -value)),
          button("zero", (kernel) => kernel.map(() => 0)),
          button("rotate", (kernel) => rotate90(kernel)), undo)),
      make("div", { class: "kernel-effect" },
        make("div", { class: "kernel-maps" }, ...mapViews.map((view) => view.element)),
        message)));
  element.addEventListener("toggle", () => update(unitInFocus));
  let unitInFocus = null;
  let cells = [];

  /** The address of the kernel: its network, stage and output map, and where it starts in the stage's weights. */
  function kernelAddress() {
    const { stage, unit, inputs, network } = unitInFocus;
    const input = inputs[inputMapSelect.selectedIndex] ?? inputs[0];
    const index = inputs.indexOf(input);
    return { network, stage, outputMap: unit[0], start: unitInFocus.first + index * input.kernelSize ** 2 };
  }

  const current = () => {
    const { kernelSize } = unitInFocus.inputs[0];
    const { start } = kernelAddress();
    return unitInFocus.weight.slice(start, start + kernelSize ** 2);
  };
  const setKernel = (kernel) => editKernel(store, kernelAddress(), kernel);

  function build(kernelSize) {
    cells = Array.from({ length: kernelSize ** 2 }, (_, index) => {
      const cell = make("input", { type: "number", step: STEP, "data-index": index, onInput: () => {
        const kernel = current();
        kernel[index] = Number(cell.value);
        if (Number.isFinite(kernel[index])) setKernel(kernel);
      } });
      return cell;
    });
    grid.style.gridTemplateColumns = `repeat(${kernelSize}, minmax(0, 1fr))`;
    grid.replaceChildren(...cells);
  }

  function update(next) {
    unitInFocus = next;
    element.hidden = !unitInFocus;
    if (!unitInFocus || !element.open) return;
    const { inputs, previousName } = unitInFocus;
    if (inputMapSelect.dataset.maps !== `${previousName} ${inputs.map(({ inputMap }) => inputMap)}`) {
      inputMapSelect.dataset.maps = `${previousName} ${inputs.map(({ inputMap }) => inputMap)}`;
      inputMapSelect.replaceChildren(...inputs.map(({ inputMap }) =>
        make("option", { value: inputMap }, `${previousName} ${inputMap}`)));
    }
    if (cells.length !== inputs[0].kernelSize ** 2) build(inputs[0].kernelSize);
    const kernel = current();
    const scale = largest(kernel);
    const colors = palette();
    cells.forEach((cell, index) => {
      const isTyped = document.activeElement === cell && Number(cell.value) === kernel[index];
      if (!isTyped) cell.value = kernel[index].toFixed(2);
      const rgba = shade(colors, kernel[index] / scale);
      cell.style.background = `rgb(${rgba & 255} ${(rgba >> 8) & 255} ${(rgba >> 16) & 255})`;
      cell.style.color = readable(rgba);
      cell.setAttribute("aria-label", translate(store, "kernel.weight",
        { row: Math.floor(index / inputs[0].kernelSize), column: index % inputs[0].kernelSize }));
    });
    undo.disabled = !findEdit(store.state.edits, kernelAddress());
    updateEffect();
  }

  function updateEffect() {
    const { loadedNetwork, pass, stage, unit, answer } = unitInFocus;
    const originalPass = withoutEdits(store, unitInFocus.network, () => loadedNetwork.network.run(pass.input));
    mapViews[0].show(originalPass.stages[stage], unit[0]);
    mapViews[1].show(pass.stages[stage], unit[0]);
    const { image, edits, misread } = store.state;
    const originalAnswer = image && withoutEdits(store, unitInFocus.network, () => classify(loadedNetwork, image));
    const isEdited = edits.some(({ network }) => network === unitInFocus.network);
    if (!isEdited || !originalAnswer) {
      message.textContent = translate(store, "kernel.untouched");
      return;
    }
    const { winner } = originalAnswer;
    message.textContent = translate(store, "kernel.message", {
      label: loadedNetwork.labels[winner], before: percent(originalAnswer.probabilities[winner]),
      after: percent(answer.probabilities[winner]), now: loadedNetwork.labels[answer.winner],
    });
    if (misread?.network === unitInFocus.network) {
      message.textContent += ` ${translate(store, "kernel.misread", { wrong: misread.wrong, total: misread.total })}`;
    }
  }

  store.subscribe(["misread"], () => { if (unitInFocus && element.open) updateEffect(); });
  return { element, update };
}

function createMapView(store, key) {
  const host = make("div");
  let stageMap = null;
  const drawing = mountDrawing(host, {
    height: (width) => (stageMap ? (width * stageMap.rows) / stageMap.columns : 0),
    draw: (context, width, _height, colors) => {
      if (stageMap) drawTile(context, colors, stageMap.values, { ...stageMap, x: 1, y: 1, width: width - 2 });
    },
  });
  const caption = bindText(store, make("figcaption", { class: "figure-note" }), `kernel.${key}`);
  return {
    element: make("figure", {}, host, caption),
    show: ({ name, shape: [, rows, columns], values }, map) => {
      stageMap = { rows, columns, values, start: map * rows * columns };
      drawing.describe(`${stageName(name)} ${map}, ${caption.textContent}`);
      drawing.redraw();
    },
  };
}

/** A kernel rotated by 90° clockwise. */
function rotate90(kernel) {
  const side = Math.round(Math.sqrt(kernel.length));
  return kernel.map((_, index) => kernel[(side - 1 - (index % side)) * side + Math.floor(index / side)]);
}
