/**
 * Training in a worker, so that the page stays free to draw. It is told what to do and reports what has come of it:
 *
 * - `{digits}` once; `{begin: Plan, run: number}` goes to the first weights of a plan
 * - `{going: true | false}` trains, or pauses; `{step: true}` makes one update
 * - `{watch: {stage, index}}` names the weight whose gradient is written out from the next update on
 *
 * It says `"ready"` once. A report holds `run` (the training that it is about), `updates` and `passes` so far, the
 * `parameters` as they are (float32), the `losses` of the updates since the last report, the `readings` of the test
 * digits since then, and of the last update what was `watched`. Readings come after fixed updates, so that the same
 * plan gives the same curve.
 */

import { createTraining } from "lenet/learning/training.js";

const REPORT_EVERY = 120; // milliseconds
const EARLY = 0.2; // passes between readings within the first one
const LATER = 0.5;

let digits = null;
let training = null;
let run = 0;
let watch = null;
let isGoing = false;
let isQueued = false;
let losses = [];
let readings = [];
let watched = null;

self.onmessage = ({ data }) => {
  if (data.digits) digits = data.digits;
  if (data.watch) watch = data.watch;
  if ("going" in data) isGoing = data.going;
  if (data.begin) begin(data);
  if (data.step) {
    update();
    report();
  }
  if (isGoing) queue();
};

function begin(message) {
  training = createTraining(message.begin, digits);
  ({ run } = message);
  losses = [];
  watched = null;
  read();
  report();
}

/** Trains in slices between which messages come in. */
function queue() {
  if (isQueued) return;
  isQueued = true;
  setTimeout(() => {
    isQueued = false;
    if (!isGoing) return;
    const began = performance.now();
    do update();
    while (performance.now() - began < REPORT_EVERY);
    report();
    queue();
  });
}

function update() {
  const before = training.passes;
  const { watched: noted, ...outcome } = training.step(watch);
  losses.push({ ...outcome, passes: training.passes });
  watched = noted;
  const between = before < 1 ? EARLY : LATER;
  const count = (passes) => Math.floor(passes / between + 1e-9);
  if (count(training.passes) > count(before)) read();
}

function read() {
  readings.push({ passes: training.passes, misread: training.misread() });
}

function report() {
  const { updates, passes } = training;
  const parameters = Float32Array.from(training.parameters.flat);
  self.postMessage({ run, updates, passes, parameters, losses, readings, watched }, [parameters.buffer]);
  losses = [];
  readings = [];
}

self.postMessage("ready");
