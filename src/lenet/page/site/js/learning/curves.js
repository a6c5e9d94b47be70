/** The two charts of a training: the error and the loss of the current run and, dashed, of the previous one. */

import { mountChart } from "lenet/learning/charts.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

/** Whether two runs minimize the same loss: networks with penalties have another one, whose numbers do not compare. */
export const haveSameLoss = (one, other) => (one.settings.outputs === "rbf") === (other.settings.outputs === "rbf");

/**
 * @param {Object} store
 * @param {() => WorkbenchState} workbenchState
 * @param {{training: string, test: string}} digitCounts
 * @returns {{element: HTMLElement, draw: () => void, updateText: () => void}}
 */
export function createCurves(store, workbenchState, digitCounts) {
  const [errorHost, lossHost] = [make("div"), make("div")];
  const titles = [make("h3", { class: "small-title" }), make("h3", { class: "small-title" })];
  const legend = make("p", { class: "learning-legend" });
  const errorChart = mountChart(errorHost, () => {
    const { run, previousRun } = workbenchState();
    return { isLogPercent: true, referenceLines: [], series: [
      ...(previousRun ? [{ style: "previous", points: errorPoints(previousRun, digitCounts) }] : []),
      { style: "thin", points: run.losses.map(({ epochs, errorRate }) => [epochs, 100 * errorRate]) },
      { style: "main", points: errorPoints(run, digitCounts) },
    ] };
  });
  const lossChart = mountChart(lossHost, () => {
    const { run, previousRun } = workbenchState();
    return { isLogPercent: false, referenceLines: lossReferenceLines(store, run.settings), series: [
      ...(previousRun && haveSameLoss(previousRun, run)
        ? [{ style: "previous", points: lossPoints(previousRun) }] : []),
      { style: "main", points: lossPoints(run) },
    ] };
  });

  function draw() {
    const { run, previousRun } = workbenchState();
    errorChart.redraw();
    lossChart.redraw();
    const lastPoint = errorPoints(run, digitCounts).at(-1);
    const previousLastPoint = previousRun && errorPoints(previousRun, digitCounts).at(-1);
    errorChart.describe(chapterText(store, "learning.chart.errorText", {
      error: lastPoint ? `${lastPoint[1].toFixed(1)} %` : "–",
      earlier: previousLastPoint
        ? chapterText(store, "learning.chart.earlierText", { error: `${previousLastPoint[1].toFixed(1)} %` }) : "",
    }));
    lossChart.describe(chapterText(store, "learning.chart.lossText",
      { loss: lossPoints(run).at(-1)?.[1].toFixed(3) ?? "–" }));
  }

  function updateText() {
    titles[0].textContent = chapterText(store, "learning.chart.error");
    titles[1].textContent = chapterText(store, "learning.chart.loss");
    legend.replaceChildren(...["test", "batches"].map((name) => make("span", {},
      make("span", { class: `learning-swatch is-${name}`, "aria-hidden": "true" }),
      chapterText(store, `learning.chart.${name}`, digitCounts))));
  }

  const element = make("div", { class: "learning-charts" },
    make("div", {}, titles[0], errorHost, legend), make("div", {}, titles[1], lossHost));
  return { element, draw, updateText };
}

/** The chart's points [epochs, per cent of the test digits misread]. */
const errorPoints = ({ evaluations }, { test }) =>
  evaluations.map(({ epochs, misread }) => [epochs, (100 * misread.length) / test]);

/** The chart's points [epochs, loss], without losses that are no finite numbers. */
const lossPoints = ({ losses }) =>
  losses.filter(({ loss }) => Number.isFinite(loss)).map(({ epochs, loss }) => [epochs, loss]);

/** Losses to compare with: of guessing, and the lower bound with sigmoid outputs. */
function lossReferenceLines(store, { outputs }) {
  if (outputs === "rbf") return [];
  const guessingLoss = { value: Math.log(10), text: chapterText(store, "learning.chart.chance") };
  if (outputs === "logits") return [guessingLoss];
  return [guessingLoss, { value: Math.log(Math.E + 9) - 1, text: chapterText(store, "learning.chart.floor") }];
}
