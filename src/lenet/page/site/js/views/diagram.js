/** One network as a row of figures, input to output, each with its name, and the links of the unit in focus. */

import { strongestUnit } from "lenet/tour/roles.js";
import { explainUnit, sourcesOf } from "lenet/units.js";
import { bindText } from "lenet/text.js";
import { make } from "lenet/views/elements.js";
import { createFigure, longestLabelLength } from "lenet/views/figure.js";
import { areaBox, layOut, unitAt, unitBox } from "lenet/views/layout.js";
import { createLinks } from "lenet/views/links.js";
import { number, shapeText, stageName } from "lenet/views/numbers.js";
import { pathThrough } from "lenet/views/path.js";
import { stepUnit } from "lenet/views/walking.js";

const ROW_GAP = 30;
const MAX_NAMES = 10; // of classes, in a line
const WRAPPED_ZOOM = 1.4; // of single maps in several rows
const MIN_CAPTION = 90; // pixels that the words over a stage need, where maps are small
const ZOOMS = [1.6, 1.45, 1.3, 1.2, 1.1, 1, 0.93, 0.88];
const OVERVIEW_ZOOMS = [2.4, 2.2, 2, 1.8, ...ZOOMS, 0.8, 0.7];

/** How a stage comes by a unit's value, in signs. */
const FORMULAS = {
  convolution: "Σ w·x + b", full_connection: "Σ w·x + b", subsampling: "w·Σ x + b", max_pooling: "max x",
  average_pooling: "Σ x / n", global_average_pooling: "Σ x / n", euclidean_rbf: "Σ (x − c)²",
};

