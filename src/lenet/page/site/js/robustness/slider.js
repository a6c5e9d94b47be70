/** One slider with its name, its value, its plot of answers, and its range in words. */

import { emptyCurve, measure } from "lenet/robustness/curves.js";
import { drawPlot, INSET, plotHeight } from "lenet/robustness/plot.js";
import { UNCHANGED } from "lenet/store.js";
import { mountDrawing } from "lenet/tour/drawing.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { number } from "lenet/views/numbers.js";

const UNITS = {
  shiftX: (value) => `${signed(value, 1)} px`,
  shiftY: (value) => `${signed(value, 1)} px`,
  rotation: (value) => `${signed(value, 0)}°`,
  scale: (value) => `×${number(value, 2)}`,
  thickness: (value) => `${signed(value, 1)} px`,
  noise: (value) => `${number(100 * value, 0)} %`,
};

/** A slider's value with its unit: "+60°". */
export const shownValue = (key, value) => UNITS[key](value);

function signed(value, decimals) {
  const digits = Number.isInteger(value) ? 0 : decimals;
  return (value > 0 ? "+" : "") + number(value, digits);
}

/**
 * @param {object} store
 * @param {object} slider one of SLIDERS
 * @returns {{element: HTMLElement, follow: () => void, draw: () => void, expire: () => void, measure: Function}}
 */
export function makeRow(store, slider) {
  const { key } = slider;
  const show = UNITS[key];
  const name = make("span", { class: "robustness-name" });
  const value = make("output", { class: "robustness-value" });
  const id = `robustness-${key}`;
  const input = make("input", { type: "range", id, min: slider.minimum, max: slider.maximum, step: slider.step,
    "data-change": key });
  const undo = make("button", { type: "button", class: "robustness-undo" }, "↺");
  undo.addEventListener("click", () => change(UNCHANGED[key]));
  const host = make("div", { class: "robustness-plot" });
  const ranges = make("p", { class: "robustness-ranges" });
  let curves = [];
  let measured = [];
  let drawnValue = null;
  let isStale = true;
  let isEmpty = !store.state.reading?.image;
  const drawing = mountDrawing(host, {
    height: () => plotHeight(store.state.shown.length),
    draw: (context, width, _height, palette) => drawPlot(context, palette, width, {
      slider, value: store.state.changes[key], isStale,
      curves: store.state.shown.map((_, position) => curves[position]),
      digits: digitColors(host), labels: store.state.networks[store.state.shown[0]].labels,
    }),
  });

  function change(to) {
    store.set({ changes: { ...store.state.changes, [key]: to } });
  }

  function follow() {
    const current = store.state.changes[key];
    if (Number(input.value) !== current) input.value = current;
    value.value = show(current);
    input.setAttribute("aria-valuetext", show(current));
    name.textContent = phrase(store, `robustness.${key}`);
    undo.setAttribute("aria-label", phrase(store, "robustness.resetOne", { name: name.textContent }));
    undo.disabled = current === UNCHANGED[key];
    if (current !== drawnValue) drawing.redraw();
    drawnValue = current;
  }

  function updateRanges() {
    const { networks, shown } = store.state;
    const sentences = shown.map((index, position) => rangeText(store, slider, curves[position]));
    ranges.replaceChildren(...sentences.map((sentence, position) => make("span", {},
      ...(shown.length > 1 ? [make("b", {}, `${networks[shown[position]].title} `)] : []), sentence)));
    const label = shown.map((index, position) => phrase(store, "robustness.curve", {
      name: name.textContent, network: networks[index].title, range: sentences[position],
      answer: curves[position] ? networks[index].labels[curves[position].answer.winner] : "",
    }));
    drawing.describe(label.join(". "));
  }

  input.addEventListener("input", () => change(Number(input.value)));
  drawing.canvas.addEventListener("click", (event) => {
    const share = (event.offsetX - INSET) / (drawing.canvas.clientWidth - 2 * INSET);
    const steps = Math.round((Math.max(0, Math.min(1, share)) * (slider.maximum - slider.minimum)) / slider.step);
    change(Math.round((slider.minimum + steps * slider.step) * 1000) / 1000);
  });
  return {
    element: make("div", { class: "robustness-row" },
      make("div", { class: "robustness-title" }, make("label", { for: id }, name), value, undo), host, input, ranges),
    follow,
    draw: () => {
      updateRanges();
      drawing.redraw();
    },
    expire: () => {
      const wasStale = isStale;
      isStale = store.state.reading?.image !== measured[0];
      if (isEmpty !== !store.state.reading?.image) {
        isEmpty = !isEmpty;
        updateRanges();
      }
      if (isStale !== wasStale) drawing.redraw();
    },
    * measure(loadeds, unchanged, image, changes) {
      const otherChanges = JSON.stringify({ ...changes, [key]: null });
      const inputs = [image, otherChanges, ...loadeds];
      const isSame = inputs.length === measured.length && inputs.every((input, index) => input === measured[index]);
      const next = isSame ? curves : unchanged.map(emptyCurve);
      for (const [position, loaded] of loadeds.entries()) {
        yield* measure({ loaded, image, changes, slider }, next[position]);
      }
      curves = next;
      measured = inputs;
      isStale = false;
    },
  };
}

function rangeText(store, slider, curve) {
  if (!store.state.reading?.image) return "–";
  if (!curve?.isDone) return phrase(store, "robustness.working");
  if (!curve.answer.accepted) return phrase(store, "robustness.unsure");
  if (curve.from === null) return phrase(store, "robustness.never");
  if (curve.from === slider.minimum && curve.to === slider.maximum) return phrase(store, "robustness.always");
  const show = UNITS[slider.key];
  return phrase(store, "robustness.range", { from: show(curve.from), to: show(curve.to) });
}

function digitColors(element) {
  const style = getComputedStyle(element);
  return Array.from({ length: 10 }, (_, digit) => style.getPropertyValue(`--digit-${digit}`).trim());
}
