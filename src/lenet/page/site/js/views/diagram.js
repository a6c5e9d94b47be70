/** One network as a row of figures, input to output, each with its name, and the links of the unit in focus. */

import { explainUnit, sourcesOf } from "lenet/units.js";
import { say } from "lenet/text.js";
import { make } from "lenet/views/elements.js";
import { createFigure, lettersOf } from "lenet/views/figure.js";
import { areaBox, layOut, unitAt, unitBox } from "lenet/views/layout.js";
import { createLinks } from "lenet/views/links.js";
import { shapeText, stageName } from "lenet/views/numbers.js";
import { stepUnit } from "lenet/views/walking.js";

const ROW_GAP = 30;

export function createDiagram(store, loaded, place) {
  const { network } = loaded;
  const row = make("div", { class: "figures" });
  const element = make("article", { class: "network" },
    make("h3", { class: "network-name" }, loaded.title, say(store, make("span"), ...storyOf(loaded))), row);
  const figures = [inputFigure(), ...network.stages.map(stageFigure)];
  row.append(...figures.map((figure) => figure.element));
  const links = createLinks(row);
  let pointed = null;

  function inputFigure() {
    const canvas = make("canvas", { role: "img" });
    say(store, canvas, "stages.inputText", { attribute: "aria-label" });
    const shape = network.inputShape;
    const figure = createFigure(canvas, { shape, range: network.description.input_range });
    const title = say(store, make("span", { class: "stage-name" }), "stages.input");
    return { canvas, figure, stage: { kind: "input", outputShape: shape }, element: frame(canvas, title, shape, null) };
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
    say(store, canvas, key, { values, attribute: "aria-label" });
    const figure = createFigure(canvas, {
      shape, last, prototypes: stage.layer.prototypes, labels: loaded.labels, refusal: loaded.refusal,
    });
    const title = name === "output"
      ? say(store, make("span", { class: "stage-name" }), "stages.output")
      : make("span", { class: "stage-name" }, name);
    listen(canvas, figure, index);
    const kind = say(store, make("span", { class: "stage-kind" }), `kind.${stage.kind}`);
    return { canvas, figure, stage: { ...stage, last, letters: lettersOf(loaded) }, element: frame(canvas, title, shape, kind) };
  }

  function frame(canvas, title, shape, kind) {
    return make("figure", { class: "stage" },
      make("figcaption", {}, title, make("span", { class: "figure-note" }, shapeText(shape)), kind ?? ""),
      canvas);
  }

  function listen(canvas, figure, index) {
    const setFocus = (unit, pinned) => store.set({ focus: unit && { shown: place, stage: index, unit, pinned } });
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
      if (canvas.matches(":focus-visible") && !(focus?.shown === place && focus.stage === index)) {
        setFocus(middle(figure, network.stages[index]), false);
      }
    });
    canvas.addEventListener("keydown", (event) => {
      const { focus } = store.state;
      const isHere = focus?.shown === place && focus.stage === index;
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
      return focus?.shown === place && focus.stage === index && focus.unit.every((value, axis) => value === unit[axis]);
    }
  }

  function middle(figure, { outputShape: [, height, width] }) {
    return [0, Math.floor(height / 2), Math.floor(width / 2)];
  }

  /** Lays the figures out for the room there is: in one row if they fit, else wrapped. */
  function arrange() {
    const width = element.clientWidth;
    const stages = figures.map(({ stage }) => stage);
    const lay = (flow, zoom) => stages.map((stage) => layOut(stage, { width, flow, zoom }));
    const widthOf = (layouts) => layouts.reduce((sum, layout) => sum + layout.width + ROW_GAP, -ROW_GAP);
    const zooms = [1.6, 1.45, 1.3, 1.2, 1.1, 1, 0.93, 0.88];
    const zoom = zooms.find((candidate) => widthOf(lay("row", candidate)) <= width);
    const layouts = lay(zoom ? "row" : "wrap", zoom ?? 1);
    row.classList.toggle("is-row", Boolean(zoom));
    figures.forEach(({ figure }, index) => figure.resize(layouts[index]));
    pointed = null;
  }

  function update(pass, answer, focus) {
    const currentFocus = focus?.shown === place ? focus : null;
    const sources = currentFocus ? sourcesOf(network, currentFocus.stage, currentFocus.unit) : [];
    const litMaps = currentFocus && new Set(sources.map((source) => source.map));
    figures.forEach(({ figure }, index) => {
      const values = index === 0 ? pass.input : pass.stages[index - 1].values;
      const isSource = currentFocus && index === currentFocus.stage && figure.layout.form === "maps";
      figure.update(values, { lit: isSource ? litMaps : null, winner: answer.winner });
    });
    const follows = currentFocus && network.stages[currentFocus.stage].kind === "full_connection";
    if (currentFocus === pointed && !follows) return;
    pointed = currentFocus;
    element.dataset.lit = currentFocus ? [...litMaps].join(" ") : "";
    if (currentFocus) point(currentFocus, sources, pass);
    else links.clear();
  }

  function point(focus, sources, pass) {
    const focused = figures[focus.stage + 1];
    const previous = figures[focus.stage];
    const unit = links.toDiagram(focused, unitBox(focused.figure.layout, focus.unit));
    const { kind } = network.stages[focus.stage];
    const { layout } = previous.figure;
    const isWhole = sources.length > 24 || kind === "full_connection" || kind === "euclidean_rbf";
    const areas = isWhole && layout.form !== "maps"
      ? [links.toDiagram(previous, { x: 0, y: 0, width: layout.width, height: layout.height })]
      : sources.map((source) => links.toDiagram(previous, areaBox(layout, source)));
    if (kind === "full_connection" && layout.form === "cells") {
      const { products } = explainUnit(network, pass, focus.stage, focus.unit);
      for (const { index } of products.slice(0, 8)) areas.push(links.toDiagram(previous, layout.maps[index]));
    }
    const onInput = focus.stage > 0;
    const receptiveField = network.receptiveField(focus.stage, focus.unit);
    const fieldBox = areaBox(figures[0].figure.layout, { map: 0, ...receptiveField });
    const field = onInput ? links.toDiagram(figures[0], fieldBox) : null;
    links.show({ unit, areas, field });
  }

  return { element, arrange, update };
}

function storyOf({ description, provenance }) {
  const error = provenance?.test_error;
  if (error === null || error === undefined) return ["stages.untested", { values: { name: description.name } }];
  return ["stages.tested", { values: { error: error.toFixed(2) } }];
}
