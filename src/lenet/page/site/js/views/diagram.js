/** One network as a row of figures, input to output, each with its name, and the links of the unit in focus. */

import { strongestUnit } from "lenet/tour/roles.js";
import { explainUnit, sourcesOf } from "lenet/units.js";
import { bindText } from "lenet/text.js";
import { make } from "lenet/views/elements.js";
import { createFigure, longestLabelLength } from "lenet/views/figure.js";
import { areaBox, layOut, unitAt, unitBox } from "lenet/views/layout.js";
import { createLinks } from "lenet/views/links.js";
import { formatNumber, shapeText, stageName } from "lenet/views/numbers.js";
import { chooseOverviewMaps } from "lenet/views/overview_maps.js";
import { stepUnit } from "lenet/views/walking.js";

const ROW_GAP = 30;
const MAX_NAMES = 10; // class names in a line
const WRAPPED_ZOOM = 1.4; // of the overview in several rows
const MIN_CAPTION = 90; // pixels that the text over a stage needs, where maps are small
const ZOOMS = [1.6, 1.45, 1.3, 1.2, 1.1, 1, 0.93, 0.88];
const OVERVIEW_ZOOMS = [2.4, 2.2, 2, 1.8, ...ZOOMS, 0.8, 0.7];

/** The formula of a unit's value, before the activation. */
const FORMULAS = {
  convolution: "Σ w·x + b", full_connection: "Σ w·x + b", subsampling: "w·Σ x + b", max_pooling: "max x",
  average_pooling: "Σ x / n", global_average_pooling: "Σ x / n", euclidean_rbf: "Σ (x − c)²",
};

/**
 * @param {Object} store
 * @param {Model} model
 * @param {number} position - of the model in `shownIndexes`
 * @returns {{element: HTMLElement, arrange: () => void, update: (pass: Pass, answer: Answer, focus: ?Focus) => void}}
 */
