/**
 * The animation of a convolution: the patch, the kernel, their products one by one, the running sum, the bias, the
 * activation, and the output map filling up unit by unit.
 */

import { createTrace } from "lenet/convolution/arithmetic.js";
import { drawTrace, layOut } from "lenet/convolution/picture.js";
import { mountDrawing } from "lenet/tour/drawing.js";
import { unitIndex } from "lenet/tour/roles.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { formatNumber, stageName } from "lenet/views/numbers.js";

const MIN_TICKS_PER_SECOND = 1;
const MAX_TICKS_PER_SECOND = 20000;
const FRAME_BUDGET_MS = 8;

/**
 * @param {HTMLElement} container
 * @param {object} store
 * @param {{position: number, stageIndex: number, unit: number[]}} focus the convolution, as in the store's `focus`, and
 *   the unit to begin with; the whole map of that unit is worked out
 * @returns {{trace: ?ConvolutionTrace, seek: (tick: number) => void, show: (unit: number[]) => void, destroy: () =>
 *     void}}
 */
export function mountConvolution(container, store, { position, stageIndex, unit }) {
  const { network } = store.state.models[store.state.shownIndexes[position]];
  const stage = network.stages[stageIndex];
  const [, rows, columns] = stage.outputShape;
  const prefersReducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let map = unit[0];
  let requestedUnit = unit;
  let trace = null;
  let tick = 0;
  let ticksPerSecond = 6;
  let lastFrameTime = null; // null while paused
  let frameRequest = 0;

  const root = make("div", { class: "convolution" });
  const canvasHost = make("div", { class: "convolution-picture" });
  const sumLine = make("p", { class: "convolution-sum" });
  const button = (name, run) => make("button", { type: "button", class: "quiet", "data-act": name, onClick: run });
  const buttons = {
    restart: button("restart", () => pauseAt(0)),
    play: button("play", () => (lastFrameTime === null ? play() : pause())),
    product: button("product", () => pauseAt(tick + 1)),
    unit: button("unit", () => pauseAt((Math.floor(tick / trace.ticksPerUnit) + 1) * trace.ticksPerUnit)),
    end: button("end", () => pauseAt(trace.totalTicks)),
  };
  const speed = make("input", { type: "range", min: 0, max: 100, step: 1, value: 18, "data-act": "speed" });
  const positionSlider = make("input", { type: "range", min: 0, step: 1, "data-act": "place" });
  const sliderNames = { speed: make("span"), place: make("span") };
  const sliderOutputs = { speed: make("output"), place: make("output") };
  root.append(
    canvasHost,
    sumLine,
    make("div", { class: "convolution-buttons", role: "group" }, ...Object.values(buttons)),
    make("label", { class: "convolution-slider" }, sliderNames.speed, speed, sliderOutputs.speed),
    make("label", { class: "convolution-slider" }, sliderNames.place, positionSlider, sliderOutputs.place),
  );
  container.append(root);
  const drawing = mountDrawing(canvasHost, { height: (width) => layOut(width, trace).height, draw });

  const indexInMap = () => trace.indexInMapAt(tick);
  const currentUnit = () => [map, Math.floor(indexInMap() / columns), indexInMap() % columns];

  /** Traces the map anew, from the current pass. */
  function retrace() {
    const pass = store.state.passes?.[position];
    if (!pass) return;
    trace = createTrace(network, pass, stageIndex, map);
    positionSlider.max = rows * columns;
    refresh();
  }

  function play() {
    if (tick >= trace.totalTicks) tick = 0;
    lastFrameTime = performance.now();
    frameRequest = requestAnimationFrame(advance);
    refresh();
  }

  function pause() {
    lastFrameTime = null;
    cancelAnimationFrame(frameRequest);
    refresh();
  }

  let pendingTicks = 0;
  function advance(now) {
    pendingTicks += ((now - lastFrameTime) / 1000) * ticksPerSecond;
    lastFrameTime = now;
    const target = Math.min(trace.totalTicks, tick + Math.floor(pendingTicks));
    pendingTicks -= Math.floor(pendingTicks);
    const until = performance.now() + FRAME_BUDGET_MS;
    while (tick < target && performance.now() < until) {
      tick = Math.min(target, tick + trace.ticksPerUnit);
      trace.valueAt(Math.max(0, indexInMap() - 1));
    }
    refresh();
    if (tick >= trace.totalTicks) pause();
    else frameRequest = requestAnimationFrame(advance);
  }

  /** Stops at a tick and shows its unit everywhere on the page. */
  function pauseAt(target) {
    pause();
    seek(target);
    requestedUnit = currentUnit();
    store.set({ focus: { position, stageIndex, unit: requestedUnit, isPinned: true } });
  }

  function seek(target) {
    tick = Math.max(0, Math.min(trace.totalTicks, target));
    refresh();
  }

  function refresh() {
    if (!trace) return;
    const state = trace.stateAt(tick);
    sumLine.replaceChildren(...sumSentences(store, stage, state, trace));
    positionSlider.value = Math.floor(tick / trace.ticksPerUnit);
    sliderOutputs.place.value = `${positionSlider.value} / ${rows * columns}`;
    positionSlider.setAttribute("aria-valuetext", sliderOutputs.place.value);
    sliderOutputs.speed.value = chapterText(store, "convolution.rate",
      { rate: Math.round(ticksPerSecond).toLocaleString("en") });
    speed.setAttribute("aria-valuetext", sliderOutputs.speed.value);
    sliderNames.speed.textContent = chapterText(store, "convolution.speed");
    sliderNames.place.textContent = chapterText(store, "convolution.place");
    for (const [name, element] of Object.entries(buttons)) {
      const key = name === "play" && lastFrameTime !== null ? "pause" : name;
      element.textContent = chapterText(store, `convolution.${key}`);
    }
    const [, row, column] = currentUnit();
    drawing.describe(chapterText(store, "convolution.label", {
      stage: stageName(stage.name), map, row, column, value: formatNumber(trace.valueAt(indexInMap())),
    }));
    root.dataset.tick = tick;
    drawing.redraw();
  }

  function draw(context, width, _height, palette) {
    if (trace) drawTrace(context, palette, layOut(width, trace), trace.stateAt(tick), trace, store, stage);
  }

  function show(next) {
    if (unitIndex(stage.outputShape, next) === unitIndex(stage.outputShape, requestedUnit)) return;
    requestedUnit = next;
    if (next[0] !== map) {
      map = next[0];
      retrace();
    }
    pause();
    seek((next[1] * columns + next[2] + 1) * trace.ticksPerUnit);
  }

  speed.addEventListener("input", () => {
    ticksPerSecond = MIN_TICKS_PER_SECOND * (MAX_TICKS_PER_SECOND / MIN_TICKS_PER_SECOND) ** (speed.value / 100);
    refresh();
  });
  positionSlider.addEventListener("input", () => pauseAt(positionSlider.value * trace.ticksPerUnit));
  const unsubscribe = [
    store.subscribe(["passes"], retrace),
    store.subscribe(["language", "theme"], refresh),
  ];
  retrace();
  if (trace) {
    seek((unit[1] * columns + unit[2]) * trace.ticksPerUnit + (prefersReducedMotion ? trace.ticksPerUnit : 0));
    if (!prefersReducedMotion) play();
  }
  return {
    get trace() { return trace; },
    seek,
    show,
    destroy: () => {
      cancelAnimationFrame(frameRequest);
      unsubscribe.forEach((end) => end());
      drawing.destroy();
      root.remove();
    },
  };
}

function sumSentences(store, stage, state, trace) {
  const { ticksDone, factors, currentProduct, sum, bias, value } = state;
  const part = (key, values) => make("span", {}, chapterText(store, `convolution.${key}`, values));
  if (ticksDone === 0) return [part("begin", { count: trace.productsPerUnit })];
  const sumSoFar = part("sum", { sum: formatNumber(sum) });
  if (ticksDone <= trace.productsPerUnit) {
    const [input, weight] = factors[currentProduct];
    const values = { index: ticksDone, count: trace.productsPerUnit, input: formatNumber(input),
      weight: formatNumber(weight) };
    return [part("step", { ...values, product: formatNumber(input * weight) }), sumSoFar];
  }
  if (ticksDone === trace.productsPerUnit + 1) return [part("bias", { bias: formatNumber(bias) }), sumSoFar];
  return [part(`activation.${stage.activation}`, { sum: formatNumber(sum), value: formatNumber(value) })];
}
