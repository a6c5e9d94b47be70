/**
 * Training in a worker, so that the page stays free to draw. Messages to it:
 *
 * - `{digits}` once; `{plan: TrainingPlan, runNumber}` begins a run with the plan's initial weights
 * - `{isTraining: true | false}` trains, or pauses; `{step: true}` makes one update
 * - `{selectedWeight: {stageIndex, index}}` names the weight whose gradient is recorded from the next update on
 *
 * It sends `"ready"` once, and then reports: `runNumber`, `updates` and `epochs` so far, the current `parameters`
 * (float32), the `losses` of the updates since the last report, the `evaluations` on the test digits since then, and
 * the `weightGradient` of the last update. Evaluations come after fixed numbers of updates, so that the same plan gives
 * the same curve.
 */

import { createTraining } from "lenet/learning/training.js";

const REPORT_INTERVAL = 120; // milliseconds
const FIRST_EPOCH_INTERVAL = 0.2; // epochs from one evaluation to the next within the first epoch
const LATER_EPOCH_INTERVAL = 0.5; // the same, after the first epoch

let digits = null;
let training = null;
let runNumber = 0;
let selectedWeight = null;
let isTraining = false;
let isSliceScheduled = false;
let losses = [];
let evaluations = [];
let weightGradient = null;

self.onmessage = ({ data }) => {
  if (data.digits) digits = data.digits;
  if (data.selectedWeight) selectedWeight = data.selectedWeight;
  if ("isTraining" in data) isTraining = data.isTraining;
  if (data.plan) begin(data);
  if (data.step) {
    update();
    report();
  }
  if (isTraining) scheduleSlice();
};

function begin(message) {
  training = createTraining(message.plan, digits);
  ({ runNumber } = message);
  losses = [];
  weightGradient = null;
  evaluate();
  report();
}

/** Trains for a time slice as soon as the messages that wait are handled, then schedules the next slice. */
function scheduleSlice() {
  if (isSliceScheduled) return;
  isSliceScheduled = true;
  setTimeout(() => {
    isSliceScheduled = false;
    if (!isTraining) return;
    const start = performance.now();
    do update();
    while (performance.now() - start < REPORT_INTERVAL);
    report();
    scheduleSlice();
  });
}

function update() {
  const epochsBefore = training.epochs;
  const { weightGradient: gradient, ...loss } = training.step(selectedWeight);
  losses.push({ ...loss, epochs: training.epochs });
  weightGradient = gradient;
  const interval = epochsBefore < 1 ? FIRST_EPOCH_INTERVAL : LATER_EPOCH_INTERVAL;
  const intervalsIn = (epochs) => Math.floor(epochs / interval + 1e-9);
  if (intervalsIn(training.epochs) > intervalsIn(epochsBefore)) evaluate();
}

function evaluate() {
  evaluations.push({ epochs: training.epochs, misread: training.misreadDigits() });
}

function report() {
  const { updates, epochs } = training;
  const parameters = Float32Array.from(training.parameters.flat);
  self.postMessage({ runNumber, updates, epochs, parameters, losses, evaluations, weightGradient },
    [parameters.buffer]);
  losses = [];
  evaluations = [];
}

self.postMessage("ready");
