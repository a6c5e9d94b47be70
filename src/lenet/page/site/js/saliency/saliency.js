/** What of the drawing speaks for an answer, and what against it: two measures of it, on the drawing itself. */

import { inSlices } from "lenet/robustness/curves.js";
import { inputGradient } from "lenet/saliency/input_gradient.js";
import { COVER, occlude } from "lenet/saliency/occlusion.js";
import { bindText, translate } from "lenet/text.js";
import { drawTile, largest, mountDrawing, whenNear } from "lenet/tour/drawing.js";
import { make } from "lenet/views/elements.js";
import { number } from "lenet/views/numbers.js";

const REST = 140; // milliseconds after the last change
const INK_OVER = { gradient: 0.12, occlusion: 0.45 }; // how strongly the drawing shows through its measure

/**
 * @param {HTMLElement} container
 * @param {Object} store
 */
export function mountSaliency(container, store) {
  const heading = bindText(store, make("h2"), "saliency.title");
  const lead = bindText(store, make("p", { class: "section-text" }), "saliency.text");
  const classes = make("select", { id: "saliency-class", onChange: restart });
  const networks = make("div", { class: "saliency-networks" });
  container.append(
    make("div", { class: "section-head" }, heading, lead),
    make("label", { for: "saliency-class", class: "saliency-choice" },
      bindText(store, make("span"), "saliency.of"), classes),
    networks);
  let shown = [];
  const slices = inSlices(measure, () => shown.forEach((view) => view.draw()));

  function build() {
    const { shown: indexes, networks: all } = store.state;
    const { labels } = all[indexes[0]];
    const selectedClass = Number(classes.value) < labels.length ? classes.value : "";
    classes.replaceChildren(make("option", { value: "" }, translate(store, "saliency.answer")),
      ...labels.map((label, index) => make("option", { value: index }, label)));
    classes.value = selectedClass;
    shown.forEach((view) => view.destroy());
    shown = indexes.map((index) => createPair(store, all[index]));
    networks.replaceChildren(...shown.map(({ element }) => element));
    restart();
  }

  function* measure() {
    const { passes, answers } = store.state;
    for (const [position, view] of shown.entries()) {
      if (!passes[position]) return;
      view.begin(passes[position], classes.value === "" ? answers[position].winner : Number(classes.value));
      yield* view.measure(passes[position]);
    }
  }

  let isNear = false;
  let isDue = true;
  function restart() {
    isDue = !isNear;
    if (isNear) slices.restart(REST);
  }

  store.subscribe(["shown", "language"], build);
  store.subscribe(["passes"], restart);
  store.subscribe(["palette", "fonts"], () => shown.forEach((view) => view.draw()));
  build();
  whenNear(container, (near) => {
    isNear = near;
    if (near && isDue) restart();
  });
}

function createPair(store, loaded) {
  const { network, reject_class: rejectClass } = loaded;
  const [channels, rows, columns] = network.inputShape;
  const area = rows * columns;
  const message = make("p", { class: "saliency-message", "aria-live": "polite" });
  const values = { gradient: new Float32Array(area), occlusion: new Float32Array(area) };
  let input = new Float32Array(channels * area).fill(network.description.input_range[0]);
  let label = 0;
  const tiles = Object.keys(values).map((kind) => {
    const host = make("div");
    const drawing = mountDrawing(host, {
      height: (width) => (width * rows) / columns,
      draw: (context, width, _height, palette) => drawOverlay(context, palette, width, kind),
    });
    drawing.describe(translate(store, `saliency.${kind}`));
    return { drawing, element: make("figure", { class: `saliency-${kind}` }, host,
      make("figcaption", {}, make("b", {}, translate(store, `saliency.${kind}`)), " ",
        translate(store, `saliency.${kind}.text`, { side: COVER }))) };
  });

  function drawOverlay(context, palette, width, kind) {
    const shares = values[kind];
    const rectangle = { rows, columns, x: 1, y: 1, width: width - 2 };
    drawTile(context, palette, shares, { ...rectangle, scale: largest(shares) });
    context.globalCompositeOperation = store.state.palette === "dark" ? "screen" : "multiply";
    context.globalAlpha = INK_OVER[kind];
    drawTile(context, palette, input, { ...rectangle, ink: network.description.input_range });
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
  }

  const sign = network.smallestWins ? -1 : 1;
  const outputOf = (index) => (rejectClass !== null && index >= rejectClass ? index + 1 : index);
  const scoreOf = (outputs) => sign * outputs[outputOf(label)];

  /** Gradient × input at once: one pass back. */
  function begin(pass, selectedLabel) {
    label = selectedLabel;
    input = pass.input;
    const grad = inputGradient(network, pass, outputOf(label));
    const background = Math.fround(network.description.input_range[0]); // as inputs have it: paper times anything is 0
    values.occlusion.fill(0);
    values.gradient.fill(0);
    grad.forEach((pixelGrad, index) => {
      values.gradient[index % area] += sign * pixelGrad * (input[index] - background);
    });
  }

  function draw() {
    const steepestIndex = values.occlusion.reduce(
      (best, fall, index) => (fall > values.occlusion[best] ? index : best), 0);
    message.textContent = values.occlusion[steepestIndex] > 0 ? translate(store, "saliency.message", {
      label: loaded.labels[label], fall: number(values.occlusion[steepestIndex]), row: Math.floor(steepestIndex / columns),
      column: steepestIndex % columns, score: number(sign * scoreOf(store.state.passes.find((pass) => pass.input === input)?.outputs
        ?? network.run(input).outputs)),
    }) : store.state.image ? "" : translate(store, "answers.nothing");
    tiles.forEach(({ drawing }) => drawing.redraw());
  }

  return {
    element: make("div", { class: "saliency-network" }, make("h3", { class: "network-name" }, loaded.title),
      make("div", { class: "saliency-pair" }, ...tiles.map(({ element }) => element)), message),
    begin,
    draw,
    destroy: () => tiles.forEach(({ drawing }) => drawing.destroy()),
    measure: (pass) => occlude(network, pass.input, scoreOf, values.occlusion),
  };
}
