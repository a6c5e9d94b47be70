/** The robustness section: sliders that transform the digit, presets, and the networks' answers. */

import { applyChanges, isUnchanged, SLIDERS } from "lenet/robustness/changes.js";
import { classify, inSlices } from "lenet/robustness/curves.js";
import { makeRow } from "lenet/robustness/slider.js";
import { UNCHANGED } from "lenet/store.js";
import { drawTile, mountDrawing, whenNear } from "lenet/tour/drawing.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

const DEBOUNCE = 140;

/** Changes like those of [LeCun98, Fig. 13]. */
const PRESETS = {
  plain: {},
  left: { rotation: -30 },
  right: { rotation: 30 },
  small: { scale: 0.5 },
  low: { shiftY: 5 },
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
  const paper = make("p", { class: "robustness-paper" });
  const before = makePreview(() => store.state.reading?.image ?? null);
  const after = makePreview(() => store.state.image);
  const answerText = make("p", { class: "robustness-message", "aria-live": "polite" });
  const reset = make("button", { type: "button", onClick: () => store.set({ changes: UNCHANGED }) });
  const seed = make("button", { type: "button", onClick: reseed });
  const presetsTitle = make("p", { class: "small-title" });
  const presets = Object.keys(PRESETS).map((name) => makePreset(store, name));
  const rows = SLIDERS.map((slider) => makeRow(store, slider));
  container.append(make("div", { class: "robustness" },
    make("div", { class: "section-head" }, heading, lead),
    make("div", { class: "robustness-top" },
      make("div", { class: "robustness-now" },
        make("div", { class: "robustness-pair" }, before.element, after.element),
        answerText,
        make("div", { class: "controls" }, reset, seed)),
      make("div", { class: "robustness-presets" }, presetsTitle,
        make("div", { class: "robustness-strip" }, ...presets.map(({ element }) => element)), paper)),
    make("div", { class: "robustness-rows" }, ...rows.map(({ element }) => element))));
  const slices = inSlices(measureAll, () => rows.forEach((row) => row.draw()));

  /** All measurements for the current digit: the presets first, then the sliders. */
  function* measureAll() {
    const { networks, shown, changes, reading } = store.state;
    const image = reading?.image;
    if (!image) return;
    const models = shown.map((index) => networks[index]);
    for (const preset of presets) yield* preset.measure(models, image);
    const unchanged = [];
    for (const loaded of models) {
      unchanged.push(classify(loaded, image));
      yield;
    }
    for (const row of rows) yield* row.measure(models, unchanged, image, changes);
  }

  function reseed() {
    const { changes } = store.state;
    const noise = changes.noise || 0.1;
    store.set({ changes: { ...changes, noise, noiseSeed: changes.noiseSeed + 1 } });
  }

  function updateTexts() {
    heading.textContent = phrase(store, "robustness.heading");
    lead.textContent = phrase(store, "robustness.lead");
    paper.textContent = phrase(store, "robustness.paper");
    reset.textContent = phrase(store, "robustness.reset");
    seed.textContent = phrase(store, "robustness.seed");
    presetsTitle.textContent = phrase(store, "robustness.presets");
    before.setCaption(phrase(store, "robustness.before"));
    after.setCaption(phrase(store, "robustness.after"));
    presets.forEach((preset) => preset.updateText());
    update();
  }

  function update() {
    const { networks, shown, answers, image, changes } = store.state;
    container.hidden = Boolean(store.state.reading?.isWholePicture); // the sliders change digits of 28×28
    reset.disabled = isUnchanged(changes);
    answerText.replaceChildren(...(image
      ? answers.map((answer, position) => {
        const { title, labels } = networks[shown[position]];
        const key = answer.accepted ? "robustness.answer" : "robustness.doubt";
        return make("span", {}, phrase(store, key, { name: title, answer: labels[answer.winner] }));
      })
      : [phrase(store, "robustness.empty")]));
    before.draw();
    after.draw();
    rows.forEach((row) => row.follow());
  }

  let isNear = false;
  let isDue = true;
  function remeasure() {
    rows.forEach((row) => row.expire());
    isDue = !isNear;
    if (isNear) slices.restart(DEBOUNCE);
  }

  store.subscribe(["passes"], update);
  store.subscribe(["reading", "shown", "changes"], remeasure);
  store.subscribe(["language"], () => {
    updateTexts();
    rows.forEach((row) => row.draw());
  });
  store.subscribe(["palette", "fonts"], () => {
    [before, after, ...presets, ...rows].forEach((part) => part.draw());
  });
  updateTexts();
  whenNear(container, (near) => {
    isNear = near;
    if (near && isDue) remeasure();
  });
}

/** Draws a 28×28 image, or an empty one, across an element. */
const mountDigit = (host, image) => mountDrawing(host, {
  height: (width) => width,
  draw: (context, width, _height, palette) => drawTile(context, palette, image() ?? new Uint8Array(784),
    { rows: 28, columns: 28, x: 1, y: 1, width: width - 2, ink: [0, 255] }),
});

/** A 28×28 image with a caption. */
function makePreview(image) {
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

function makePreset(store, name) {
  const changes = { ...UNCHANGED, ...PRESETS[name] };
  let image = null;
  let answers = [];
  let measured = [];
  const label = make("span", { class: "robustness-preset-name" });
  const result = make("span", { class: "robustness-preset-answer" });
  const button = make("button", { type: "button", class: "robustness-preset", "data-preset": name,
    onClick: () => store.set({ changes }) });
  const drawing = mountDigit(button, () => image);
  drawing.canvas.removeAttribute("role");
  drawing.canvas.setAttribute("aria-hidden", "true");
  button.append(label, result);
  const updateText = () => {
    label.textContent = phrase(store, `robustness.preset.${name}`);
    result.textContent = answers.join(" · ");
  };
  return {
    element: button,
    draw: drawing.redraw,
    updateText,
    * measure(models, unchanged) {
      const inputs = [unchanged, ...models];
      if (inputs.length === measured.length && inputs.every((input, index) => input === measured[index])) return;
      image = applyChanges(unchanged, changes);
      answers = [];
      for (const loaded of models) {
        const answer = classify(loaded, image);
        answers.push(answer.accepted ? loaded.labels[answer.winner] : "?");
        yield;
      }
      measured = inputs;
      updateText();
      drawing.redraw();
    },
  };
}
