/** This run and the one before it, told by what was chosen differently. */

import { CHOICES } from "lenet/learning/choices.js";
import { textOf } from "lenet/learning/controls.js";
import { isSameLoss } from "lenet/learning/curves.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

/**
 * @param {Object} store
 * @param {() => {run: Run, earlier: ?Run}} scene
 * @param {() => void} forget - takes the earlier run away
 */
export function createRuns(store, scene, forget) {
  const element = make("div", { class: "learning-runs" });

  function updateText() {
    const { run, earlier } = scene();
    if (!earlier) return element.replaceChildren();
    const differing = Object.keys(CHOICES).filter((key) => earlier.choices[key] !== run.choices[key]);
    const describe = (choices) => differing.map((key) =>
      `${phrase(store, `learning.${key}`)}: ${textOf(store, key, choices[key])}`);
    const other = isSameLoss(earlier, run) ? [] : [phrase(store, "learning.otherLoss")];
    const button = make("button", { type: "button", onClick: forget }, phrase(store, "learning.forget"));
    element.replaceChildren(
      entry("is-now", "learning.now", describe(run.choices)),
      entry("is-earlier", "learning.earlier", [...describe(earlier.choices), ...other], button));
  }

  function entry(className, key, parts, ...more) {
    return make("p", { class: `learning-run ${className}` },
      make("span", { class: "learning-swatch", "aria-hidden": "true" }), make("b", {}, phrase(store, key)),
      make("span", {}, parts.join(" · ") || phrase(store, "learning.same")), ...more);
  }

  return { element, updateText };
}
