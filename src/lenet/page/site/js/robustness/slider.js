/** One slider with its name, its value, its plot of answers, and the range in which the answer stays, as text. */

import { emptyCurve, measure } from "lenet/robustness/curves.js";
import { drawPlot, TRACK_INSET, plotHeight } from "lenet/robustness/plot.js";
import { UNCHANGED } from "lenet/store.js";
import { mountDrawing } from "lenet/tour/drawing.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { formatNumber } from "lenet/views/numbers.js";

const FORMATS = {
  shiftX: (value) => `${signedText(value, 1)} px`,
  shiftY: (value) => `${signedText(value, 1)} px`,
  rotation: (value) => `${signedText(value, 0)}°`,
  scale: (value) => `×${formatNumber(value, 2)}`,
  thickness: (value) => `${signedText(value, 1)} px`,
  noise: (value) => `${formatNumber(100 * value, 0)} %`,
};

/** A slider's value with its unit: "+60°". */
export const sliderText = (key, value) => FORMATS[key](value);

function signedText(value, decimals) {
  const digits = Number.isInteger(value) ? 0 : decimals;
  return (value > 0 ? "+" : "") + formatNumber(value, digits);
}

/**
 * @param {object} store
 * @param {object} slider one of SLIDERS
 * @returns {{element: HTMLElement, update: () => void, draw: () => void, markStale: () => void, measure: Function}}
 */
export function createSliderRow(store, slider) {
  const { key } = slider;
  const format = FORMATS[key];
  const name = make("span", { class: "robustness-name" });
  const value = make("output", { class: "robustness-value" });
  const id = `robustness-${key}`;
  const input = make("input", { type: "range", id, min: slider.minimum, max: slider.maximum, step: slider.step,
    "data-change": key });
  const undo = make("button", { type: "button", class: "robustness-undo" }, "↺");
  undo.addEventListener("click", () => setValue(UNCHANGED[key]));
  const host = make("div", { class: "robustness-plot" });
  const ranges = make("p", { class: "robustness-ranges" });
  let curves = [];
  let measuredInputs = [];
  let drawnValue = null;
  let isStale = true;
  let isEmpty = !store.state.reading?.image;
  const drawing = mountDrawing(host, {
    height: () => plotHeight(store.state.shownIndexes.length),
    draw: (context, width, _height, palette) => drawPlot(context, palette, width, {
      slider, value: store.state.changes[key], isStale,
      curves: store.state.shownIndexes.map((_, position) => curves[position]),
      labelColors: labelColors(host), labels: store.state.models[store.state.shownIndexes[0]].labels,
    }),
  });

  function setValue(to) {
    store.set({ changes: { ...store.state.changes, [key]: to } });
  }

  function update() {
    const current = store.state.changes[key];
    if (Number(input.value) !== current) input.value = current;
    value.value = format(current);
    input.setAttribute("aria-valuetext", format(current));
    name.textContent = chapterText(store, `robustness.${key}`);
    undo.setAttribute("aria-label", chapterText(store, "robustness.resetOne", { name: name.textContent }));
    undo.disabled = current === UNCHANGED[key];
    if (current !== drawnValue) drawing.redraw();
    drawnValue = current;
  }

  function updateRanges() {
    const { models, shownIndexes } = store.state;
    const sentences = shownIndexes.map((index, position) => rangeText(store, slider, curves[position]));
    ranges.replaceChildren(...sentences.map((sentence, position) => make("span", {},
      ...(shownIndexes.length > 1 ? [make("b", {}, `${models[shownIndexes[position]].title} `)] : []), sentence)));
    const label = shownIndexes.map((index, position) => chapterText(store, "robustness.curve", {
      name: name.textContent, network: models[index].title, range: sentences[position],
      answer: curves[position] ? models[index].labels[curves[position].answer.predictedClass] : "",
    }));
    drawing.describe(label.join(". "));
  }

  input.addEventListener("input", () => setValue(Number(input.value)));
  drawing.canvas.addEventListener("click", (event) => {
    const share = (event.offsetX - TRACK_INSET) / (drawing.canvas.clientWidth - 2 * TRACK_INSET);
    const steps = Math.round((Math.max(0, Math.min(1, share)) * (slider.maximum - slider.minimum)) / slider.step);
    setValue(Math.round((slider.minimum + steps * slider.step) * 1000) / 1000);
  });
  return {
    element: make("div", { class: "robustness-row" },
      make("div", { class: "robustness-title" }, make("label", { for: id }, name), value, undo), host, input, ranges),
    update,
    draw: () => {
      updateRanges();
      drawing.redraw();
    },
    markStale: () => {
      const wasStale = isStale;
      isStale = store.state.reading?.image !== measuredInputs[0];
      if (isEmpty !== !store.state.reading?.image) {
        isEmpty = !isEmpty;
        updateRanges();
      }
      if (isStale !== wasStale) drawing.redraw();
    },
    * measure(models, originalAnswers, image, changes) {
      const otherChanges = JSON.stringify({ ...changes, [key]: null });
      const inputs = [image, otherChanges, ...models];
      const isSame = inputs.length === measuredInputs.length
        && inputs.every((input, index) => input === measuredInputs[index]);
      const nextCurves = isSame ? curves : originalAnswers.map(emptyCurve);
      for (const [position, model] of models.entries()) {
        yield* measure({ model, image, changes, slider }, nextCurves[position]);
      }
      curves = nextCurves;
      measuredInputs = inputs;
      isStale = false;
    },
  };
}

function rangeText(store, slider, curve) {
  if (!store.state.reading?.image) return "–";
  if (!curve?.isDone) return chapterText(store, "robustness.working");
  if (!curve.answer.isAccepted) return chapterText(store, "robustness.unsure");
  if (curve.from === null) return chapterText(store, "robustness.never");
  if (curve.from === slider.minimum && curve.to === slider.maximum) return chapterText(store, "robustness.always");
  const format = FORMATS[slider.key];
  return chapterText(store, "robustness.range", { from: format(curve.from), to: format(curve.to) });
}

function labelColors(element) {
  const style = getComputedStyle(element);
  return Array.from({ length: 10 }, (_, digit) => style.getPropertyValue(`--digit-${digit}`).trim());
}
