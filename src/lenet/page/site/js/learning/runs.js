/** The list of the current and the previous run, each described by the settings in which they differ. */

import { SETTINGS } from "lenet/learning/settings.js";
import { settingText } from "lenet/learning/controls.js";
import { haveSameLoss } from "lenet/learning/curves.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

/**
 * Creates the list of the two runs, with a note where their losses cannot be compared.
 *
 * @param {Object} store - the page's state; texts follow its language
 * @param {() => WorkbenchState} workbenchState
 * @param {() => void} onDiscard - discards the previous run
 * @returns {{element: HTMLElement, updateText: () => void}}
 */
export function createRuns(store, workbenchState, onDiscard) {
  const element = make("div", { class: "learning-runs" });

  function updateText() {
    const { run, previousRun } = workbenchState();
    if (!previousRun) return element.replaceChildren();
    const changedKeys = Object.keys(SETTINGS).filter((key) => previousRun.settings[key] !== run.settings[key]);
    const describeSettings = (settings) => changedKeys.map((key) =>
      `${chapterText(store, `learning.${key}`)}: ${settingText(store, key, settings[key])}`);
    const lossNote = haveSameLoss(previousRun, run) ? [] : [chapterText(store, "learning.otherLoss")];
    const button = make("button", { type: "button", onClick: onDiscard }, chapterText(store, "learning.discard"));
    element.replaceChildren(
      entry("is-current", "learning.currentRun", describeSettings(run.settings)),
      entry("is-previous", "learning.previousRun", [...describeSettings(previousRun.settings), ...lossNote], button));
  }

  function entry(className, key, parts, ...more) {
    return make("p", { class: `learning-run ${className}` },
      make("span", { class: "learning-swatch", "aria-hidden": "true" }), make("b", {}, chapterText(store, key)),
      make("span", {}, parts.join(" · ") || chapterText(store, "learning.same")), ...more);
  }

  return { element, updateText };
}
