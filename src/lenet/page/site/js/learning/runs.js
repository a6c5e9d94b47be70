/** The current run and the previous one, each by the settings in which they differ. */

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
 * @param {() => void} onForget - takes the previous run away
 * @returns {{element: HTMLElement, updateText: () => void}}
 */
export function createRuns(store, workbenchState, onForget) {
  const element = make("div", { class: "learning-runs" });

  function updateText() {
    const { run, previousRun } = workbenchState();
    if (!previousRun) return element.replaceChildren();
    const changedKeys = Object.keys(SETTINGS).filter((key) => previousRun.settings[key] !== run.settings[key]);
    const describeSettings = (settings) => changedKeys.map((key) =>
      `${chapterText(store, `learning.${key}`)}: ${settingText(store, key, settings[key])}`);
    const lossNote = haveSameLoss(previousRun, run) ? [] : [chapterText(store, "learning.otherLoss")];
    const button = make("button", { type: "button", onClick: onForget }, chapterText(store, "learning.forget"));
    element.replaceChildren(
      entry("is-now", "learning.now", describeSettings(run.settings)),
      entry("is-earlier", "learning.earlier", [...describeSettings(previousRun.settings), ...lossNote], button));
  }

  function entry(className, key, parts, ...more) {
    return make("p", { class: `learning-run ${className}` },
      make("span", { class: "learning-swatch", "aria-hidden": "true" }), make("b", {}, chapterText(store, key)),
      make("span", {}, parts.join(" · ") || chapterText(store, "learning.same")), ...more);
  }

  return { element, updateText };
}
