/** The workbench of the chapter "Learning, live": controls, curves, answers, kernels, one gradient written out. */

import { PRESETS } from "lenet/learning/settings.js";
import { createControls } from "lenet/learning/controls.js";
import { createCurves } from "lenet/learning/curves.js";
import { createDrawnDigit } from "lenet/learning/drawn_digit.js";
import { createGradientSum } from "lenet/learning/gradient_sum.js";
import { mountKernels, positionOfWeight } from "lenet/learning/kernels.js";
import { createMisread } from "lenet/learning/misread.js";
import { createRuns } from "lenet/learning/runs.js";
import { openSession } from "lenet/learning/session.js";
import { createStatus } from "lenet/learning/status.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { stageName } from "lenet/views/numbers.js";

const INITIAL_PRESET = "today";
const C1_STAGE = 0;
const C3_STAGE = 2;
const INITIAL_WEIGHT = { stageIndex: C3_STAGE, index: 12 }; // the middle of a kernel

/**
 * @typedef {Object} WorkbenchState - what the parts of the workbench draw
 * @property {Run} run
 * @property {?Run} previousRun
 * @property {{training: number, test: number, labels: Uint8Array, images: Uint8Array}} digits - the training ones, then
 *     the test ones
 * @property {{stageIndex: number, index: number}} weight - selected: its stage, and its index in the stage's weights
 * @property {Network} network - of the run
 */

/**
 * Mounts the workbench, and begins a run with the initial preset.
 *
 * @param {HTMLElement} host
 * @param {Object} store - gets the session as `learning`
 * @param {Object} packedDigits - the document's digits
 * @param {{training: string, test: string}} digitCounts - how many digits there are, for texts
 * @returns {Promise<{updateText: () => void}>} rejected where a browser cannot unpack digits or start a worker
 */
export async function mountWorkbench(host, store, packedDigits, digitCounts) {
  let weight = INITIAL_WEIGHT;
  let isTraining = false;
  const session = await openSession(packedDigits, store.state.digitCodes, update);
  const workbenchState = () => ({ run: session.run, previousRun: session.previousRun, digits: session.digits, weight,
    network: session.run.network });
  const controls = createControls(store, {
    choose,
    train: () => setTraining(true),
    pause: () => setTraining(false),
    step: () => {
      setTraining(false);
      session.step();
    },
    restart: () => choose(session.run.settings),
  });
  const div = (className, ...children) => make("div", { class: className }, ...children);
  const status = createStatus(store, workbenchState, digitCounts);
  const curves = createCurves(store, workbenchState, digitCounts);
  const runs = createRuns(store, workbenchState, () => {
    session.discardPreviousRun();
    runs.updateText();
    update();
  });
  const drawnDigit = createDrawnDigit(store, () => session.run?.network);
  const misread = createMisread(store, workbenchState, digitCounts);
  const gradient = createGradientSum(store, workbenchState);
  const kernelViews = [C1_STAGE, C3_STAGE].map((stageIndex) => {
    const name = stageIndex === C1_STAGE ? "c1" : "c3";
    return { stageIndex, name, title: make("h3", { class: "small-title" }), host: make("div"), drawing: null };
  });
  const note = make("p", { class: "figure-note" });
  store.set({ learning: session });
  session.begin({ ...PRESETS[INITIAL_PRESET] });
  session.selectWeight(weight);
  host.append(
    controls.presets,
    div("learning-bench",
      div("learning-middle", controls.buttons, status.element, curves.element, runs.element),
      controls.settings,
      div("learning-side", drawnDigit.element, misread.element)),
    div("learning-network",
      div("learning-kernels", kernelViews[1].title, kernelViews[1].host, note),
      div("learning-kernels", kernelViews[0].title, kernelViews[0].host, drawnDigit.maps)),
    gradient.element);
  for (const view of kernelViews) {
    view.drawing = mountKernels(view.host, { stageIndex: view.stageIndex, workbenchState, onPick: selectWeight });
  }

  function choose(settings) {
    isTraining = false;
    session.begin(settings);
    const { weight: weights } = session.run.network.stages[weight.stageIndex].arrays;
    if (weight.index >= weights.length) selectWeight(INITIAL_WEIGHT); // another table has fewer kernels
    runs.updateText();
    update();
  }

  function setTraining(next) {
    isTraining = next;
    if (next) session.train();
    else session.pause();
    controls.show(session.run.settings, isTraining);
  }

  function selectWeight(next) {
    weight = next;
    session.selectWeight(weight);
    update();
  }

  /** After every report, and whenever something else has changed. */
  function update() {
    const { run } = session;
    controls.show(run.settings, isTraining);
    if (isTraining && run.hasDiverged) setTraining(false);
    status.show();
    curves.draw();
    drawnDigit.update();
    misread.draw();
    for (const { drawing, stageIndex, name } of kernelViews) {
      drawing?.redraw();
      const weightText = weight.stageIndex === stageIndex
        ? chapterText(store, `learning.weight.${name}`, positionOfWeight(run.network, weight)) : "–";
      drawing?.describe(chapterText(store, "learning.kernelsText", { stage: stageName(name), weight: weightText }));
    }
    gradient.draw();
  }

  function updateText() {
    controls.updateText();
    status.updateText();
    curves.updateText();
    drawnDigit.updateText();
    misread.updateText();
    gradient.updateText();
    kernelViews.forEach(({ title, name }) => { title.textContent = chapterText(store, `learning.${name}`); });
    note.textContent = chapterText(store, "learning.scale");
    runs.updateText();
    update();
  }

  store.subscribe(["image"], drawnDigit.update);
  store.subscribe(["palette", "fonts"], update);
  return { updateText };
}
