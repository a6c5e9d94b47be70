/** The controls of a training: presets, choices, start, pause, one update, restart. */

import { CHOICES, PRESETS } from "lenet/learning/choices.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

const NUMERIC_CHOICES = ["learningRate", "batchSize", "momentum", "seed"]; // shown as they are, in any language

/**
 * @param {Object} store
 * @param {{choose: (choices: Object) => void, train: () => void, pause: () => void, step: () => void,
 *     restart: () => void}} actions - `step` makes one update
 * @returns {{presets: HTMLElement, choices: HTMLElement, buttons: HTMLElement,
 *     show: (currentChoices: Object, isNowTraining: boolean) => void, updateText: () => void}}
 */
export function createControls(store, { choose, train, pause, step, restart }) {
  let choices = null;
  const presets = Object.entries(PRESETS).map(([name, preset]) => ({
    name,
    button: make("button", { type: "button", "data-preset": name, onClick: () => choose({ ...preset }) }),
  }));
  const presetNote = make("p", { class: "learning-note" });
  const selects = Object.entries(CHOICES).map(([key, values]) => {
    const options = values.map((value) => make("option", { value: String(value) }, String(value)));
    const select = make("select", { "data-choice": key }, ...options);
    select.addEventListener("change", () => choose({ ...choices, [key]: values[select.selectedIndex] }));
    const title = make("span");
    return { key, values, options, select, title, label: make("label", {}, title, select) };
  });
  const runButton = make("button", { type: "button", class: "primary", "data-do": "run" });
  const stepButton = make("button", { type: "button", "data-do": "step", onClick: step });
  const restartButton = make("button", { type: "button", "data-do": "restart", onClick: restart });
  let isTraining = false;
  runButton.addEventListener("click", () => (isTraining ? pause() : train()));
  const presetsTitle = make("p", { class: "small-title", id: "learning-presets" });
  const choicesTitle = make("p", { class: "small-title", id: "learning-choices" });

  function show(currentChoices, isNowTraining) {
    choices = currentChoices;
    isTraining = isNowTraining;
    const name = matchingPreset(choices);
    presets.forEach((preset) => preset.button.setAttribute("aria-pressed", String(preset.name === name)));
    presetNote.textContent = chapterText(store, `learning.note.${name ?? "own"}`);
    selects.forEach(({ key, values, select }) => { select.selectedIndex = values.indexOf(choices[key]); });
    runButton.textContent = chapterText(store, isTraining ? "learning.pause" : "learning.start");
  }

  function updateText() {
    presetsTitle.textContent = chapterText(store, "learning.presets");
    choicesTitle.textContent = chapterText(store, "learning.choices");
    presets.forEach(({ name, button }) => { button.textContent = chapterText(store, `learning.preset.${name}`); });
    selects.forEach(({ key, values, options, title }) => {
      title.textContent = chapterText(store, `learning.${key}`);
      options.forEach((option, index) => { option.textContent = choiceText(store, key, values[index]); });
    });
    stepButton.textContent = chapterText(store, "learning.step");
    restartButton.textContent = chapterText(store, "learning.restart");
  }

  return {
    presets: group("presets", presetsTitle,
      make("div", { class: "controls" }, ...presets.map(({ button }) => button)), presetNote),
    choices: group("choices", choicesTitle, ...selects.map(({ label }) => label)),
    buttons: make("div", { class: "controls" }, runButton, stepButton, restartButton),
    show,
    updateText,
  };
}

function group(name, ...children) {
  return make("div", { class: `learning-${name}`, role: "group", "aria-labelledby": `learning-${name}` }, ...children);
}

/** A choice's value in the language shown. */
export function choiceText(store, key, value) {
  return NUMERIC_CHOICES.includes(key) ? String(value) : chapterText(store, `learning.${key}.${value}`);
}

/** The name of the preset with these choices; null if none has them. */
function matchingPreset(choices) {
  const isSame = (preset) => Object.keys(CHOICES).every((key) => preset[key] === choices[key]);
  return Object.keys(PRESETS).find((name) => isSame(PRESETS[name])) ?? null;
}