export function createDiagram(store, loaded, position) {
  const { network } = loaded;
  const row = make("div", { class: "figures" });
  const element = make("article", { class: "network" },
    make("h3", { class: "network-name" }, loaded.title, bindText(store, make("span"), ...storyOf(loaded)),
      bindText(store, make("span"), ...classesOf(loaded))), row);
  const figures = [inputFigure(), ...network.stages.map(stageFigure)];
  row.append(...figures.map((figure) => figure.element));
  const links = createLinks(row);
  let pointed = null;
  let path = null;

  function inputFigure() {
    const canvas = make("canvas", { role: "img" });
    bindText(store, canvas, "stages.inputText", { attribute: "aria-label" });
    const shape = network.inputShape;
    const figure = createFigure(canvas, { shape, inputRange: network.description.input_range });
    const title = bindText(store, make("span", { class: "stage-name" }), "stages.input");
    return { canvas, figure, stage: { kind: "input", outputShape: shape }, element: frame(canvas, title, shape) };
  }

  function stageFigure(stage, index) {
    const last = index === network.stages.length - 1;
    const canvas = make("canvas", {
      tabindex: 0, role: "application", "aria-describedby": "stage-keys", "data-stage": stage.name,
    });
    const name = stageName(stage.name);
    const shape = stage.outputShape;
    const values = { stage: name, maps: shape[0], height: shape[1], width: shape[2] };
    const key = shape[1] * shape[2] > 1 ? "stages.mapsText" : "stages.vectorText";
    bindText(store, canvas, key, { values, attribute: "aria-label" });
    const figure = createFigure(canvas, {
      shape, last, prototypes: stage.layer.prototypes, labels: loaded.labels, rejectClass: loaded.reject_class,
    });
    const title = name === "output"
      ? bindText(store, make("span", { class: "stage-name" }), "stages.output")
      : make("span", { class: "stage-name" }, name);
    listen(canvas, figure, index);
    const kind = bindText(store, make("span", { class: "stage-kind" }), `kind.${stage.kind}`);
    const activation = stage.activation === "identity" ? [] : [`→ ${stage.activation}`];
    const formulaTexts = [FORMULAS[stage.kind], ...activation];
    const formulas = formulaTexts.map((text) => make("span", { class: "figure-note" }, text));
    const element = frame(canvas, title, shape, kind, ...formulas);
    return { canvas, figure, stage: { ...stage, last, labelLength: longestLabelLength(loaded) }, element };
  }

  function frame(canvas, title, shape, ...notes) {
    return make("figure", { class: "stage" },
      make("figcaption", {}, title, make("span", { class: "figure-note" }, shapeText(shape)), ...notes.filter(Boolean)),
      canvas);
  }

  function listen(canvas, figure, index) {
    const setFocus = (unit, pinned) => store.set({ focus: unit && { shown: position, stage: index, unit, pinned } });
    const under = (event) => {
      const box = canvas.getBoundingClientRect();
      return unitAt(figure.layout, event.clientX - box.left, event.clientY - box.top);
    };
    canvas.addEventListener("pointermove", (event) => {
      if (store.state.focus?.pinned || event.pointerType === "touch") return;
      const unit = under(event);
      if (unit && !isSame(store.state.focus, unit)) setFocus(unit, false);
    });
    canvas.addEventListener("click", (event) => {
      const unit = under(event);
      if (!unit) return;
      const { focus } = store.state;
      setFocus(unit, !(focus?.pinned && isSame(focus, unit)));
    });
    canvas.addEventListener("focus", () => {
      const { focus } = store.state;
      if (canvas.matches(":focus-visible") && !(focus?.shown === position && focus.stage === index)) {
        setFocus(middle(figure, network.stages[index]), false);
      }
    });
    canvas.addEventListener("keydown", (event) => {
      const { focus } = store.state;
      const isHere = focus?.shown === position && focus.stage === index;
      const unit = isHere ? focus.unit : middle(figure, network.stages[index]);
      if (event.key === "Enter" || event.key === " ") setFocus(unit, !(isHere && focus.pinned));
      else {
        const next = stepUnit(figure.layout, network.stages[index].outputShape, unit, event.key);
        if (!next) return;
        setFocus(next, isHere && focus.pinned);
      }
      event.preventDefault();
    });
    function isSame(focus, unit) {
      return focus?.shown === position && focus.stage === index && focus.unit.every((value, axis) => value === unit[axis]);
    }
  }

  function middle(figure, { outputShape: [, height, width] }) {
    return [0, Math.floor(height / 2), Math.floor(width / 2)];
  }

  /** Lays the figures out for the room there is: in one row if they fit, else wrapped. */
  function arrange() {
    const width = element.clientWidth;
    const { isOverview, passes, focus } = store.state;
    const stages = figures.map(({ stage }) => stage);
    if (isOverview && passes[position]) path = followed(passes[position], focus?.shown === position ? focus : null);
    const only = (index) => (isOverview && path ? path[index] : null);
    const lay = (flow, zoom) => stages.map((stage, index) => layOut(stage, { width, flow, zoom, only: only(index) }));
    const caption = isOverview ? MIN_CAPTION : 0;
    const widthOf = (layouts) => layouts.reduce((sum, { width }) => sum + Math.max(width, caption) + ROW_GAP, -ROW_GAP);
    const zooms = isOverview ? OVERVIEW_ZOOMS : ZOOMS;
    const zoom = zooms.find((candidate) => widthOf(lay("row", candidate)) <= width);
    const layouts = lay(zoom ? "row" : "wrap", zoom ?? (isOverview ? WRAPPED_ZOOM : 1));
    row.classList.toggle("is-row", Boolean(zoom));
    figures.forEach(({ figure }, index) => figure.resize(layouts[index]));
    pointed = null;
  }

  /** The maps of the overview: another path only where the unit in focus is on none of them. */
  function followed(pass, focus) {
    if (path && !leaves(focus)) return path;
    const stage = network.stages.findLastIndex(({ outputShape: [, height, width] }) => height * width > 1);
    if (!focus && stage < 0) return null;
    return pathThrough(network, pass, focus ?? { stage, unit: strongestUnit(pass.stages[stage]) });
  }

  const isMaps = (index) => network.stages[index].outputShape[1] * network.stages[index].outputShape[2] > 1;
  const leaves = (focus) => focus && isMaps(focus.stage) && path?.[focus.stage + 1] !== focus.unit[0];

  function update(pass, answer, focus) {
    const currentFocus = focus?.shown === position ? focus : null;
    if (store.state.isOverview && (!path || leaves(currentFocus))) arrange();
    const sources = currentFocus ? sourcesOf(network, currentFocus.stage, currentFocus.unit) : [];
    const highlightedMaps = currentFocus && new Set(sources.map((source) => source.map));
    figures.forEach(({ figure }, index) => {
      const values = index === 0 ? pass.input : pass.stages[index - 1].values;
      const isSource = currentFocus && index === currentFocus.stage && figure.layout.kind === "maps";
      figure.update(values, { highlighted: isSource ? highlightedMaps : null, winner: answer.winner });
    });
    const follows = currentFocus && network.stages[currentFocus.stage].kind === "full_connection";
    if (currentFocus === pointed && !follows) return;
    pointed = currentFocus;
    element.dataset.lit = currentFocus ? [...highlightedMaps].join(" ") : "";
    if (currentFocus) point(currentFocus, sources, pass);
    else links.clear();
  }

  function point(focus, sources, pass) {
    const focused = figures[focus.stage + 1];
    const previous = figures[focus.stage];
    const box = unitBox(focused.figure.layout, focus.unit);
    if (!box) return links.clear();
    const unit = links.toDiagram(focused, box);
    const { kind } = network.stages[focus.stage];
    const { layout } = previous.figure;
    const seesWholeMaps = sources.length > 24 || kind === "full_connection" || kind === "euclidean_rbf";
    const areas = seesWholeMaps && layout.kind !== "maps"
      ? [links.toDiagram(previous, { x: 0, y: 0, width: layout.width, height: layout.height })]
      : sources.flatMap((source) => areaBox(layout, source) ?? []).map((area) => links.toDiagram(previous, area));
    if (kind === "full_connection" && layout.kind === "cells") {
      const { products } = explainUnit(network, pass, focus.stage, focus.unit);
      for (const { index } of products.slice(0, 8)) areas.push(links.toDiagram(previous, layout.boxes[index]));
    }
    const onInput = focus.stage > 0;
    const receptiveField = network.receptiveField(focus.stage, focus.unit);
    const fieldBox = areaBox(figures[0].figure.layout, { map: 0, ...receptiveField });
    const field = onInput ? links.toDiagram(figures[0], fieldBox) : null;
    const [, height, width] = network.stages[focus.stage].outputShape;
    const value = pass.stages[focus.stage].values[(focus.unit[0] * height + focus.unit[1]) * width + focus.unit[2]];
    const isBeside = previous.element.offsetTop === focused.element.offsetTop;
    links.show({ unit, areas, field, label: isMaps(focus.stage) ? number(value) : "", gutter: isBeside ? null : focused.element.offsetTop });
  }

  return { element, arrange, update };
}

/** What is known of a network: how many it misread, of what. */
function storyOf({ description, provenance }) {
  const { test_error: tested, validation_error: validated, data } = provenance;
  if (tested !== null) return ["stages.tested", { values: { error: tested.toFixed(2) } }];
  if (validated !== null) return ["stages.validated", { values: { error: validated.toFixed(2), data: data ?? "" } }];
  return ["stages.untested", { values: { name: description.name } }];
}

/** The classes, the first ones by name. */
function classesOf({ labels }) {
  const names = labels.length > MAX_NAMES ? [...labels.slice(0, MAX_NAMES - 1), "…", labels.at(-1)] : labels;
  return ["stages.classes", { values: { count: labels.length, names: names.join(", ") } }];
}
