/**
 * A convolution as it is worked out: the patch, the kernel, their products one by one, the running sum, the bias, the
 * activation, and the output map filling up unit by unit.
 */

import { createWorked } from "lenet/convolution/arithmetic.js";
import { drawWorked, layOut } from "lenet/convolution/picture.js";
import { mountDrawing } from "lenet/tour/drawing.js";
import { unitIndex } from "lenet/tour/roles.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { number, stageName } from "lenet/views/numbers.js";

const SLOWEST = 1;
const FASTEST = 20000;
const FRAME_BUDGET = 8;

/**
 * @param {HTMLElement} container
 * @param {object} store
 * @param {{shown: number, stage: number, unit: number[]}} options which of the shown networks, which convolution, and
 *   the unit to begin with; the whole map of that unit is worked out
 * @returns {{worked: Worked, seek: (tick: number) => void, show: (unit: number[]) => void, destroy: () => void}}
 */
export function mountConvolution(container, store, { shown, stage, unit }) {
  const loaded = store.state.networks[store.state.shown[shown]];
  const { network } = loaded;
  const layer = network.stages[stage];
  const [, rows, columns] = layer.outputShape;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let map = unit[0];
  let requested = unit;
  let worked = null;
  let tick = 0;
  let rate = 6;
  let last = null;
  let frame = 0;

  const root = make("div", { class: "convolution" });
  const canvasHost = make("div", { class: "convolution-picture" });
  const line = make("p", { class: "convolution-sum" });
  const button = (name, run) => make("button", { type: "button", class: "quiet", "data-act": name, onClick: run });
  const buttons = {
    restart: button("restart", () => halt(0)),
    play: button("play", () => (last === null ? play() : pause())),
    product: button("product", () => halt(tick + 1)),
    unit: button("unit", () => halt((Math.floor(tick / worked.ticks) + 1) * worked.ticks)),
    end: button("end", () => halt(worked.total)),
  };
  const speed = make("input", { type: "range", min: 0, max: 100, step: 1, value: 18, "data-act": "speed" });
  const positionSlider = make("input", { type: "range", min: 0, step: 1, "data-act": "place" });
  const names = { speed: make("span"), place: make("span") };
  const readings = { speed: make("output"), place: make("output") };
  root.append(
    canvasHost,
    line,
    make("div", { class: "convolution-buttons", role: "group" }, ...Object.values(buttons)),
    make("label", { class: "convolution-slider" }, names.speed, speed, readings.speed),
    make("label", { class: "convolution-slider" }, names.place, positionSlider, readings.place),
  );
  container.append(root);
  const sheet = mountDrawing(canvasHost, { height: (width) => layOut(width, worked).height, draw });

  const position = () => worked.positionAt(tick);
  const unitShown = () => [map, Math.floor(position() / columns), position() % columns];

  function renew() {
    const pass = store.state.passes?.[shown];
    if (!pass) return;
    worked = createWorked(network, pass, stage, map);
    positionSlider.max = rows * columns;
    refresh();
  }

  function play() {
    if (tick >= worked.total) tick = 0;
    last = performance.now();
    frame = requestAnimationFrame(step);
    refresh();
  }

  function pause() {
    last = null;
    cancelAnimationFrame(frame);
    refresh();
  }

  let pendingTicks = 0;
  function step(now) {
    pendingTicks += ((now - last) / 1000) * rate;
    last = now;
    const target = Math.min(worked.total, tick + Math.floor(pendingTicks));
    pendingTicks -= Math.floor(pendingTicks);
    const until = performance.now() + FRAME_BUDGET;
    while (tick < target && performance.now() < until) {
      tick = Math.min(target, tick + worked.ticks);
      worked.valueAt(Math.max(0, position() - 1));
    }
    refresh();
    if (tick >= worked.total) pause();
    else frame = requestAnimationFrame(step);
  }

  /** Stops at a tick and shows its unit everywhere on the page. */
  function halt(target) {
    pause();
    seek(target);
    requested = unitShown();
    store.set({ focus: { shown, stage, unit: requested, pinned: true } });
  }

  function seek(target) {
    tick = Math.max(0, Math.min(worked.total, target));
    refresh();
  }

  function refresh() {
    if (!worked) return;
    const state = worked.stateAt(tick);
    line.replaceChildren(...sentence(store, layer, state, worked));
    positionSlider.value = Math.floor(tick / worked.ticks);
    readings.place.value = `${positionSlider.value} / ${rows * columns}`;
    positionSlider.setAttribute("aria-valuetext", readings.place.value);
    readings.speed.value = phrase(store, "convolution.rate", { rate: Math.round(rate).toLocaleString("en") });
    speed.setAttribute("aria-valuetext", readings.speed.value);
    names.speed.textContent = phrase(store, "convolution.speed");
    names.place.textContent = phrase(store, "convolution.place");
    for (const [name, element] of Object.entries(buttons)) {
      const key = name === "play" && last !== null ? "pause" : name;
      element.textContent = phrase(store, `convolution.${key}`);
    }
    const [, row, column] = unitShown();
    sheet.describe(phrase(store, "convolution.label", {
      stage: stageName(layer.name), map, row, column, value: number(worked.valueAt(position())),
    }));
    root.dataset.tick = tick;
    sheet.redraw();
  }

  function draw(context, width, _height, palette) {
    if (worked) drawWorked(context, palette, layOut(width, worked), worked.stateAt(tick), worked, store, layer);
  }

  function show(next) {
    if (unitIndex(layer.outputShape, next) === unitIndex(layer.outputShape, requested)) return;
    requested = next;
    if (next[0] !== map) {
      map = next[0];
      renew();
    }
    pause();
    seek((next[1] * columns + next[2] + 1) * worked.ticks);
  }

  speed.addEventListener("input", () => {
    rate = SLOWEST * (FASTEST / SLOWEST) ** (speed.value / 100);
    refresh();
  });
  positionSlider.addEventListener("input", () => halt(positionSlider.value * worked.ticks));
  const unsubscribe = [
    store.subscribe(["passes"], renew),
    store.subscribe(["language", "theme"], refresh),
  ];
  renew();
  if (worked) {
    seek((unit[1] * columns + unit[2]) * worked.ticks + (calm ? worked.ticks : 0));
    if (!calm) play();
  }
  return {
    get worked() { return worked; },
    seek,
    show,
    destroy: () => {
      cancelAnimationFrame(frame);
      unsubscribe.forEach((end) => end());
      sheet.destroy();
      root.remove();
    },
  };
}

function sentence(store, layer, state, worked) {
  const { done, factors, current, sum, bias, value } = state;
  const part = (key, values) => make("span", {}, phrase(store, `convolution.${key}`, values));
  if (done === 0) return [part("begin", { count: worked.products })];
  const sumSoFar = part("sum", { sum: number(sum) });
  if (done <= worked.products) {
    const [input, weight] = factors[current];
    const values = { index: done, count: worked.products, input: number(input), weight: number(weight) };
    return [part("step", { ...values, product: number(input * weight) }), sumSoFar];
  }
  if (done === worked.products + 1) return [part("bias", { bias: number(bias) }), sumSoFar];
  return [part(`activation.${layer.activation}`, { sum: number(sum), value: number(value) })];
}
