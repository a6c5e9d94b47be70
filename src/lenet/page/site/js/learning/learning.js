/** The chapter in which a network is trained in the page; digits and worker come when it is opened. */

import { mountChart } from "lenet/learning/charts.js";
import { CHOICES, PRESETS } from "lenet/learning/choices.js";
import { mountControls, textOf } from "lenet/learning/controls.js";
import { mountDrawnDigit } from "lenet/learning/drawn_digit.js";
import { mountGradientSum } from "lenet/learning/gradient_sum.js";
import { mountKernels, placeOfWeight } from "lenet/learning/kernels.js";
import { mountMisread } from "lenet/learning/misread.js";
import { openSession } from "lenet/learning/session.js";
import { mountStatus } from "lenet/learning/status.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

const FIRST_PRESET = "today";
const C1 = 0;
const C3 = 2;
const FIRST_WEIGHT = { stage: C3, index: 12 }; // the middle of a kernel

/**
 * @param {HTMLElement} container
 * @param {Object} store
 * @param {Object} packed - the document's digits
 */
export function mountLearning(container, store, packed) {
  const counts = { training: packed.training.toLocaleString("en"), test: String(packed.test) };
  const heading = make("h2", { id: "learning-heading" });
  const lead = make("p", { class: "section-text" });
  const invite = make("p", { class: "tour-invite" });
  const open = make("button", { type: "button", class: "primary", "data-do": "open-learning", onClick: start });
  const closed = make("div", { class: "tour-closed" }, invite, open);
  const workbench = make("div", { class: "learning-open", tabindex: "-1", role: "group", "aria-labelledby": "learning-heading" });
  const source = make("p", { class: "learning-source" });
  container.append(make("div", { class: "learning" },
    make("div", { class: "section-head" }, heading, lead), closed, workbench, source));
  workbench.hidden = true;
  let bench = null;

  async function start() {
    open.disabled = true;
    open.textContent = phrase(store, "learning.opening");
    try {
      bench = await mountWorkbench(workbench, store, packed, counts);
    } catch {
      invite.textContent = phrase(store, "learning.unable");
      return;
    }
    closed.hidden = true;
    workbench.hidden = false;
    workbench.focus({ preventScroll: true });
    bench.say();
  }

  function say() {
    heading.textContent = phrase(store, "learning.heading");
    lead.textContent = phrase(store, "learning.lead", counts);
    invite.textContent = phrase(store, "learning.invite");
    open.textContent = phrase(store, open.disabled ? "learning.opening" : "learning.open");
    source.textContent = phrase(store, "learning.source", counts);
    bench?.say();
  }

  store.subscribe(["language"], say);
  store.subscribe(["reading"], () => { container.hidden = Boolean(store.state.reading?.isWhole); });
  say();
}

