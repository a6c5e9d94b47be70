/** Test digits as points: the outputs of the last hidden stage, projected on two axes, and one's own drawing there. */

import { unpackDigits } from "lenet/learning/digits.js";
import { networkInput, probabilities } from "lenet/network.js";
import { principalComponents, projected } from "lenet/plane/principal.js";
import { inSlices } from "lenet/robustness/curves.js";
import { say, t, together } from "lenet/text.js";
import { drawTile, mountDrawing, whenNear, write } from "lenet/tour/drawing.js";
import { make } from "lenet/views/elements.js";
import { percent, stageName } from "lenet/views/numbers.js";

const PIXELS = 784;
const MAX_UNITS = 400; // of a stage; larger ones take too long to be projected
const MARGIN = 18;
const RADIUS = 7.5;
const MAX_MISREAD = 30; // that are listed

/**
 * @param {HTMLElement} container
 * @param {Object} store - gets how many of the test digits are misread, as `misread`
 * @param {Object} packed - the document's digits
 */
export function mountPlane(container, store, packed) {
  const lead = make("p", { class: "section-text" });
  const host = make("div", { class: "plane-canvas" });
  const says = make("p", { class: "plane-says", "aria-live": "polite" });
  const list = make("div", { class: "plane-misread", role: "group" });
  container.append(
    make("div", { class: "section-head" }, say(store, make("h2"), "plane.title"), lead),
    make("div", { class: "plane" }, host, make("div", {}, says, list)));
  let digits = null;
  let points = [];
  let map = null;
  let counted = null;
  let pointed = null;
  let tiles = [];

  const drawing = mountDrawing(host, {
    height: (width) => Math.min(560, Math.max(300, width * 0.62)),
    draw: (context, width, height, palette) => draw(context, width, height, palette),
  });
  const slices = inSlices(measure, (isDone) => { if (isDone) finish(); }, 8);
  const loadedNow = () => store.state.networks[store.state.shown[0]];
  const hiddenStage = ({ network }) => network.stages.length - 2;

  /** Whether the network reads the digits that are there, and has a stage before its outputs that can be projected. */
  function suits(loaded) {
    const stage = loaded.network.stages[hiddenStage(loaded)];
    const units = stage?.outputShape.reduce((product, size) => product * size, 1) ?? Infinity;
    return loaded.pictures.kind === "digits" && loaded.labels.join("") === "0123456789" && units <= MAX_UNITS;
  }

  function* measure() {
    const loaded = loadedNow();
    const { network, labels } = loaded;
    const found = [];
    for (let index = digits.training; index < digits.training + digits.test; index++) {
      const image = digits.images.subarray(index * PIXELS, (index + 1) * PIXELS);
      const pass = network.run(networkInput(network, image));
      const answer = probabilities(loaded, pass.outputs);
      found.push({ image, label: String(digits.labels[index]), read: labels[answer.winner], answer,
        vector: pass.stages[hiddenStage(loaded)].values });
      yield;
    }
    map = principalComponents(found.map(({ vector }) => vector), 2);
    yield;
    points = found.map((point) => ({ ...point, place: projected(point.vector, map) }));
  }

  function finish() {
    counted = loadedNow();
    const wrong = points.filter(isWrong).length;
    store.set({ misread: { network: store.state.shown[0], count: wrong, of: points.length } });
    listMisread();
    tell();
  }

  const isWrong = ({ label, read }) => label !== read;

  /** Where one's own drawing lies; null without one. */
  function own() {
    const { image, passes } = store.state;
    const pass = passes[0];
    if (!image || !map || counted !== loadedNow()) return null;
    return projected(pass.stages[hiddenStage(counted)].values, map);
  }

  function draw(context, width, height, palette) {
    if (!points.length) return;
    const bounds = [0, 1].map((axis) => {
      const along = points.map(({ place }) => place[axis]);
      return [Math.min(...along), Math.max(...along)];
    });
    const within = (value, axis, length) => {
      const [low, high] = bounds[axis];
      const share = Math.max(0, Math.min(1, (value - low) / (high - low || 1)));
      return MARGIN + (axis ? 1 - share : share) * (length - 2 * MARGIN);
    };
    const at = (place) => [within(place[0], 0, width), within(place[1], 1, height)];
    const style = getComputedStyle(host);
    for (const point of [...points].sort((a, b) => isWrong(a) - isWrong(b))) {
      const [x, y] = at(point.place);
      Object.assign(point, { x, y });
      context.fillStyle = style.getPropertyValue(`--digit-${point.label}`);
      context.beginPath();
      context.arc(x, y, RADIUS, 0, 7);
      context.fill();
      write(context, palette, point.label, x, y + 0.5,
        { size: 11, align: "center", face: palette.mono, color: palette.ink });
      if (!isWrong(point) && point !== pointed) continue;
      context.strokeStyle = point === pointed ? palette.accent : palette.positive;
      context.lineWidth = 2.5;
      context.stroke();
    }
    const place = own();
    if (!place) return;
    const [x, y] = at(place);
    const { image } = store.state;
    const side = 34;
    drawTile(context, palette, image, { rows: 28, columns: 28, x: x - side / 2, y: y - side / 2, width: side,
      ink: [0, 255] });
    context.strokeStyle = palette.accent;
    context.lineWidth = 3;
    context.strokeRect(x - side / 2 - 1, y - side / 2 - 1, side + 2, side + 2);
  }

  function tell() {
    const loaded = loadedNow();
    const stage = loaded.network.stages[hiddenStage(loaded)];
    container.hidden = !suits(loaded);
    if (container.hidden) return;
    lead.textContent = t(store, "plane.text", { stage: stageName(stage.name), units: stage.outputShape[0],
      count: packed.test, share: map ? percent(map.shares[0] + map.shares[1]) : "–" });
    const wrong = points.filter(isWrong);
    const sentences = !points.length ? [t(store, "plane.working")]
      : [t(store, "plane.misread", { name: loaded.title, wrong: wrong.length, count: points.length })];
    if (pointed) sentences.push(t(store, isWrong(pointed) ? "plane.wrong" : "plane.right",
      { label: pointed.label, read: pointed.read, share: percent(Math.max(...pointed.answer.probabilities)) }));
    says.textContent = together(store, sentences);
    drawing.describe(says.textContent);
    drawing.redraw();
  }

  function listMisread() {
    tiles.forEach((tile) => tile.destroy());
    tiles = [];
    list.setAttribute("aria-label", t(store, "plane.list"));
    list.replaceChildren(...points.filter(isWrong).slice(0, MAX_MISREAD).map(buttonOf));
  }

  function buttonOf(point) {
    const host = make("span");
    const button = make("button", { type: "button", onClick: () => pointTo(point) }, host,
      `${point.label} → ${point.read}`);
    const tile = mountDrawing(host, { height: (width) => width, draw: (context, width, _height, palette) =>
      drawTile(context, palette, point.image, { rows: 28, columns: 28, x: 1, y: 1, width: width - 2, ink: [0, 255] }) });
    tile.canvas.removeAttribute("role");
    tile.canvas.setAttribute("aria-hidden", "true");
    tiles.push(tile);
    return button;
  }

  function pointTo(point) {
    if (point === pointed) return;
    pointed = point;
    tell();
  }

  drawing.canvas.addEventListener("pointermove", (event) => {
    const near = points.map((point) => ({ point, gap: Math.hypot(point.x - event.offsetX, point.y - event.offsetY) }))
      .filter(({ gap }) => gap < 2 * RADIUS).sort((a, b) => a.gap - b.gap);
    if (near.length) pointTo(near[0].point);
  });

  let isNear = false;
  async function remeasure() {
    tell();
    if (!isNear || container.hidden) return;
    if (!digits) {
      try {
        digits = await unpackDigits(packed);
      } catch {
        says.textContent = t(store, "plane.unable");
        return;
      }
    }
    slices.restart(200);
  }

  function forget() {
    [points, counted, pointed] = [[], null, null];
    listMisread();
    remeasure();
  }

  store.subscribe(["shown"], forget);
  store.subscribe(["edits"], () => { counted = null; remeasure(); });
  store.subscribe(["passes", "palette", "fonts"], drawing.redraw);
  store.subscribe(["language"], () => {
    listMisread();
    tell();
  });
  tell();
  whenNear(container, (near) => {
    isNear = near;
    if (near && counted !== loadedNow()) remeasure();
  });
}
