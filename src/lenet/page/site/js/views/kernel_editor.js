/** An editor of one kernel of the unit in focus: its weights in number fields, and the unit's map before and after. */

import { classify } from "lenet/robustness/curves.js";
import { bindText, translate } from "lenet/text.js";
import { drawTile, maxAbsOrOne, mountDrawing, contrastingTextColor, shade } from "lenet/tour/drawing.js";
import { make } from "lenet/views/elements.js";
import { findEdit, editKernel, undoEdit, withoutEdits } from "lenet/views/kernel_edits.js";
import { formatPercent, stageName } from "lenet/views/numbers.js";
import { palette } from "lenet/views/palette.js";

const STEP = 0.1;

/**
 * @typedef {Object} ConvolutionUnit - a unit of a convolution, with all that its editor needs
 * @property {Model} model
 * @property {number} modelIndex
 * @property {Pass} pass
 * @property {Answer} answer
 * @property {number} stageIndex
 * @property {string} previousName - of the stage before
 * @property {number[]} unit - [map, row, column]
 * @property {Float32Array} weights - of the stage
 * @property {number} firstKernelOffset - where the unit's first kernel begins in them
 * @property {{inputMap: number, kernelSize: number}[]} inputs - one for each of its kernels
 */

/** @returns {{element: HTMLElement, update: (unitInFocus: ?ConvolutionUnit) => void}} null hides the editor */
export function createKernelEditor(store) {
  const inputMapSelect = make("select", { onChange: () => update(unitInFocus) });
  bindText(store, inputMapSelect, "kernel.inputMap", { attribute: "aria-label" });
  const grid = make("div", { class: "kernel-grid" });
  const button = (key, change) => bindText(store,
    make("button", { type: "button", onClick: () => setKernel(change(currentKernel())), "data-kernel": key }),
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
  let weightInputs = [];

  /** The address of the selected kernel, as in `KernelEdit`. */
  function kernelAddress() {
    const { stageIndex, unit, inputs, modelIndex } = unitInFocus;
    const selectedInput = inputs[inputMapSelect.selectedIndex] ?? inputs[0];
    const index = inputs.indexOf(selectedInput);
    return { modelIndex, stageIndex, outputMap: unit[0],
      start: unitInFocus.firstKernelOffset + index * selectedInput.kernelSize ** 2 };
  }

  const currentKernel = () => {
    const { kernelSize } = unitInFocus.inputs[0];
    const { start } = kernelAddress();
    return unitInFocus.weights.slice(start, start + kernelSize ** 2);
  };
  const setKernel = (kernel) => editKernel(store, kernelAddress(), kernel);

  function buildInputs(kernelSize) {
    weightInputs = Array.from({ length: kernelSize ** 2 }, (_, index) => {
      const weightInput = make("input", { type: "number", step: STEP, "data-index": index, onInput: () => {
        const kernel = currentKernel();
        kernel[index] = Number(weightInput.value);
        if (Number.isFinite(kernel[index])) setKernel(kernel);
      } });
      return weightInput;
    });
    grid.style.gridTemplateColumns = `repeat(${kernelSize}, minmax(0, 1fr))`;
    grid.replaceChildren(...weightInputs);
  }

  function update(nextUnitInFocus) {
    unitInFocus = nextUnitInFocus;
    element.hidden = !unitInFocus;
    if (!unitInFocus || !element.open) return;
    const { inputs, previousName } = unitInFocus;
    if (inputMapSelect.dataset.maps !== `${previousName} ${inputs.map(({ inputMap }) => inputMap)}`) {
      inputMapSelect.dataset.maps = `${previousName} ${inputs.map(({ inputMap }) => inputMap)}`;
      inputMapSelect.replaceChildren(...inputs.map(({ inputMap }) =>
        make("option", { value: inputMap }, `${previousName} ${inputMap}`)));
    }
    if (weightInputs.length !== inputs[0].kernelSize ** 2) buildInputs(inputs[0].kernelSize);
    const kernel = currentKernel();
    const scale = maxAbsOrOne(kernel);
    const colors = palette();
    weightInputs.forEach((weightInput, index) => {
      const isTyped = document.activeElement === weightInput && Number(weightInput.value) === kernel[index];
      if (!isTyped) weightInput.value = kernel[index].toFixed(2);
      const rgba = shade(colors, kernel[index] / scale);
      weightInput.style.background = `rgb(${rgba & 255} ${(rgba >> 8) & 255} ${(rgba >> 16) & 255})`;
      weightInput.style.color = contrastingTextColor(rgba);
      weightInput.setAttribute("aria-label", translate(store, "kernel.weight",
        { row: Math.floor(index / inputs[0].kernelSize), column: index % inputs[0].kernelSize }));
    });
    undo.disabled = !findEdit(store.state.edits, kernelAddress());
    updateEffect();
  }

  /** The unit's map and the answer, as learned and as edited. */
  function updateEffect() {
    const { model, modelIndex, pass, stageIndex, unit, answer } = unitInFocus;
    const originalPass = withoutEdits(store, modelIndex, () => model.network.run(pass.input));
    mapViews[0].show(originalPass.stages[stageIndex], unit[0]);
    mapViews[1].show(pass.stages[stageIndex], unit[0]);
    const { image, edits, misread } = store.state;
    const originalAnswer = image && withoutEdits(store, modelIndex, () => classify(model, image));
    const isEdited = edits.some((edit) => edit.modelIndex === modelIndex);
    if (!isEdited || !originalAnswer) {
      message.textContent = translate(store, "kernel.untouched");
      return;
    }
    const { predictedClass } = originalAnswer;
    message.textContent = translate(store, "kernel.message", {
      label: model.labels[predictedClass], before: formatPercent(originalAnswer.probabilities[predictedClass]),
      after: formatPercent(answer.probabilities[predictedClass]), now: model.labels[answer.predictedClass],
    });
    if (misread?.modelIndex === modelIndex) {
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
