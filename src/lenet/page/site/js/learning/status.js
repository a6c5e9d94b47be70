/** How far the training has come, in four figures. */

import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

const ANNOUNCE_INTERVAL = 5; // epochs from one spoken announcement to the next

/**
 * @param {Object} store
 * @param {() => WorkbenchState} workbenchState
 * @param {{training: string, test: string}} digitCounts
 * @returns {{element: HTMLElement, show: () => void, updateText: () => void}}
 */
export function createStatus(store, workbenchState, digitCounts) {
  const figures = ["error", "loss", "epochs", "updates"].map((key) =>
    ({ key, name: make("dt"), value: make("dd", { "data-figure": key }) }));
  const errorMessage = make("p", { class: "error-message", role: "alert" });
  const live = make("p", { class: "visually-hidden", "aria-live": "polite" });
  const element = make("div", { class: "learning-status" },
    make("dl", {}, ...figures.map(({ name, value }) => make("div", {}, name, value))), errorMessage, live);
  let announcedIntervals = 0;

  function show() {
    const { run } = workbenchState();
    const evaluation = run.evaluations.at(-1);
    const loss = run.losses.at(-1)?.loss;
    const error = evaluation ? `${((100 * evaluation.misread.length) / digitCounts.test).toFixed(1)} %` : "–";
    const texts = {
      error,
      loss: loss === undefined || !Number.isFinite(loss) ? "–" : loss.toFixed(loss < 10 ? 3 : 1),
      epochs: run.epochs.toFixed(1),
      updates: String(run.updates),
    };
    figures.forEach(({ key, value }) => { value.textContent = texts[key]; });
    const message = run.hasDiverged ? chapterText(store, "learning.diverged") : "";
    if (errorMessage.textContent !== message) errorMessage.textContent = message;
    const passedIntervals = Math.floor(run.epochs / ANNOUNCE_INTERVAL);
    announcedIntervals = Math.min(announcedIntervals, passedIntervals); // another run begins at 0
    if (passedIntervals > announcedIntervals && evaluation) {
      live.textContent = chapterText(store, "learning.announce", { epochs: texts.epochs, error });
      announcedIntervals = passedIntervals;
    }
  }

  function updateText() {
    figures.forEach(({ key, name }) => { name.textContent = chapterText(store, `learning.${key}`, digitCounts); });
  }

  return { element, show, updateText };
}
