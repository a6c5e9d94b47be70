/** The guided tour: ten stops from pixel to answer, in a panel beside the stages, told with the digit on the page. */

import { mountConvolution } from "lenet/convolution.js";
import { mountDrawing } from "lenet/tour/drawing.js";
import { activation, answer, code, doubt } from "lenet/tour/pictures/answers.js";
import { c5, sampling, table } from "lenet/tour/pictures/maps.js";
import { pixels, sharing } from "lenet/tour/pictures/pixels.js";
import { STOPS, stageIndexOf, contentOf, unitToShow } from "lenet/tour/stops.js";
import { fill, chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { SAMPLES } from "lenet/views/samples.js";
import { createSheet, sampleStrokes } from "lenet/views/sheet.js";

const PICTURES = { pixels, sharing, activation, sampling, table, c5, code, answer, doubt };
const BLANK_IMAGE = new Uint8Array(784);
const SAMPLE_DIGIT = 3;
const SAMPLE_WIDTH = 15;
const SETTLE_MS = 60; // milliseconds until the stages have made room for the panel

/** The section of the page that shows a stop's subject; for all other stops it is "unit". */
const SECTION_OF_STOP = { pixels: "steps", answer: "answers", doubt: "robustness" };

/**
 * @typedef {TourState & Object} PictureState - what a stop's picture is drawn from
 * @property {Network} network
 * @property {Object} store
 * @property {?number} stageIndex - of the stage that the stop is about; null for the input
 * @property {?Object} stage - of the network; null for the input, as `stagePass` and `counts` are
 * @property {?StagePass} stagePass
 * @property {?Object} counts - the stage's counts, as in the page's document
 * @property {?number[]} unit - the unit that the stop shows
 * @property {?Object} previousStage - null before the first stage
 * @property {Float32Array} previousValues - what the stage receives
 * @property {number} pictureWidth - in input pixels, chosen at the stop "c5"
 * @property {(width: number) => void} setPictureWidth
 * @property {(unit: number[]) => void} chooseUnit
 * @property {?Object} pointedPart - at the stop "pixels", the part under the pointer
 */

/**
 * @param {HTMLElement} container
 * @param {object} store
 */
export function mountTour(container, store) {
  const parts = makeParts({ end, go: (index) => go(index), move: (by) => go(store.state.stop + by) });
  container.append(parts.open, parts.status);
  let position = 0; // in `shownIndexes`, of the network that the tour explains
  let pictureWidth = null;
  let mountedPicture = null;
  let isSample = false;
  let pendingShow = 0;
  let announcedStop = "";
  let settleTimer = 0;

  function end() {
    store.set({ stop: null });
    document.querySelector("[data-do=tour]").focus({ preventScroll: true });
  }

  function go(index) {
    store.set({ stop: Math.max(0, Math.min(STOPS.length - 1, index)) });
  }

  /** At every new stop, puts its unit in focus and scrolls its stage into view. */
  function arrive() {
    const { stop, picture: drawing, image } = store.state;
    const wasOpen = !container.hidden;
    if (stop !== null) {
      if (!drawing && !image) {
        isSample = true;
        store.set({ picture: samplePicture() });
      }
      store.set({ focus: focusFor(STOPS[stop]) });
    }
    show();
    if (stop === null) return;
    if (!wasOpen) parts.open.focus({ preventScroll: true });
    parts.body.scrollTop = 0;
    clearTimeout(settleTimer);
    settleTimer = setTimeout(bringIntoView, wasOpen ? 0 : SETTLE_MS);
  }

  /** Scrolls the page until the stop's stage can be seen, unless it can already. */
  function bringIntoView() {
    const { network } = tourState();
    const stageIndex = stageIndexOf(STOPS[store.state.stop], network);
    const figure = document.querySelectorAll(".network")[position]
      ?.querySelectorAll(".stage")[stageIndex === null || stageIndex < 0 ? 0 : stageIndex + 1];
    if (!figure) return;
    const { top, bottom } = figure.getBoundingClientRect();
    const panel = parts.open.getBoundingClientRect();
    const end = panel.left > 0 ? innerHeight : panel.top; // beside the stages, or below them
    if (top < 0 || bottom > end) figure.scrollIntoView({ block: "center" });
  }

  function focusFor(stop) {
    const { model, pass, answer: currentAnswer } = tourState();
    const stageIndex = stageIndexOf(stop, model.network);
    if (stageIndex === null || stageIndex < 0) return null;
    const { focus } = store.state;
    const isStageFocused = focus?.position === position && focus.stageIndex === stageIndex;
    const unit = isStageFocused ? focus.unit : unitToShow(stop, { model, pass, answer: currentAnswer });
    return { position, stageIndex, unit, isPinned: true };
  }

  function chooseUnit(unit) {
    store.set({ focus: { ...store.state.focus, unit, isPinned: true } });
  }

  function chooseNetwork(next) {
    position = next;
    pictureWidth = null;
    arrive();
  }

  /** @returns {TourState} */
  function tourState() {
    const { models, shownIndexes, passes, answers, image, focus, stop } = store.state;
    position = Math.min(position, shownIndexes.length - 1);
    const model = models[shownIndexes[position]];
    const stageIndex = stop === null ? null : stageIndexOf(STOPS[stop], model.network);
    const isStageFocused = focus && focus.position === position && focus.stageIndex === stageIndex
      && stageIndex !== null;
    return { model, network: model.network, pass: passes[position], answer: answers[position],
      image: image ?? BLANK_IMAGE, unit: isStageFocused ? focus.unit : null };
  }

  function show() {
    const { stop, shownIndexes, models } = store.state;
    const isOpen = stop !== null && stop !== undefined;
    container.hidden = !isOpen;
    document.documentElement.classList.toggle("has-tour", isOpen);
    updateFixedTexts(parts, store, position, chooseNetwork);
    if (!isOpen) {
      removePicture();
      parts.status.textContent = "";
      announcedStop = "";
      return;
    }
    const name = STOPS[stop];
    const content = contentOf(name, tourState());
    fill(parts.title, store, content.title.key, content.title.values);
    fill(parts.idea, store, content.idea.key, content.idea.values);
    parts.live.hidden = content.live === null;
    if (content.live) fill(parts.live, store, content.live.key, content.live.values);
    parts.note.hidden = !isSample;
    parts.go.href = `#${SECTION_OF_STOP[name] ?? "unit"}`;
    parts.go.textContent = chapterText(store, `tour.same.${SECTION_OF_STOP[name] ?? "unit"}`);
    parts.go.hidden = content.live === null || (name === "doubt" && !content.hasPicture);
    parts.previous.disabled = stop === 0;
    parts.next.disabled = stop === STOPS.length - 1;
    parts.steps.forEach((step, index) => {
      if (index === stop) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
      step.classList.toggle("is-passed", index < stop);
    });
    announce(stop);
    showPicture(name, content,
      `${name} ${shownIndexes[position]} ${models[shownIndexes[position]].title} ${store.state.language}`);
  }

  function announce(stop) {
    const now = `${stop} ${store.state.language}`;
    if (now === announcedStop) return;
    announcedStop = now;
    const title = chapterText(store, "tour.announce", { stop: stop + 1, title: parts.title.textContent });
    parts.status.textContent = `${title}. ${parts.idea.textContent} ${parts.live.textContent}`;
  }

  function removePicture() {
    mountedPicture?.destroy();
    mountedPicture = null;
  }

  function showPicture(name, content, identity) {
    if (mountedPicture?.identity !== identity) {
      removePicture();
      if (!content.hasPicture) return;
      mountedPicture = name === "unit"
        ? mountConvolution(parts.picture, store, { position, stageIndex: content.stageIndex, unit: content.unit })
        : mountPicture(parts.picture, PICTURES[name], () => pictureState(content));
      mountedPicture.identity = identity;
    } else if (name === "unit") {
      mountedPicture.show(content.unit);
    } else {
      mountedPicture.update(pictureState(content));
    }
  }

  /** @returns {PictureState} */
  function pictureState(content) {
    const state = tourState();
    const { network, pass, model } = state;
    const { stageIndex, unit } = content;
    const stage = stageIndex === null ? null : network.stages[stageIndex];
    pictureWidth ??= network.inputShape[2];
    return {
      ...state, store, stage, stageIndex, unit, pictureWidth, chooseUnit,
      counts: stageIndex === null ? null : model.counts.stages[stageIndex],
      previousStage: stageIndex ? network.stages[stageIndex - 1] : null,
      previousValues: stageIndex ? pass.stages[stageIndex - 1].values : pass.input,
      stagePass: stageIndex === null ? null : pass.stages[stageIndex],
      setPictureWidth: (width) => {
        pictureWidth = width;
        show();
      },
    };
  }

  /** Shows the stop at most once a frame; the stop "doubt", with its thirteen passes, once the pen rests. */
  function scheduleShow() {
    const isSlow = STOPS[store.state.stop] === "doubt";
    clearTimeout(pendingShow);
    cancelAnimationFrame(pendingShow);
    pendingShow = isSlow ? setTimeout(show, 150) : requestAnimationFrame(show);
  }

  parts.open.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest("input, select, .connection-scroll") && event.key !== "Escape") return;
    const { stop } = store.state;
    const moves = { ArrowRight: stop + 1, ArrowLeft: stop - 1, Home: 0, End: STOPS.length - 1 };
    if (event.key === "Escape") end();
    else if (event.key in moves) go(moves[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  store.subscribe(["picture"], () => { isSample = isSample && store.state.picture?.isSample === true; });
  store.subscribe(["stop"], arrive);
  store.subscribe(["language", "theme", "shownIndexes"], show);
  store.subscribe(["passes", "focus"], () => { if (store.state.stop !== null) scheduleShow(); });
  show();
}

function makeParts({ end, go, move }) {
  const button = (onClick, className = "quiet") => make("button", { type: "button", class: className, onClick });
  const textElement = (tag, className) => make(tag, { class: className });
  const parts = {
    heading: make("h2", { id: "tour-heading", class: "small-title" }),
    end: button(end, "tour-end"),
    previous: button(() => move(-1)),
    next: button(() => move(1), "primary"),
    title: make("h3"),
    idea: textElement("p", "tour-idea"),
    live: textElement("p", "tour-live"),
    note: textElement("p", "tour-note"),
    keys: textElement("p", "tour-keys"),
    go: make("a", { href: "#unit" }),
    draw: make("a", { href: "#pad" }),
    networkChoice: make("div", { class: "tour-voices", role: "group" }),
    picture: make("div", { class: "tour-picture" }),
    status: make("p", { class: "visually-hidden", role: "status" }),
    steps: STOPS.map((_, index) => make("button", { type: "button", onClick: () => go(index) }, String(index + 1))),
  };
  parts.progress = make("ol", { class: "tour-progress" }, ...parts.steps.map((step) => make("li", {}, step)));
  parts.body = make("div", { class: "tour-body", tabindex: "0", role: "group", "aria-labelledby": "tour-heading" },
    parts.title, parts.idea, parts.live, parts.picture,
    make("p", { class: "tour-links" }, parts.go, parts.draw), parts.note, parts.networkChoice);
  parts.open = make("div", { class: "tour", tabindex: "-1", role: "group", "aria-labelledby": "tour-heading" },
    make("div", { class: "tour-head" }, parts.heading, parts.end),
    parts.progress, parts.body,
    make("div", { class: "tour-moves" }, parts.previous, parts.next, parts.keys));
  return parts;
}

/** The texts that do not depend on the stop, and the choice of network where two are shown. */
function updateFixedTexts(parts, store, position, chooseNetwork) {
  for (const name of ["heading", "end", "previous", "next", "keys", "draw"]) {
    parts[name].textContent = chapterText(store, `tour.${name}`);
  }
  parts.note.textContent = chapterText(store, "tour.sample");
  parts.progress.setAttribute("aria-label", chapterText(store, "tour.stops"));
  parts.steps.forEach((step, index) => {
    const name = chapterText(store, `tour.name.${STOPS[index]}`);
    step.setAttribute("aria-label", chapterText(store, "tour.stop", { stop: index + 1, name }));
    step.title = name;
  });
  const { shownIndexes, models } = store.state;
  parts.networkChoice.hidden = shownIndexes.length < 2;
  parts.networkChoice.setAttribute("aria-label", chapterText(store, "tour.network"));
  if (parts.networkChoice.dataset.shown !== shownIndexes.join()) {
    parts.networkChoice.dataset.shown = shownIndexes.join();
    parts.networkChoice.replaceChildren(...shownIndexes.map((index, choice) =>
      make("button", { type: "button", class: "quiet", onClick: () => chooseNetwork(choice) }, models[index].title)));
  }
  [...parts.networkChoice.children].forEach((element, index) =>
    element.setAttribute("aria-pressed", index === position));
}

/** A stop's picture: a canvas and, where the stop has one, an element under it; both follow the PictureState. */
function mountPicture(host, { height, draw, label, extend = null, point = null }, currentState) {
  let state = currentState();
  let pointedPart = null;
  const drawing = mountDrawing(host, {
    height: (width) => height(width, state),
    draw: (context, width, canvasHeight, palette) =>
      draw(context, palette, width, canvasHeight, { ...state, pointedPart }),
  });
  let extension = extend?.(host, state);
  if (point) {
    drawing.canvas.addEventListener("pointermove", (event) => {
      pointedPart = point(state, event.offsetX, event.offsetY, drawing.canvas.clientWidth);
      drawing.redraw();
    });
    drawing.canvas.addEventListener("pointerleave", () => {
      pointedPart = null;
      drawing.redraw();
    });
  }
  const describe = () => drawing.describe(label(state.store, state));
  describe();
  return {
    update: (next) => {
      state = next;
      extension?.update(state);
      describe();
      drawing.redraw();
    },
    destroy: () => {
      drawing.destroy();
      extension?.element.remove();
      extension = null;
    },
  };
}

/** The picture of a sample digit, for readers who have not drawn one. */
function samplePicture() {
  const sheet = createSheet();
  sampleStrokes(SAMPLES[SAMPLE_DIGIT], SAMPLE_WIDTH).forEach((stroke) => sheet.drawStroke(stroke));
  const mountedPicture = sheet.read();
  mountedPicture.isSample = true;
  return mountedPicture;
}
