/** The guided tour: ten stops from pixel to answer, in a panel beside the stages, told with the digit on the page. */

import { mountConvolution } from "lenet/convolution.js";
import { mountDrawing } from "lenet/tour/drawing.js";
import { activation, answer, code, doubt } from "lenet/tour/pictures/answers.js";
import { c5, sampling, table } from "lenet/tour/pictures/maps.js";
import { pixels, sharing } from "lenet/tour/pictures/pixels.js";
import { STOPS, stageOf, tellStop, unitOf } from "lenet/tour/stops.js";
import { fill, phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { SAMPLES } from "lenet/views/samples.js";
import { createSheet, strokesOf } from "lenet/views/sheet.js";

const PICTURES = { pixels, sharing, activation, sampling, table, c5, code, answer, doubt };
const BLANK = new Uint8Array(784);
const SAMPLE_DIGIT = 3;
const SAMPLE_WIDTH = 15;
const SETTLING = 60; // milliseconds until the stages have made room for the panel

/** Where on the page the same is seen of the drawing; of all others, where the unit is written out. */
const PLACE_OF = { pixels: "steps", answer: "answers", doubt: "robustness" };

/**
 * @param {HTMLElement} container
 * @param {object} store
 */
export function mountTour(container, store) {
  const parts = makeParts({ end, go: (index) => go(index), move: (by) => go(store.state.stop + by) });
  container.append(parts.open, parts.status);
  let voice = 0;
  let wide = null;
  let picture = null;
  let isSample = false;
  let pending = 0;
  let announced = "";
  let settling = 0;

  function end() {
    store.set({ stop: null });
    document.querySelector("[data-do=tour]").focus({ preventScroll: true });
  }

  function go(index) {
    store.set({ stop: Math.max(0, Math.min(STOPS.length - 1, index)) });
  }

  /** At every new stop: its unit in focus, and what it is about in view. */
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
    clearTimeout(settling);
    settling = setTimeout(bringIntoView, wasOpen ? 0 : SETTLING);
  }

  /** Scrolls the page until the stage that is spoken of can be seen, unless it can already. */
  function bringIntoView() {
    const { network } = scene();
    const stage = stageOf(STOPS[store.state.stop], network);
    const figure = document.querySelectorAll(".network")[voice]
      ?.querySelectorAll(".stage")[stage === null || stage < 0 ? 0 : stage + 1];
    if (!figure) return;
    const { top, bottom } = figure.getBoundingClientRect();
    const panel = parts.open.getBoundingClientRect();
    const end = panel.left > 0 ? innerHeight : panel.top; // beside the stages, or below them
    if (top < 0 || bottom > end) figure.scrollIntoView({ block: "center" });
  }

  function focusFor(stop) {
    const { loaded, pass, answer: answered } = scene();
    const stage = stageOf(stop, loaded.network);
    if (stage === null || stage < 0) return null;
    const { focus } = store.state;
    const isThere = focus?.shown === voice && focus.stage === stage;
    const unit = isThere ? focus.unit : unitOf(stop, { loaded, pass, answer: answered });
    return { shown: voice, stage, unit, pinned: true };
  }

  function choose(unit) {
    store.set({ focus: { ...store.state.focus, unit, pinned: true } });
  }

  function speakWith(next) {
    voice = next;
    wide = null;
    arrive();
  }

  function scene() {
    const { networks, shown, passes, answers, image, focus, stop } = store.state;
    voice = Math.min(voice, shown.length - 1);
    const loaded = networks[shown[voice]];
    const stage = stop === null ? null : stageOf(STOPS[stop], loaded.network);
    const isThere = focus && focus.shown === voice && focus.stage === stage && stage !== null;
    return { loaded, network: loaded.network, pass: passes[voice], answer: answers[voice], image: image ?? BLANK,
      unit: isThere ? focus.unit : null };
  }

  function show() {
    const { stop, shown, networks } = store.state;
    const isOpen = stop !== null && stop !== undefined;
    container.hidden = !isOpen;
    document.documentElement.classList.toggle("has-tour", isOpen);
    sayFixed(parts, store, voice, speakWith);
    if (!isOpen) {
      dropPicture();
      parts.status.textContent = "";
      announced = "";
      return;
    }
    const name = STOPS[stop];
    const content = tellStop(name, scene());
    fill(parts.title, store, content.title.key, content.title.values);
    fill(parts.idea, store, content.idea.key, content.idea.values);
    parts.live.hidden = content.live === null;
    if (content.live) fill(parts.live, store, content.live.key, content.live.values);
    parts.note.hidden = !isSample;
    parts.go.href = `#${PLACE_OF[name] ?? "unit"}`;
    parts.go.textContent = phrase(store, `tour.same.${PLACE_OF[name] ?? "unit"}`);
    parts.go.hidden = content.live === null || (name === "doubt" && !content.hasPicture);
    parts.previous.disabled = stop === 0;
    parts.next.disabled = stop === STOPS.length - 1;
    parts.steps.forEach((step, index) => {
      if (index === stop) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
      step.classList.toggle("is-passed", index < stop);
    });
    announce(stop);
    showPicture(name, content, `${name} ${shown[voice]} ${networks[shown[voice]].title} ${store.state.language}`);
  }

  function announce(stop) {
    const now = `${stop} ${store.state.language}`;
    if (now === announced) return;
    announced = now;
    parts.status.textContent = `${phrase(store, "tour.announce", { stop: stop + 1, title: parts.title.textContent })}. `
      + `${parts.idea.textContent} ${parts.live.textContent}`;
  }

  function dropPicture() {
    picture?.destroy();
    picture = null;
  }

  function showPicture(name, content, identity) {
    if (picture?.identity !== identity) {
      dropPicture();
      if (!content.hasPicture) return;
      picture = name === "unit"
        ? mountConvolution(parts.picture, store, { shown: voice, stage: content.stage, unit: content.unit })
        : mountPicture(parts.picture, PICTURES[name], () => sceneOf(content));
      picture.identity = identity;
    } else if (name === "unit") {
      picture.show(content.unit);
    } else {
      picture.update(sceneOf(content));
    }
  }

  /** All that pictures draw from. */
  function sceneOf(content) {
    const now = scene();
    const { network, pass, loaded } = now;
    const layer = content.stage === null ? null : network.stages[content.stage];
    wide ??= network.inputShape[2];
    return {
      ...now, store, layer, stage: content.stage, unit: content.unit, wide, choose,
      account: content.stage === null ? null : loaded.account.stages[content.stage],
      before: content.stage ? network.stages[content.stage - 1] : null,
      beforeValues: content.stage ? pass.stages[content.stage - 1].values : pass.input,
      passed: content.stage === null ? null : pass.stages[content.stage],
      widen: (width) => {
        wide = width;
        show();
      },
    };
  }

  /** At most once a frame; rotating the digit thirteen times waits until the pen rests. */
  function later() {
    const isHeavy = STOPS[store.state.stop] === "doubt";
    clearTimeout(pending);
    cancelAnimationFrame(pending);
    pending = isHeavy ? setTimeout(show, 150) : requestAnimationFrame(show);
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
  store.subscribe(["language", "theme", "shown"], show);
  store.subscribe(["passes", "focus"], () => { if (store.state.stop !== null) later(); });
  show();
}

function makeParts({ end, go, move }) {
  const button = (run, className = "quiet") => make("button", { type: "button", class: className, onClick: run });
  const text = (tag, className) => make(tag, { class: className });
  const parts = {
    heading: make("h2", { id: "tour-heading", class: "small-title" }),
    end: button(end, "tour-end"),
    previous: button(() => move(-1)),
    next: button(() => move(1), "primary"),
    title: make("h3"),
    idea: text("p", "tour-idea"),
    live: text("p", "tour-live"),
    note: text("p", "tour-note"),
    keys: text("p", "tour-keys"),
    go: make("a", { href: "#unit" }),
    draw: make("a", { href: "#pad" }),
    voices: make("div", { class: "tour-voices", role: "group" }),
    picture: make("div", { class: "tour-picture" }),
    status: make("p", { class: "unseen", role: "status" }),
    steps: STOPS.map((_, index) => make("button", { type: "button", onClick: () => go(index) }, String(index + 1))),
  };
  parts.progress = make("ol", { class: "tour-progress" }, ...parts.steps.map((step) => make("li", {}, step)));
  parts.body = make("div", { class: "tour-body", tabindex: "0", role: "group", "aria-labelledby": "tour-heading" },
    parts.title, parts.idea, parts.live, parts.picture,
    make("p", { class: "tour-links" }, parts.go, parts.draw), parts.note, parts.voices);
  parts.open = make("div", { class: "tour", tabindex: "-1", role: "group", "aria-labelledby": "tour-heading" },
    make("div", { class: "tour-head" }, parts.heading, parts.end),
    parts.progress, parts.body,
    make("div", { class: "tour-moves" }, parts.previous, parts.next, parts.keys));
  return parts;
}

/** The texts that do not depend on the stop, and the choice of network where two are shown. */
function sayFixed(parts, store, voice, speakWith) {
  for (const name of ["heading", "end", "previous", "next", "keys", "draw"]) {
    parts[name].textContent = phrase(store, `tour.${name}`);
  }
  parts.note.textContent = phrase(store, "tour.sample");
  parts.progress.setAttribute("aria-label", phrase(store, "tour.stops"));
  parts.steps.forEach((step, index) => {
    const name = phrase(store, `tour.name.${STOPS[index]}`);
    step.setAttribute("aria-label", phrase(store, "tour.stop", { stop: index + 1, name }));
    step.title = name;
  });
  const { shown, networks } = store.state;
  parts.voices.hidden = shown.length < 2;
  parts.voices.setAttribute("aria-label", phrase(store, "tour.network"));
  if (parts.voices.dataset.shown !== shown.join()) {
    parts.voices.dataset.shown = shown.join();
    parts.voices.replaceChildren(...shown.map((index, position) =>
      make("button", { type: "button", class: "quiet", onClick: () => speakWith(position) }, networks[index].title)));
  }
  [...parts.voices.children].forEach((element, position) => element.setAttribute("aria-pressed", position === voice));
}

/** A canvas and, where the stop has one, an element under it; both follow the scene. */
function mountPicture(host, { height, draw, label, extend = null, point = null }, first) {
  let scene = first();
  let pointed = null;
  const drawing = mountDrawing(host, {
    height: (width) => height(width, scene),
    draw: (context, width, tall, palette) => draw(context, palette, width, tall, { ...scene, pointed }),
  });
  let extension = extend?.(host, scene);
  if (point) {
    drawing.canvas.addEventListener("pointermove", (event) => {
      pointed = point(scene, event.offsetX, event.offsetY, drawing.canvas.clientWidth);
      drawing.redraw();
    });
    drawing.canvas.addEventListener("pointerleave", () => {
      pointed = null;
      drawing.redraw();
    });
  }
  const describe = () => drawing.describe(label(scene.store, scene));
  describe();
  return {
    update: (next) => {
      scene = next;
      extension?.update(scene);
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

/** A digit as a pen would draw it, for who has not drawn one. */
function samplePicture() {
  const sheet = createSheet();
  strokesOf(SAMPLES[SAMPLE_DIGIT], SAMPLE_WIDTH).forEach((stroke) => sheet.draw(stroke));
  const picture = sheet.read();
  picture.isSample = true;
  return picture;
}
