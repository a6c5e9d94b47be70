/** The two charts of a training: the error and the loss of this run, and of the one before it. */

import { mountChart } from "lenet/learning/charts.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

/** Penalties and logits are made small by different losses, whose numbers do not compare. */
export const isSameLoss = (one, other) => (one.choices.outputs === "rbf") === (other.choices.outputs === "rbf");

/** @returns {{element: HTMLElement, draw: () => void, updateText: () => void}} */
export function createCurves(store, scene, counts) {
  const [errorHost, lossHost] = [make("div"), make("div")];
  const titles = [make("h3", { class: "small-title" }), make("h3", { class: "small-title" })];
  const legend = make("p", { class: "learning-legend" });
  const error = mountChart(errorHost, () => {
    const { run, earlier } = scene();
    return { isShare: true, lines: [], series: [
      ...(earlier ? [{ role: "earlier", points: errorsOf(earlier, counts) }] : []),
      { role: "thin", points: run.losses.map(({ passes, wrong }) => [passes, 100 * wrong]) },
      { role: "main", points: errorsOf(run, counts) },
    ] };
  });
  const loss = mountChart(lossHost, () => {
    const { run, earlier } = scene();
    return { isShare: false, lines: marksOf(store, run.choices), series: [
      ...(earlier && isSameLoss(earlier, run) ? [{ role: "earlier", points: lossesOf(earlier) }] : []),
      { role: "main", points: lossesOf(run) },
    ] };
  });

  function draw() {
    const { run, earlier } = scene();
    error.redraw();
    loss.redraw();
    const last = errorsOf(run, counts).at(-1);
    const ended = earlier && errorsOf(earlier, counts).at(-1);
    error.describe(phrase(store, "learning.chart.errorText", { error: last ? `${last[1].toFixed(1)} %` : "–",
      earlier: ended ? phrase(store, "learning.chart.earlierText", { error: `${ended[1].toFixed(1)} %` }) : "" }));
    loss.describe(phrase(store, "learning.chart.lossText", { loss: lossesOf(run).at(-1)?.[1].toFixed(3) ?? "–" }));
  }

  function updateText() {
    titles[0].textContent = phrase(store, "learning.chart.error");
    titles[1].textContent = phrase(store, "learning.chart.loss");
    legend.replaceChildren(...["test", "batches"].map((name) => make("span", {},
      make("span", { class: `learning-swatch is-${name}`, "aria-hidden": "true" }),
      phrase(store, `learning.chart.${name}`, counts))));
  }

  const element = make("div", { class: "learning-charts" },
    make("div", {}, titles[0], errorHost, legend), make("div", {}, titles[1], lossHost));
  return { element, draw, updateText };
}

const errorsOf = ({ readings }, { test }) =>
  readings.map(({ passes, misread }) => [passes, (100 * misread.length) / test]);

const lossesOf = ({ losses }) =>
  losses.filter(({ loss }) => Number.isFinite(loss)).map(({ passes, loss }) => [passes, loss]);

/** Losses that mean something. */
function marksOf(store, { outputs }) {
  if (outputs === "rbf") return [];
  const chance = { value: Math.log(10), text: phrase(store, "learning.chart.chance") };
  if (outputs === "logits") return [chance];
  return [chance, { value: Math.log(Math.E + 9) - 1, text: phrase(store, "learning.chart.floor") }];
}