async function mountWorkbench(host, store, packed, counts) {
  let weight = FIRST_WEIGHT;
  let isGoing = false;
  const session = await openSession(packed, store.state.digitCodes, follow);
  const scene = () => ({ run: session.run, earlier: session.earlier, digits: session.digits, weight,
    network: session.run.network });
  const controls = mountControls(store, {
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
  const status = mountStatus(store, scene, counts);
  const runs = make("div", { class: "learning-runs" });
  const charts = makeCharts(store, scene, counts);
  const drawn = mountDrawnDigit(store, () => session.run?.network);
  const misread = mountMisread(store, scene, counts);
  const gradient = mountGradientSum(store, scene);
  const kernels = [C1, C3].map((stageIndex) => {
    const title = make("h3", { class: "small-title" });
    const place = make("div");
    return { title, place, stageIndex, drawing: null };
  });
  const note = make("p", { class: "figure-note" });
  store.set({ learning: session });
  session.begin({ ...PRESETS[FIRST_PRESET] });
  session.watch(weight);
  host.append(
    controls.presets,
    part("learning-bench",
      part("learning-middle", controls.buttons, status.element, charts.element, runs),
      controls.choices,
      part("learning-side", drawn.element, misread.element)),
    part("learning-network",
      part("learning-kernels", kernels[1].title, kernels[1].place, note),
      part("learning-kernels", kernels[0].title, kernels[0].place, drawn.maps)),
    gradient.element);
  for (const kernel of kernels) {
    kernel.drawing = mountKernels(kernel.place, { stageIndex: kernel.stageIndex, scene, pick: watch });
  }

  function choose(choices) {
    isGoing = false;
    session.begin(choices);
    sayRuns();
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
    const misreadNow = run.readings.at(-1)?.misread.length;
    Object.assign(host.dataset, { updates: run.updates, passes: run.passes, isGoing, misread: misreadNow ?? "" });
    controls.show(run.choices, isGoing);
    if (isGoing && run.losses.length && !Number.isFinite(run.losses.at(-1).loss)) setGoing(false);
    status.show();
    charts.draw();
    drawn.follow();
    misread.draw();
    for (const { drawing, stageIndex } of kernels) {
      drawing?.redraw();
      drawing?.describe(phrase(store, "learning.kernelsText", { stage: stageIndex === C1 ? "C1" : "C3", weight: nameOf(stageIndex) }));
    }
    gradient.draw();
  }

  function nameOf(stageIndex) {
    if (weight.stage !== stageIndex) return "–";
    return phrase(store, `learning.weight.${stageIndex === C1 ? "c1" : "c3"}`, placeOfWeight(session.run.network, weight));
  }

  /** This run and the one before it, told by what was chosen differently. */
  function sayRuns() {
    const { run, earlier } = session;
    const entry = (className, name, ...more) => make("p", { class: `learning-run ${className}` },
      make("span", { class: "learning-swatch", "aria-hidden": "true" }), make("b", {}, name), ...more);
    const differing = earlier ? Object.keys(CHOICES).filter((key) => earlier.choices[key] !== run.choices[key]) : [];
    const told = (choices) => differing.map((key) =>
      `${phrase(store, `learning.${key}`)}: ${textOf(store, key, choices[key])}`).join(" · ") || phrase(store, "learning.same");
    const forget = make("button", { type: "button", class: "plain", onClick: () => {
      session.forgetEarlier();
      sayRuns();
      follow();
    } }, phrase(store, "learning.forget"));
    const another = earlier && !isSameLoss(earlier, run) ? [phrase(store, "learning.otherLoss")] : [];
    runs.replaceChildren(...(earlier ? [
      entry("is-now", phrase(store, "learning.now"), make("span", {}, told(run.choices))),
      entry("is-earlier", phrase(store, "learning.earlier"), make("span", {}, [told(earlier.choices), ...another].join(" · ")), forget),
    ] : []));
  }

  function say() {
    controls.say();
    status.say();
    charts.say();
    drawn.say();
    misread.say();
    gradient.say();
    kernels.forEach(({ title, stageIndex }) => { title.textContent = phrase(store, stageIndex === C1 ? "learning.c1" : "learning.c3"); });
    note.textContent = phrase(store, "learning.scale");
    sayRuns();
    follow();
  }

  store.subscribe(["image"], drawn.follow);
  store.subscribe(["palette", "fonts"], follow);
  return { say };
}

/** Penalties and logits are made small by different losses, whose numbers do not compare. */
const isSameLoss = (one, other) => (one.choices.outputs === "rbf") === (other.choices.outputs === "rbf");

function makeCharts(store, scene, counts) {
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

  function say() {
    titles[0].textContent = phrase(store, "learning.chart.error");
    titles[1].textContent = phrase(store, "learning.chart.loss");
    legend.replaceChildren(...["test", "batches"].map((name) => make("span", {},
      make("span", { class: `learning-swatch is-${name}`, "aria-hidden": "true" }),
      phrase(store, `learning.chart.${name}`, counts))));
  }

  const element = make("div", { class: "learning-charts" },
    make("div", {}, titles[0], errorHost, legend), make("div", {}, titles[1], lossHost));
  return { element, draw, say };
}

const errorsOf = ({ readings }, { test }) => readings.map(({ passes, misread }) => [passes, (100 * misread.length) / test]);
const lossesOf = ({ losses }) => losses.filter(({ loss }) => Number.isFinite(loss)).map(({ passes, loss }) => [passes, loss]);

/** Losses that mean something. */
function marksOf(store, { outputs }) {
  if (outputs === "rbf") return [];
  const chance = { value: Math.log(10), text: phrase(store, "learning.chart.chance") };
  if (outputs === "logits") return [chance];
  return [chance, { value: Math.log(Math.E + 9) - 1, text: phrase(store, "learning.chart.floor") }];
}
