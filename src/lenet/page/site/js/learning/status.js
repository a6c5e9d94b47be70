/** How far the training has come, in four figures. */

import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

const SAY_EVERY = 5; // passes

export function createStatus(store, scene, counts) {
  const figures = ["error", "loss", "passes", "updates"].map((key) =>
    ({ key, name: make("dt"), value: make("dd", { "data-figure": key }) }));
  const fault = make("p", { class: "fault", role: "alert" });
  const live = make("p", { class: "unseen", "aria-live": "polite" });
  const element = make("div", { class: "learning-status" },
    make("dl", {}, ...figures.map(({ name, value }) => make("div", {}, name, value))), fault, live);
  let announced = 0;

  function show() {
    const { run } = scene();
    const reading = run.readings.at(-1);
    const loss = run.losses.at(-1)?.loss;
    const error = reading ? `${((100 * reading.misread.length) / counts.test).toFixed(1)} %` : "–";
    const texts = {
      error,
      loss: loss === undefined || !Number.isFinite(loss) ? "–" : loss.toFixed(loss < 10 ? 3 : 1),
      passes: run.passes.toFixed(1),
      updates: String(run.updates),
    };
    figures.forEach(({ key, value }) => { value.textContent = texts[key]; });
    const message = run.isLost ? phrase(store, "learning.diverged") : "";
    if (fault.textContent !== message) fault.textContent = message;
    const due = Math.floor(run.passes / SAY_EVERY);
    if (due > announced && reading) {
      live.textContent = phrase(store, "learning.announce", { passes: texts.passes, error });
    }
    announced = due;
  }

  function updateText() {
    figures.forEach(({ key, name }) => { name.textContent = phrase(store, `learning.${key}`, counts); });
  }

  return { element, show, updateText };
}
