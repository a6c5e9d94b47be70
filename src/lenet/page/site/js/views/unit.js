import { mountConvolution } from "lenet/convolution.js";
import { explainUnit } from "lenet/units.js";
import { bindText, translate } from "lenet/text.js";
import { createArithmetic } from "lenet/views/arithmetic.js";
import { createKernelEditor } from "lenet/views/kernel_editor.js";
import { createNeighborhood } from "lenet/views/neighborhood.js";
import { createTable } from "lenet/views/table.js";
import { make } from "lenet/views/elements.js";
import { formatNumber, stageName } from "lenet/views/numbers.js";
import { paintCanvas, paintLevels, palette } from "lenet/views/palette.js";

/** The unit in focus, written out: its value, what it sees of the drawing, and its sum with the numbers in place. */
export function mountUnit(container, store) {
  const name = make("p", { class: "unit-name" });
  const value = make("p", { class: "unit-value" });
  const statusText = make("p", { class: "figure-note" });
  const releaseButton = bindText(store, make("button", { type: "button", onClick: () => store.set({ focus: null }) }),
    "unit.release");
  const playButton = bindText(store,
    make("button", { type: "button", onClick: openAnimation, "data-do": "play" }), "unit.play");
  const stopButton = bindText(store,
    make("button", { type: "button", onClick: closeAnimation, hidden: true }), "unit.stop");
  const animationHost = make("div", { class: "unit-animation", hidden: true });
  let animation = null;
  const fieldCanvas = make("canvas", { role: "img", width: 1, height: 1 });
  bindText(store, fieldCanvas, "unit.fieldText", { attribute: "aria-label" });
  const fieldNote = make("span", { class: "figure-note" });
  const arithmetic = createArithmetic(store);
  const table = createTable(store);
  const neighborhood = createNeighborhood(store);
  const kernelEditor = createKernelEditor(store);
  const emptyText = bindText(store, make("p", { class: "unit-empty" }), "unit.empty");
  const body = make("div", { class: "unit-body", hidden: true },
    make("div", { class: "unit-side" }, name, value, statusText, releaseButton,
      make("figure", { class: "field" }, fieldCanvas, make("figcaption", {},
        bindText(store, make("span"), "unit.field"), fieldNote))),
    make("div", { class: "unit-main" }, arithmetic.element,
      make("div", { class: "controls" }, playButton, stopButton), animationHost, kernelEditor.element,
      make("div", { class: "unit-tables" }, neighborhood.element, table.element)));
  container.append(
    make("div", { class: "section-head" }, bindText(store, make("h2"), "unit.title"),
      bindText(store, make("p", { class: "section-text" }), "unit.text")),
    emptyText, body);

  /** Shows how the unit's map is worked out, step by step, and pins the unit meanwhile. */
  function openAnimation() {
    closeAnimation();
    const { focus } = store.state;
    store.set({ focus: { ...focus, isPinned: true } });
    animationHost.hidden = false;
    stopButton.hidden = false;
    animation = mountConvolution(animationHost, store, focus);
  }

  function closeAnimation() {
    animation?.destroy();
    animation = null;
    animationHost.replaceChildren();
    animationHost.hidden = true;
    stopButton.hidden = true;
  }

  store.subscribe(["shownIndexes"], closeAnimation);

  let frameRequest = 0;
  store.subscribe(["focus", "passes", "language", "palette"], () => {
    frameRequest ||= requestAnimationFrame(() => {
      frameRequest = 0;
      update();
    });
  });

  function update() {
    const { focus, passes, answers, models, shownIndexes } = store.state;
    const pass = focus && passes[focus.position];
    if (animation && !focus?.isPinned) closeAnimation();
    body.hidden = !pass;
    emptyText.hidden = Boolean(pass);
    if (!pass) return;
    const model = models[shownIndexes[focus.position]];
    const { network } = model;
    const stage = network.stages[focus.stageIndex];
    const previousName = focus.stageIndex
      ? stageName(network.stages[focus.stageIndex - 1].name)
      : translate(store, "stages.input");
    const explanation = explainUnit(network, pass, focus.stageIndex, focus.unit);
    const [map, row, column] = focus.unit;
    playButton.hidden = stage.kind !== "convolution";
    const isVector = stage.outputShape[1] * stage.outputShape[2] === 1;
    name.textContent = translate(store, isVector ? "unit.vectorName" : "unit.mapName",
      { stage: stage.name === "output" ? translate(store, "stages.output") : stageName(stage.name), map, row, column });
    value.textContent = formatNumber(explanation.value);
    value.className = `unit-value ${["is-negative", "", "is-positive"][Math.sign(explanation.value) + 1]}`;
    statusText.textContent = `${model.title} · ${translate(store, focus.isPinned ? "unit.pinned" : "unit.hovering")}`;
    releaseButton.hidden = !focus.isPinned;
    drawField(network, pass.input, explanation.receptiveField);
    arithmetic.update({ explanation, stage, previousName, model, focus, pass });
    table.update(stage, previousName, map);
    const { values } = pass.stages[focus.stageIndex];
    neighborhood.update(isVector ? null : { shape: stage.outputShape, unit: focus.unit, values });
    kernelEditor.update(stage.kind !== "convolution" ? null : {
      model, modelIndex: shownIndexes[focus.position], pass, answer: answers[focus.position], previousName,
      unit: focus.unit, stageIndex: focus.stageIndex, firstKernelOffset: explanation.firstKernelOffset,
      weights: stage.arrays.weight,
      inputs: explanation.terms.map(({ map, kernelSize }) => ({ inputMap: map, kernelSize })),
    });
  }

  function drawField(network, input, receptiveField) {
    const [, height, width] = network.inputShape;
    const [minimum, maximum] = network.description.input_range;
    paintCanvas(fieldCanvas, width, height, (pixels) => {
      paintLevels(pixels, input, minimum, maximum);
      const isOutside = (row, column) => row < receptiveField.top || row >= receptiveField.top + receptiveField.height
        || column < receptiveField.left || column >= receptiveField.left + receptiveField.width;
      for (let row = 0; row < height; row += 1) {
        for (let column = 0; column < width; column += 1) {
          if (isOutside(row, column)) pixels[row * width + column] = veil(pixels[row * width + column]);
        }
      }
    });
    fieldNote.textContent = `${receptiveField.width} × ${receptiveField.height}`;
  }
}

/** Blends a pixel with 70 % of the paper's color. */
function veil(pixel) {
  const paper = palette().levels[0];
  let blended = 0xff000000;
  for (const shift of [0, 8, 16]) {
    blended |= Math.round(0.3 * ((pixel >>> shift) & 255) + 0.7 * ((paper >>> shift) & 255)) << shift;
  }
  return blended >>> 0;
}
