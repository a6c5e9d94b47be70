/** The controls of a training: presets, settings, start, pause, one update, restart. */

import { PRESETS, SETTINGS } from "lenet/learning/settings.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

const NUMERIC_SETTINGS = ["learningRate", "batchSize", "momentum", "seed"]; // shown as they are, in any language

/**
 * @param {Object} store
 * @param {{choose: (settings: Object) => void, train: () => void, pause: () => void, step: () => void,
 *     restart: () => void}} actions - `step` makes one update
 * @returns {{presets: HTMLElement, settings: HTMLElement, buttons: HTMLElement,
 *     show: (currentSettings: Object, isNowTraining: boolean) => void, updateText: () => void}}
 */
export function createControls(store, { choose, train, pause, step, restart }) {
  let settings = null;
  const presets = Object.entries(PRESETS).map(([name, preset]) => ({
    name,
    button: make("button", { type: "button", "data-preset": name, onClick: () => choose({ ...preset }) }),
  }));
  const presetNote = make("p", { class: "learning-note" });
  const selects = Object.entries(SETTINGS).map(([key, values]) => {
    const options = values.map((value) => make("option", { value: String(value) }, String(value)));
    const select = make("select", { "data-setting": key }, ...options);
    select.addEventListener("change", () => choose({ ...settings, [key]: values[select.selectedIndex] }));
    const title = make("span");
    return { key, values, options, select, title, label: make("label", {}, title, select) };
  });
  const runButton = make("button", { type: "button", class: "primary", "data-do": "run" });
  const stepButton = make("button", { type: "button", "data-do": "step", onClick: step });
  const restartButton = make("button", { type: "button", "data-do": "restart", onClick: restart });
  let isTraining = false;
  runButton.addEventListener("click", () => (isTraining ? pause() : train()));
  const presetsTitle = make("p", { class: "small-title", id: "learning-presets" });
  const settingsTitle = make("p", { class: "small-title", id: "learning-settings" });

  function show(currentSettings, isNowTraining) {
    settings = currentSettings;
    isTraining = isNowTraining;
    const name = matchingPreset(settings);
    presets.forEach((preset) => preset.button.setAttribute("aria-pressed", String(preset.name === name)));
    presetNote.textContent = chapterText(store, `learning.note.${name ?? "own"}`);
    selects.forEach(({ key, values, select }) => { select.selectedIndex = values.indexOf(settings[key]); });
    runButton.textContent = chapterText(store, isTraining ? "learning.pause" : "learning.start");
  }

  function updateText() {
    presetsTitle.textContent = chapterText(store, "learning.presets");
    settingsTitle.textContent = chapterText(store, "learning.settings");
    presets.forEach(({ name, button }) => { button.textContent = chapterText(store, `learning.preset.${name}`); });
    selects.forEach(({ key, values, options, title }) => {
      title.textContent = chapterText(store, `learning.${key}`);
      options.forEach((option, index) => { option.textContent = settingText(store, key, values[index]); });
    });
    stepButton.textContent = chapterText(store, "learning.step");
    restartButton.textContent = chapterText(store, "learning.restart");
  }

  return {
    presets: group("presets", presetsTitle,
      make("div", { class: "controls" }, ...presets.map(({ button }) => button)), presetNote),
    settings: group("settings", settingsTitle, ...selects.map(({ label }) => label)),
    buttons: make("div", { class: "controls" }, runButton, stepButton, restartButton),
    show,
    updateText,
  };
}

function group(name, ...children) {
  return make("div", { class: `learning-${name}`, role: "group", "aria-labelledby": `learning-${name}` }, ...children);
}

/** A setting's value in the language shown. */
export function settingText(store, key, value) {
  return NUMERIC_SETTINGS.includes(key) ? String(value) : chapterText(store, `learning.${key}.${value}`);
}

/** The name of the preset with these settings; null if none has them. */
function matchingPreset(settings) {
  const isSame = (preset) => Object.keys(SETTINGS).every((key) => preset[key] === settings[key]);
  return Object.keys(PRESETS).find((name) => isSame(PRESETS[name])) ?? null;
}
