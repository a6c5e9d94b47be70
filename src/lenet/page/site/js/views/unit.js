import { mountConvolution } from "lenet/convolution.js";
import { explainUnit } from "lenet/units.js";
import { bindText, translate } from "lenet/text.js";
import { createArithmetic } from "lenet/views/arithmetic.js";
import { createKernelEditor } from "lenet/views/kernel_editor.js";
import { createNeighborhood } from "lenet/views/neighborhood.js";
import { createTable } from "lenet/views/table.js";
import { make } from "lenet/views/elements.js";
import { number, stageName } from "lenet/views/numbers.js";
import { paintCanvas, paintLevels, palette } from "lenet/views/palette.js";

/** The unit in focus, written out: its value, what it sees of the drawing, and its sum with the numbers in place. */
export function mountUnit(container, store) {
  const name = make("p", { class: "unit-name" });
  const value = make("p", { class: "unit-value" });
  const unitName = make("p", { class: "figure-note" });
  const release = bindText(store, make("button", { type: "button", onClick: () => store.set({ focus: null }) }),
    "unit.release");
  const play = bindText(store, make("button", { type: "button", onClick: open, "data-do": "play" }), "unit.play");
  const stop = bindText(store, make("button", { type: "button", onClick: close, hidden: true }), "unit.stop");
  const theater = make("div", { class: "unit-animation", hidden: true });
  let animation = null;
  const field = make("canvas", { role: "img", width: 1, height: 1 });
  bindText(store, field, "unit.fieldText", { attribute: "aria-label" });
  const fieldNote = make("span", { class: "figure-note" });
  const arithmetic = createArithmetic(store);
  const table = createTable(store);
  const neighborhood = createNeighborhood(store);
  const editor = createKernelEditor(store);
  const empty = bindText(store, make("p", { class: "unit-empty" }), "unit.empty");
  const body = make("div", { class: "unit-body", hidden: true },
    make("div", { class: "unit-side" }, name, value, unitName, release,
      make("figure", { class: "field" }, field, make("figcaption", {},
        bindText(store, make("span"), "unit.field"), fieldNote))),
    make("div", { class: "unit-main" }, arithmetic.element,
      make("div", { class: "controls" }, play, stop), theater, editor.element,
      make("div", { class: "unit-tables" }, neighborhood.element, table.element)));
  container.append(
    make("div", { class: "section-head" }, bindText(store, make("h2"), "unit.title"),
      bindText(store, make("p", { class: "section-text" }), "unit.text")),
    empty, body);

  /** The whole map of the unit, worked out step by step; the unit is kept meanwhile. */
  function open() {
    close();
    const { focus } = store.state;
    store.set({ focus: { ...focus, pinned: true } });
    theater.hidden = false;
    stop.hidden = false;
    animation = mountConvolution(theater, store, focus);
  }

  function close() {
    animation?.destroy();
    animation = null;
    theater.replaceChildren();
    theater.hidden = true;
    stop.hidden = true;
  }

  store.subscribe(["shown"], close);

  let requested = 0;
  store.subscribe(["focus", "passes", "language", "palette"], () => {
    requested ||= requestAnimationFrame(() => {
      requested = 0;
      update();
    });
  });

  function update() {
    const { focus, passes, answers, networks, shown } = store.state;
    const pass = focus && passes[focus.shown];
    if (animation && !focus?.pinned) close();
    body.hidden = !pass;
    empty.hidden = Boolean(pass);
    if (!pass) return;
    const loaded = networks[shown[focus.shown]];
    const { network } = loaded;
    const stage = network.stages[focus.stage];
    const previousName = focus.stage
      ? stageName(network.stages[focus.stage - 1].name)
      : translate(store, "stages.input");
    const explanation = explainUnit(network, pass, focus.stage, focus.unit);
    const [map, row, column] = focus.unit;
    play.hidden = stage.kind !== "convolution";
    const isVector = stage.outputShape[1] * stage.outputShape[2] === 1;
    name.textContent = translate(store, isVector ? "unit.vectorName" : "unit.mapName",
      { stage: stage.name === "output" ? translate(store, "stages.output") : stageName(stage.name), map, row, column });
    value.textContent = number(explanation.value);
    value.className = `unit-value ${["is-negative", "", "is-positive"][Math.sign(explanation.value) + 1]}`;
    unitName.textContent = `${loaded.title} · ${translate(store, focus.pinned ? "unit.pinned" : "unit.hovering")}`;
    release.hidden = !focus.pinned;
    drawField(network, pass.input, explanation.receptiveField);
    arithmetic.update({ explanation, stage, previousName, loaded, focus, pass });
    table.update(stage, previousName, map);
    const { values } = pass.stages[focus.stage];
    neighborhood.update(isVector ? null : { shape: stage.outputShape, unit: focus.unit, values });
    editor.update(stage.kind !== "convolution" ? null : {
      loadedNetwork: loaded, network: shown[focus.shown], pass, answer: answers[focus.shown], previousName,
      unit: focus.unit, stage: focus.stage, first: explanation.first, weight: stage.arrays.weight,
      inputs: explanation.terms.map(({ map, size }) => ({ inputMap: map, kernelSize: size })),
    });
  }

  function drawField(network, input, receptiveField) {
    const [, height, width] = network.inputShape;
    const [minimum, maximum] = network.description.input_range;
    paintCanvas(field, width, height, (pixels) => {
      paintLevels(pixels, input, minimum, maximum);
      const outside = (row, column) => row < receptiveField.top || row >= receptiveField.top + receptiveField.height
        || column < receptiveField.left || column >= receptiveField.left + receptiveField.width;
      for (let row = 0; row < height; row += 1) {
        for (let column = 0; column < width; column += 1) {
          if (outside(row, column)) pixels[row * width + column] = veiled(pixels[row * width + column]);
        }
      }
    });
    fieldNote.textContent = `${receptiveField.width} × ${receptiveField.height}`;
  }
}

/** Blends a pixel with 70 % of the paper's color. */
function veiled(pixel) {
  const paper = palette().levels[0];
  let mixed = 0xff000000;
  for (const shift of [0, 8, 16]) {
    mixed |= Math.round(0.3 * ((pixel >>> shift) & 255) + 0.7 * ((paper >>> shift) & 255)) << shift;
  }
  return mixed >>> 0;
}
