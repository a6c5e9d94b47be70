/** What can be chosen and done: presets, choices, start, pause, one update, back. */

import { CHOICES, PRESETS } from "lenet/learning/choices.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

const NUMBERS = ["rate", "batch", "momentum", "seed"];

/**
 * @param {Object} store
 * @param {{choose: (choices: Object) => void, go: () => void, pause: () => void, step: () => void,
 *     back: () => void}} acts
 */
export function createControls(store, { choose, go, pause, step, back }) {
  let choices = null;
  const presets = Object.entries(PRESETS).map(([name, preset]) => ({
    name,
    button: make("button", { type: "button", "data-preset": name, onClick: () => choose({ ...preset }) }),
  }));
  const see = make("p", { class: "learning-see" });
  const selects = Object.entries(CHOICES).map(([key, values]) => {
    const options = values.map((value) => make("option", { value: String(value) }, String(value)));
    const select = make("select", { "data-choice": key }, ...options);
    select.addEventListener("change", () => choose({ ...choices, [key]: values[select.selectedIndex] }));
    const title = make("span");
    return { key, values, options, select, title, label: make("label", {}, title, select) };
  });
  const run = make("button", { type: "button", class: "primary", "data-do": "run" });
  const stepButton = make("button", { type: "button", "data-do": "step", onClick: step });
  const restart = make("button", { type: "button", "data-do": "back", onClick: back });
  let isGoing = false;
  run.addEventListener("click", () => (isGoing ? pause() : go()));
  const presetsTitle = make("p", { class: "small-title", id: "learning-presets" });
  const choicesTitle = make("p", { class: "small-title", id: "learning-choices" });

  function show(next, going) {
    choices = next;
    isGoing = going;
    const name = presetOf(choices);
    presets.forEach((preset) => preset.button.setAttribute("aria-pressed", String(preset.name === name)));
    see.textContent = phrase(store, `learning.see.${name ?? "own"}`);
    selects.forEach(({ key, values, select }) => { select.selectedIndex = values.indexOf(choices[key]); });
    run.textContent = phrase(store, isGoing ? "learning.pause" : "learning.start");
  }

  function updateText() {
    presetsTitle.textContent = phrase(store, "learning.presets");
    choicesTitle.textContent = phrase(store, "learning.choices");
    presets.forEach(({ name, button }) => { button.textContent = phrase(store, `learning.preset.${name}`); });
    selects.forEach(({ key, values, options, title }) => {
      title.textContent = phrase(store, `learning.${key}`);
      options.forEach((option, index) => { option.textContent = textOf(store, key, values[index]); });
    });
    stepButton.textContent = phrase(store, "learning.step");
    restart.textContent = phrase(store, "learning.back");
  }

  return {
    presets: group("presets", presetsTitle,
      make("div", { class: "controls" }, ...presets.map(({ button }) => button)), see),
    choices: group("choices", choicesTitle, ...selects.map(({ label }) => label)),
    buttons: make("div", { class: "controls" }, run, stepButton, restart),
    show,
    updateText,
  };
}

function group(name, ...children) {
  return make("div", { class: `learning-${name}`, role: "group", "aria-labelledby": `learning-${name}` }, ...children);
}

/** A choice in the language shown. */
export function textOf(store, key, value) {
  return NUMBERS.includes(key) ? String(value) : phrase(store, `learning.${key}.${value}`);
}

function presetOf(choices) {
  const isSame = (preset) => Object.keys(CHOICES).every((key) => preset[key] === choices[key]);
  return Object.keys(PRESETS).find((name) => isSame(PRESETS[name])) ?? null;
}
