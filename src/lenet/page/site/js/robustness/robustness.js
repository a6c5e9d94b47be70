/** The robustness section: sliders that transform the digit, presets, and the networks' answers. */

import { applyChanges, isUnchanged, SLIDERS } from "lenet/robustness/changes.js";
import { classify, runInSlices } from "lenet/robustness/curves.js";
import { createSliderRow } from "lenet/robustness/slider.js";
import { UNCHANGED } from "lenet/store.js";
import { drawTile, mountDrawing, whenNear } from "lenet/tour/drawing.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

const DEBOUNCE_MS = 140;

/** Changes like those of [LeCun98, Fig. 13]. */
const PRESETS = {
  plain: {},
  left: { rotation: -30 },
  right: { rotation: 30 },
  small: { scale: 0.5 },
  lower: { shiftY: 5 },
  bold: { thickness: 1.5 },
  noise: { noise: 0.1 },
  all: { rotation: 20, scale: 0.8, shiftX: 2, thickness: 0.5, noise: 0.05 },
};

/**
 * @param {HTMLElement} container
 * @param {object} store
 */
export function mountRobustness(container, store) {
  const heading = make("h2");
  const lead = make("p", { class: "section-text" });
  const paperNote = make("p", { class: "robustness-paper" });
  const originalPreview = createPreview(() => store.state.reading?.image ?? null);
  const changedPreview = createPreview(() => store.state.image);
  const answerText = make("p", { class: "robustness-message", "aria-live": "polite" });
  const resetButton = make("button", { type: "button", onClick: () => store.set({ changes: UNCHANGED }) });
  const seedButton = make("button", { type: "button", onClick: reseed });
  const presetsTitle = make("p", { class: "small-title" });
  const presets = Object.keys(PRESETS).map((name) => createPreset(store, name));
  const rows = SLIDERS.map((slider) => createSliderRow(store, slider));
  container.append(make("div", { class: "robustness" },
    make("div", { class: "section-head" }, heading, lead),
    make("div", { class: "robustness-top" },
      make("div", { class: "robustness-now" },
        make("div", { class: "robustness-pair" }, originalPreview.element, changedPreview.element),
        answerText,
        make("div", { class: "controls" }, resetButton, seedButton)),
      make("div", { class: "robustness-presets" }, presetsTitle,
        make("div", { class: "robustness-strip" }, ...presets.map(({ element }) => element)), paperNote)),
    make("div", { class: "robustness-rows" }, ...rows.map(({ element }) => element))));
  const slices = runInSlices(measureAll, () => rows.forEach((row) => row.draw()));

  /** All measurements for the current digit: the presets first, then the sliders. */
  function* measureAll() {
    const { models, shownIndexes, changes, reading } = store.state;
    const image = reading?.image;
    if (!image) return;
    const shownModels = shownIndexes.map((index) => models[index]);
    for (const preset of presets) yield* preset.measure(shownModels, image);
    const originalAnswers = [];
    for (const model of shownModels) {
      originalAnswers.push(classify(model, image));
      yield;
    }
    for (const row of rows) yield* row.measure(shownModels, originalAnswers, image, changes);
  }

  function reseed() {
    const { changes } = store.state;
    const noise = changes.noise || 0.1;
    store.set({ changes: { ...changes, noise, noiseSeed: changes.noiseSeed + 1 } });
  }

  function updateTexts() {
    heading.textContent = chapterText(store, "robustness.heading");
    lead.textContent = chapterText(store, "robustness.lead");
    paperNote.textContent = chapterText(store, "robustness.paper");
    resetButton.textContent = chapterText(store, "robustness.reset");
    seedButton.textContent = chapterText(store, "robustness.seed");
    presetsTitle.textContent = chapterText(store, "robustness.presets");
    originalPreview.setCaption(chapterText(store, "robustness.before"));
    changedPreview.setCaption(chapterText(store, "robustness.after"));
    presets.forEach((preset) => preset.updateText());
    update();
  }

  function update() {
    const { models, shownIndexes, answers, image, changes } = store.state;
    container.hidden = Boolean(store.state.reading?.isWholePicture); // the sliders change digits of 28×28
    resetButton.disabled = isUnchanged(changes);
    answerText.replaceChildren(...(image
      ? answers.map((answer, position) => {
        const { title, labels } = models[shownIndexes[position]];
        const key = answer.isAccepted ? "robustness.answer" : "robustness.unsureAnswer";
        return make("span", {}, chapterText(store, key, { name: title, answer: labels[answer.predictedClass] }));
      })
      : [chapterText(store, "robustness.empty")]));
    originalPreview.draw();
    changedPreview.draw();
    rows.forEach((row) => row.update());
  }

  let isNear = false;
  let needsMeasuring = true;
  function remeasure() {
    rows.forEach((row) => row.markStale());
    needsMeasuring = !isNear;
    if (isNear) slices.restart(DEBOUNCE_MS);
  }

  store.subscribe(["passes"], update);
  store.subscribe(["reading", "shownIndexes", "changes"], remeasure);
  store.subscribe(["language"], () => {
    updateTexts();
    rows.forEach((row) => row.draw());
  });
  store.subscribe(["palette", "fonts"], () => {
    [originalPreview, changedPreview, ...presets, ...rows].forEach((part) => part.draw());
  });
  updateTexts();
  whenNear(container, (isNowNear) => {
    isNear = isNowNear;
    if (isNowNear && needsMeasuring) remeasure();
  });
}