export function createDiagram(store, model, position) {
  const { network } = model;
  const row = make("div", { class: "figures" });
  const element = make("article", { class: "network" },
    make("h3", { class: "network-name" }, model.title, bindText(store, make("span"), ...testResultText(model)),
      bindText(store, make("span"), ...classesText(model))), row);
  const figures = [inputFigure(), ...network.stages.map(stageFigure)];
  row.append(...figures.map((figure) => figure.element));
  const links = createLinks(row);
  let drawnFocus = null; // whose links are drawn
  let overviewMaps = null; // for the input and each stage, the map that the overview shows

  function inputFigure() {
    const canvas = make("canvas", { role: "img" });
    bindText(store, canvas, "stages.inputText", { attribute: "aria-label" });
    const shape = network.inputShape;
    const figure = createFigure(canvas, { shape, inputRange: network.description.input_range });
    const title = bindText(store, make("span", { class: "stage-name" }), "stages.input");
    return { canvas, figure, stage: { kind: "input", outputShape: shape },
      element: stageElement(canvas, title, shape) };
  }

  function stageFigure(stage, index) {
    const isOutput = index === network.stages.length - 1;
    const canvas = make("canvas", {
      tabindex: 0, role: "application", "aria-describedby": "stage-keys", "data-stage": stage.name,
    });
    const name = stageName(stage.name);
    const shape = stage.outputShape;
    const values = { stage: name, maps: shape[0], height: shape[1], width: shape[2] };
    const key = shape[1] * shape[2] > 1 ? "stages.mapsText" : "stages.vectorText";
    bindText(store, canvas, key, { values, attribute: "aria-label" });
    const figure = createFigure(canvas, {
      shape, isOutput, prototypes: stage.layer.prototypes, labels: model.labels, rejectClass: model.reject_class,
    });
    const title = name === "output"
      ? bindText(store, make("span", { class: "stage-name" }), "stages.output")
      : make("span", { class: "stage-name" }, name);
    addListeners(canvas, figure, index);
    const kind = bindText(store, make("span", { class: "stage-kind" }), `kind.${stage.kind}`);
    const activation = stage.activation === "identity" ? [] : [`→ ${stage.activation}`];
    const formulaTexts = [FORMULAS[stage.kind], ...activation];
    const formulas = formulaTexts.map((text) => make("span", { class: "figure-note" }, text));
    const element = stageElement(canvas, title, shape, kind, ...formulas);
    return { canvas, figure, stage: { ...stage, isOutput, labelLength: longestLabelLength(model) }, element };
  }

  function stageElement(canvas, title, shape, ...notes) {
    return make("figure", { class: "stage" },
      make("figcaption", {}, title, make("span", { class: "figure-note" }, shapeText(shape)), ...notes.filter(Boolean)),
      canvas);
  }

  function addListeners(canvas, figure, index) {
    const setFocus = (unit, isPinned) => store.set({ focus: unit && { position, stageIndex: index, unit, isPinned } });
    const unitAtPointer = (event) => {
      const box = canvas.getBoundingClientRect();
      return unitAt(figure.layout, event.clientX - box.left, event.clientY - box.top);
    };
    canvas.addEventListener("pointermove", (event) => {
      if (store.state.focus?.isPinned || event.pointerType === "touch") return;
      const unit = unitAtPointer(event);
      if (unit && !isFocused(store.state.focus, unit)) setFocus(unit, false);
    });
    canvas.addEventListener("click", (event) => {
      const unit = unitAtPointer(event);
      if (!unit) return;
      const { focus } = store.state;
      setFocus(unit, !(focus?.isPinned && isFocused(focus, unit)));
    });
    canvas.addEventListener("focus", () => {
      const { focus } = store.state;
      if (canvas.matches(":focus-visible") && !(focus?.position === position && focus.stageIndex === index)) {
        setFocus(middleUnit(figure, network.stages[index]), false);
      }
    });
    canvas.addEventListener("keydown", (event) => {
      const { focus } = store.state;
      const isHere = focus?.position === position && focus.stageIndex === index;
      const unit = isHere ? focus.unit : middleUnit(figure, network.stages[index]);
      if (event.key === "Enter" || event.key === " ") setFocus(unit, !(isHere && focus.isPinned));
      else {
        const nextUnit = stepUnit(figure.layout, network.stages[index].outputShape, unit, event.key);
        if (!nextUnit) return;
        setFocus(nextUnit, isHere && focus.isPinned);
      }
      event.preventDefault();
    });
    function isFocused(focus, unit) {
      return focus?.position === position && focus.stageIndex === index
        && focus.unit.every((value, axis) => value === unit[axis]);
    }
  }

  function middleUnit(figure, { outputShape: [, height, width] }) {
    return [0, Math.floor(height / 2), Math.floor(width / 2)];
  }

  /** Lays the figures out: in one row if they fit into the width, else in several. */
  function arrange() {
    const width = element.clientWidth;
    const { isOverview, passes, focus } = store.state;
    const stages = figures.map(({ stage }) => stage);
    if (isOverview && passes[position]) {
      overviewMaps = overviewMapsFor(passes[position], focus?.position === position ? focus : null);
    }
    const shownMap = (index) => (isOverview && overviewMaps ? overviewMaps[index] : null);
    const layoutsFor = (flow, zoom) => stages.map((stage, index) =>
      layOut(stage, { width, flow, zoom, shownMap: shownMap(index) }));
    const minWidth = isOverview ? MIN_CAPTION : 0;
    const totalWidth = (layouts) =>
      layouts.reduce((sum, { width }) => sum + Math.max(width, minWidth) + ROW_GAP, -ROW_GAP);
    const zooms = isOverview ? OVERVIEW_ZOOMS : ZOOMS;
    const zoom = zooms.find((candidate) => totalWidth(layoutsFor("row", candidate)) <= width);
    const layouts = layoutsFor(zoom ? "row" : "wrap", zoom ?? (isOverview ? WRAPPED_ZOOM : 1));
    row.classList.toggle("is-row", Boolean(zoom));
    figures.forEach(({ figure }, index) => figure.resize(layouts[index]));
    drawnFocus = null;
  }

  /**
   * The map that the overview shows of the input and of each stage; kept while the unit in focus lies on one of them.
   */
  function overviewMapsFor(pass, focus) {
    if (overviewMaps && !isOutsideOverview(focus)) return overviewMaps;
    const stageIndex = network.stages.findLastIndex(({ outputShape: [, height, width] }) => height * width > 1);
    if (!focus && stageIndex < 0) return null;
    return chooseOverviewMaps(network, pass, focus ?? { stageIndex, unit: strongestUnit(pass.stages[stageIndex]) });
  }

  const hasMaps = (index) => network.stages[index].outputShape[1] * network.stages[index].outputShape[2] > 1;
  const isOutsideOverview = (focus) =>
    focus && hasMaps(focus.stageIndex) && overviewMaps?.[focus.stageIndex + 1] !== focus.unit[0];

  function update(pass, answer, focus) {
    const currentFocus = focus?.position === position ? focus : null;
    if (store.state.isOverview && (!overviewMaps || isOutsideOverview(currentFocus))) arrange();
    const sources = currentFocus ? sourcesOf(network, currentFocus.stageIndex, currentFocus.unit) : [];
    const highlightedMaps = currentFocus && new Set(sources.map((source) => source.map));
    figures.forEach(({ figure }, index) => {
      const values = index === 0 ? pass.input : pass.stages[index - 1].values;
      const isSource = currentFocus && index === currentFocus.stageIndex && figure.layout.kind === "maps";
      figure.update(values, { highlighted: isSource ? highlightedMaps : null, predictedClass: answer.predictedClass });
    });
    const dependsOnPass = currentFocus && network.stages[currentFocus.stageIndex].kind === "full_connection";
    if (currentFocus === drawnFocus && !dependsOnPass) return;
    drawnFocus = currentFocus;
    element.dataset.lit = currentFocus ? [...highlightedMaps].join(" ") : "";
    if (currentFocus) drawLinks(currentFocus, sources, pass);
    else links.clear();
  }

  function drawLinks(focus, sources, pass) {
    const focusedFigure = figures[focus.stageIndex + 1];
    const previousFigure = figures[focus.stageIndex];
    const box = unitBox(focusedFigure.figure.layout, focus.unit);
    if (!box) return links.clear();
    const unit = links.toDiagram(focusedFigure, box);
    const { kind } = network.stages[focus.stageIndex];
    const { layout } = previousFigure.figure;
    const seesWholeMaps = sources.length > 24 || kind === "full_connection" || kind === "euclidean_rbf";
    const areas = seesWholeMaps && layout.kind !== "maps"
      ? [links.toDiagram(previousFigure, { x: 0, y: 0, width: layout.width, height: layout.height })]
      : sources.flatMap((source) => areaBox(layout, source) ?? []).map((area) => links.toDiagram(previousFigure, area));
    if (kind === "full_connection" && layout.kind === "cells") {
      const { products } = explainUnit(network, pass, focus.stageIndex, focus.unit);
      for (const { index } of products.slice(0, 8)) areas.push(links.toDiagram(previousFigure, layout.boxes[index]));
    }
    const hasFieldOnInput = focus.stageIndex > 0;
    const receptiveField = network.receptiveField(focus.stageIndex, focus.unit);
    const fieldBox = areaBox(figures[0].figure.layout, { map: 0, ...receptiveField });
    const field = hasFieldOnInput ? links.toDiagram(figures[0], fieldBox) : null;
    const [, height, width] = network.stages[focus.stageIndex].outputShape;
    const unitIndex = (focus.unit[0] * height + focus.unit[1]) * width + focus.unit[2];
    const value = pass.stages[focus.stageIndex].values[unitIndex];
    const isBeside = previousFigure.element.offsetTop === focusedFigure.element.offsetTop;
    links.show({ unit, areas, field, label: hasMaps(focus.stageIndex) ? formatNumber(value) : "",
      gutter: isBeside ? null : focusedFigure.element.offsetTop });
  }

  return { element, arrange, update };
}

/** The text about a network's error on its test or validation set, as `bindText` takes it. */
function testResultText({ description, provenance }) {
  const { test_error: testError, validation_error: validationError, data } = provenance;
  if (testError !== null) return ["stages.tested", { values: { error: testError.toFixed(2) } }];
  if (validationError !== null) {
    return ["stages.validated", { values: { error: validationError.toFixed(2), data: data ?? "" } }];
  }
  return ["stages.untested", { values: { name: description.name } }];
}

/** The text about a network's classes, the first ones by name. */
function classesText({ labels }) {
  const names = labels.length > MAX_NAMES ? [...labels.slice(0, MAX_NAMES - 1), "…", labels.at(-1)] : labels;
  return ["stages.classes", { values: { count: labels.length, names: names.join(", ") } }];
}
