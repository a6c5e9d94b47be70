/** Two saliency maps of the drawing for a class: gradient × input, and occlusion. */

import { runInSlices } from "lenet/robustness/curves.js";
import { inputGradient } from "lenet/saliency/input_gradient.js";
import { SQUARE_SIDE, occlude } from "lenet/saliency/occlusion.js";
import { bindText, translate } from "lenet/text.js";
import { drawTile, maxAbsOrOne, mountDrawing, whenNear } from "lenet/tour/drawing.js";
import { make } from "lenet/views/elements.js";
import { formatNumber } from "lenet/views/numbers.js";

const REST_MS = 140; // milliseconds after the last change
const INK_OPACITY = { gradient: 0.12, occlusion: 0.45 }; // how strongly the drawing shows through each map

/**
 * @param {HTMLElement} container
 * @param {Object} store
 */
export function mountSaliency(container, store) {
  const heading = bindText(store, make("h2"), "saliency.title");
  const lead = bindText(store, make("p", { class: "section-text" }), "saliency.text");
  const classSelect = make("select", { id: "saliency-class", onChange: restart });
  const networksElement = make("div", { class: "saliency-networks" });
  container.append(
    make("div", { class: "section-head" }, heading, lead),
    make("label", { for: "saliency-class", class: "saliency-choice" },
      bindText(store, make("span"), "saliency.of"), classSelect),
    networksElement);
  let pairs = [];
  const slices = runInSlices(measure, () => pairs.forEach((pair) => pair.draw()));

  function build() {
    const { shownIndexes, models } = store.state;
    const { labels } = models[shownIndexes[0]];
    const selectedClass = Number(classSelect.value) < labels.length ? classSelect.value : "";
    classSelect.replaceChildren(make("option", { value: "" }, translate(store, "saliency.answer")),
      ...labels.map((label, index) => make("option", { value: index }, label)));
    classSelect.value = selectedClass;
    pairs.forEach((pair) => pair.destroy());
    pairs = shownIndexes.map((index) => createPair(store, models[index]));
    networksElement.replaceChildren(...pairs.map(({ element }) => element));
    restart();
  }

  function* measure() {
    const { passes, answers } = store.state;
    for (const [position, pair] of pairs.entries()) {
      if (!passes[position]) return;
      const target = classSelect.value === "" ? answers[position].predictedClass : Number(classSelect.value);
      pair.setTarget(passes[position], target);
      yield* pair.measure(passes[position]);
    }
  }

  let isNear = false;
  let needsMeasuring = true;
  function restart() {
    needsMeasuring = !isNear;
    if (isNear) slices.restart(REST_MS);
  }

  store.subscribe(["shownIndexes", "language"], build);
  store.subscribe(["passes"], restart);
  store.subscribe(["palette", "fonts"], () => pairs.forEach((pair) => pair.draw()));
  build();
  whenNear(container, (isNowNear) => {
    isNear = isNowNear;
    if (isNowNear && needsMeasuring) restart();
  });
}

function createPair(store, model) {
  const { network, reject_class: rejectClass } = model;
  const [channels, rows, columns] = network.inputShape;
  const area = rows * columns;
  const message = make("p", { class: "saliency-message", "aria-live": "polite" });
  const attributions = { gradient: new Float32Array(area), occlusion: new Float32Array(area) };
  let input = new Float32Array(channels * area).fill(network.description.input_range[0]);
  let classIndex = 0;
  const tiles = Object.keys(attributions).map((kind) => {
    const host = make("div");
    const drawing = mountDrawing(host, {
      height: (width) => (width * rows) / columns,
      draw: (context, width, _height, palette) => drawOverlay(context, palette, width, kind),
    });
    drawing.describe(translate(store, `saliency.${kind}`));
    return { drawing, element: make("figure", { class: `saliency-${kind}` }, host,
      make("figcaption", {}, make("b", {}, translate(store, `saliency.${kind}`)), " ",
        translate(store, `saliency.${kind}.text`, { side: SQUARE_SIDE }))) };
  });

  function drawOverlay(context, palette, width, kind) {
    const values = attributions[kind];
    const tile = { rows, columns, x: 1, y: 1, width: width - 2 };
    drawTile(context, palette, values, { ...tile, scale: maxAbsOrOne(values) });
    context.globalCompositeOperation = store.state.palette === "dark" ? "screen" : "multiply";
    context.globalAlpha = INK_OPACITY[kind];
    drawTile(context, palette, input, { ...tile, ink: network.description.input_range });
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
  }

  const sign = network.smallestWins ? -1 : 1;
  const outputOf = (index) => (rejectClass !== null && index >= rejectClass ? index + 1 : index);
  const scoreOf = (outputs) => sign * outputs[outputOf(classIndex)];

  /** Chooses pass and class; computes gradient × input at once, by one backward pass, and clears the occlusion map. */
  function setTarget(pass, nextClassIndex) {
    classIndex = nextClassIndex;
    input = pass.input;
    const grad = inputGradient(network, pass, outputOf(classIndex));
    const background = Math.fround(network.description.input_range[0]); // rounded as in inputs, so that paper gives 0
    attributions.occlusion.fill(0);
    attributions.gradient.fill(0);
    grad.forEach((pixelGrad, index) => {
      attributions.gradient[index % area] += sign * pixelGrad * (input[index] - background);
    });
  }

  function draw() {
    const maxDropIndex = attributions.occlusion.reduce(
      (best, drop, index) => (drop > attributions.occlusion[best] ? index : best), 0);
    message.textContent = attributions.occlusion[maxDropIndex] > 0 ? translate(store, "saliency.message", {
      label: model.labels[classIndex], fall: formatNumber(attributions.occlusion[maxDropIndex]),
      row: Math.floor(maxDropIndex / columns), column: maxDropIndex % columns,
      score: formatNumber(sign * scoreOf(store.state.passes.find((pass) => pass.input === input)?.outputs
        ?? network.run(input).outputs)),
    }) : store.state.image ? "" : translate(store, "answers.nothing");
    tiles.forEach(({ drawing }) => drawing.redraw());
  }

  return {
    element: make("div", { class: "saliency-network" }, make("h3", { class: "network-name" }, model.title),
      make("div", { class: "saliency-pair" }, ...tiles.map(({ element }) => element)), message),
    setTarget,
    draw,
    destroy: () => tiles.forEach(({ drawing }) => drawing.destroy()),
    measure: (pass) => occlude(network, pass.input, scoreOf, attributions.occlusion),
  };
}