/** Draws a 28×28 image, or an empty one, across an element. */
const mountDigit = (host, image) => mountDrawing(host, {
  height: (width) => width,
  draw: (context, width, _height, palette) => drawTile(context, palette, image() ?? new Uint8Array(784),
    { rows: 28, columns: 28, x: 1, y: 1, width: width - 2, ink: [0, 255] }),
});

/** A 28×28 image with a caption. */
function createPreview(image) {
  const caption = make("figcaption", { class: "figure-note" });
  const host = make("div");
  const drawing = mountDigit(host, image);
  return {
    element: make("figure", { class: "robustness-preview" }, host, caption),
    draw: drawing.redraw,
    setCaption: (text) => {
      caption.textContent = text;
      drawing.describe(text);
    },
  };
}

/** A preset's button: a 28×28 image of the changed digit, with the networks' answers below it. */
export function createPreset(store, name) {
  const changes = { ...UNCHANGED, ...PRESETS[name] };
  let changedImage = null;
  let answers = [];
  let measuredInputs = [];
  const label = make("span", { class: "robustness-preset-name" });
  const result = make("span", { class: "robustness-preset-answer" });
  const button = make("button", { type: "button", class: "robustness-preset", "data-preset": name,
    onClick: () => store.set({ changes }) });
  const drawing = mountDigit(button, () => changedImage);
  drawing.canvas.removeAttribute("role");
  drawing.canvas.setAttribute("aria-hidden", "true");
  button.append(label, result);
  const updateText = () => {
    label.textContent = chapterText(store, `robustness.preset.${name}`);
    result.textContent = answers.join(" · ");
  };
  return {
    element: button,
    draw: drawing.redraw,
    updateText,
    * measure(models, image) {
      const inputs = [image, ...models];
      const isMeasured = inputs.length === measuredInputs.length
        && inputs.every((input, index) => input === measuredInputs[index]);
      if (isMeasured) return;
      const newImage = applyChanges(image, changes);
      const newAnswers = [];
      for (const model of models) {
        const answer = classify(model, newImage);
        newAnswers.push(answer.isAccepted ? model.labels[answer.predictedClass] : "?");
        yield;
      }
      [changedImage, answers, measuredInputs] = [newImage, newAnswers, inputs]; // at once: a measurement may be aborted
      updateText();
      drawing.redraw();
    },
  };
}
