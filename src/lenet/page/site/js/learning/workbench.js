/** The opened chapter: controls, curves, the drawing as it is read, kernels, and a gradient written out. */

import { PRESETS } from "lenet/learning/choices.js";
import { createControls } from "lenet/learning/controls.js";
import { createCurves } from "lenet/learning/curves.js";
import { createDrawnDigit } from "lenet/learning/drawn_digit.js";
import { createGradientSum } from "lenet/learning/gradient_sum.js";
import { mountKernels, placeOfWeight } from "lenet/learning/kernels.js";
import { createMisread } from "lenet/learning/misread.js";
import { createRuns } from "lenet/learning/runs.js";
import { openSession } from "lenet/learning/session.js";
import { createStatus } from "lenet/learning/status.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { stageName } from "lenet/views/numbers.js";

const FIRST_PRESET = "today";
const C1 = 0;
const C3 = 2;
const FIRST_WEIGHT = { stage: C3, index: 12 }; // the middle of a kernel

/**
 * @param {HTMLElement} host
 * @param {Object} store - gets the session as `learning`
 * @param {Object} packed - the document's digits
 * @param {{training: string, test: string}} counts - how many digits there are, as texts say it
 * @returns {Promise<{updateText: () => void}>} rejected where a browser cannot unpack digits or start a worker
 */
export async function mountWorkbench(host, store, packed, counts) {
  let weight = FIRST_WEIGHT;
  let isGoing = false;
  const session = await openSession(packed, store.state.digitCodes, follow);
  const scene = () => ({ run: session.run, earlier: session.earlier, digits: session.digits, weight,
    network: session.run.network });
  const controls = createControls(store, {
    choose,
    go: () => setGoing(true),
    pause: () => setGoing(false),
    step: () => {
      setGoing(false);
      session.step();
    },
    back: () => choose(session.run.choices),
  });
  const part = (className, ...children) => make("div", { class: className }, ...children);
  const status = createStatus(store, scene, counts);
  const curves = createCurves(store, scene, counts);
  const runs = createRuns(store, scene, () => {
    session.forgetEarlier();
    runs.updateText();
    follow();
  });
  const drawnDigit = createDrawnDigit(store, () => session.run?.network);
  const misread = createMisread(store, scene, counts);
  const gradient = createGradientSum(store, scene);
  const kernels = [C1, C3].map((stageIndex) => {
    const name = stageIndex === C1 ? "c1" : "c3";
    return { stageIndex, name, title: make("h3", { class: "small-title" }), place: make("div"), drawing: null };
  });
  const note = make("p", { class: "figure-note" });
  store.set({ learning: session });
  session.begin({ ...PRESETS[FIRST_PRESET] });
  session.watch(weight);
  host.append(
    controls.presets,
    part("learning-bench",
      part("learning-middle", controls.buttons, status.element, curves.element, runs.element),
      controls.choices,
      part("learning-side", drawnDigit.element, misread.element)),
    part("learning-network",
      part("learning-kernels", kernels[1].title, kernels[1].place, note),
      part("learning-kernels", kernels[0].title, kernels[0].place, drawnDigit.maps)),
    gradient.element);
  for (const kernel of kernels) {
    kernel.drawing = mountKernels(kernel.place, { stageIndex: kernel.stageIndex, scene, pick: watch });
  }

  function choose(choices) {
    isGoing = false;
    session.begin(choices);
    const { weight: weights } = session.run.network.stages[weight.stage].arrays;
    if (weight.index >= weights.length) watch(FIRST_WEIGHT); // another table has fewer kernels
    runs.updateText();
    follow();
  }

  function setGoing(going) {
    isGoing = going;
    if (going) session.go();
    else session.pause();
    controls.show(session.run.choices, isGoing);
  }

  function watch(next) {
    weight = next;
    session.watch(weight);
    follow();
  }

  /** After every report, and whenever something else has changed. */
  function follow() {
    const { run } = session;
    controls.show(run.choices, isGoing);
    if (isGoing && run.isLost) setGoing(false);
    status.show();
    curves.draw();
    drawnDigit.follow();
    misread.draw();
    for (const { drawing, stageIndex, name } of kernels) {
      drawing?.redraw();
      const weightIndex = weight.stage === stageIndex
        ? phrase(store, `learning.weight.${name}`, placeOfWeight(run.network, weight)) : "–";
      drawing?.describe(phrase(store, "learning.kernelsText", { stage: stageName(name), weight: weightIndex }));
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
    kernels.forEach(({ title, name }) => { title.textContent = phrase(store, `learning.${name}`); });
    note.textContent = phrase(store, "learning.scale");
    runs.updateText();
    follow();
  }

  store.subscribe(["image"], drawnDigit.follow);
  store.subscribe(["palette", "fonts"], follow);
  return { updateText };
}
