/**
 * Test digits as points: the outputs of the last hidden stage, projected on two axes, and one's own drawing there.
 *
 * Axes and places come with the document. Of a network whose kernels are edited the digits are read again, and lie on
 * the axes that it had as learned.
 */

import { unpackDigits } from "lenet/learning/digits.js";
import { networkInput, probabilities } from "lenet/network.js";
import { classify, inSlices } from "lenet/robustness/curves.js";
import { bindText, joinSentences, translate } from "lenet/text.js";
import { drawTile, mountDrawing, whenNear, write } from "lenet/tour/drawing.js";
import { make } from "lenet/views/elements.js";
import { percent, stageName } from "lenet/views/numbers.js";

const PIXELS = 784;
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
  const message = make("p", { class: "plane-message", "aria-live": "polite" });
  const list = make("div", { class: "plane-misread", role: "group" });
  container.append(
    make("div", { class: "section-head" }, bindText(store, make("h2"), "plane.title"), lead),
    make("div", { class: "plane" }, host, make("div", {}, message, list)));
  let digits = null;
  let points = [];
  let pointed = null;
  let tiles = [];
  let measured = [];

  const drawing = mountDrawing(host, {
    height: (width) => Math.min(560, Math.max(300, width * 0.62)),
    draw: (context, width, height, palette) => draw(context, width, height, palette),
  });
  const slices = inSlices(measure, (isDone) => { if (isDone) finish(measured); }, 8);
  const loadedNow = () => store.state.networks[store.state.shown[0]];
  const hiddenStage = ({ network }) => network.stages.length - 2;
  const isEdited = () => store.state.edits.some(({ network }) => network === store.state.shown[0]);

  /** The points as they came with the document. */
  function learned({ plane }) {
    return Array.from({ length: packed.test }, (_, index) => ({ index, label: packed.labels[packed.training + index],
      read: plane.read[index], place: plane.places.subarray(2 * index, 2 * index + 2) }));
  }

  /** The points of a network whose kernels are edited. */
  function* measure() {
    const loaded = loadedNow();
    const { network, labels, plane } = loaded;
    measured = [];
    for (let index = 0; index < packed.test; index++) {
      const pass = network.run(networkInput(network, imageOf(index)));
      measured.push({ index, label: packed.labels[packed.training + index],
        read: labels[probabilities(loaded, pass.outputs).winner],
        place: projected(pass.stages[hiddenStage(loaded)].values, plane) });
      yield;
    }
  }

  function finish(placed) {
    points = placed;
    pointed = pointed && points[pointed.index];
    const wrong = points.filter(isWrong).length;
    store.set({ misread: { network: store.state.shown[0], wrong, total: points.length } });
    listMisread();
    updateMessage();
  }

  const isWrong = ({ label, read }) => label !== read;
  const imageOf = (index) => digits.images.subarray((packed.training + index) * PIXELS,
    (packed.training + index + 1) * PIXELS);

  /** Where one's own drawing lies; null without one. */
  function drawnPoint() {
    const { image, passes } = store.state;
    return image && projected(passes[0].stages[hiddenStage(loadedNow())].values, loadedNow().plane);
  }

  function draw(context, width, height, palette) {
    if (!points.length) return;
    const bounds = [0, 1].map((axis) => {
      const along = points.map(({ place: coordinates }) => coordinates[axis]);
      return [Math.min(...along), Math.max(...along)];
    });
    const within = (value, axis, length) => {
      const [low, high] = bounds[axis];
      const share = Math.max(0, Math.min(1, (value - low) / (high - low || 1)));
      return MARGIN + (axis ? 1 - share : share) * (length - 2 * MARGIN);
    };
    const pointOf = (coordinates) => [within(coordinates[0], 0, width), within(coordinates[1], 1, height)];
    const style = getComputedStyle(host);
    for (const point of [...points].sort((a, b) => isWrong(a) - isWrong(b))) {
      const [x, y] = pointOf(point.place);
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
    const place = drawnPoint();
    if (!place) return;
    const [x, y] = pointOf(place);
    const { image } = store.state;
    const side = 34;
    drawTile(context, palette, image, { rows: 28, columns: 28, x: x - side / 2, y: y - side / 2, width: side,
      ink: [0, 255] });
    context.strokeStyle = palette.accent;
    context.lineWidth = 3;
    context.strokeRect(x - side / 2 - 1, y - side / 2 - 1, side + 2, side + 2);
  }

  function updateMessage() {
    const loaded = loadedNow();
    container.hidden = !loaded.plane;
    if (container.hidden) return;
    const stage = loaded.network.stages[hiddenStage(loaded)];
    const [first, second] = loaded.plane.shares;
    lead.textContent = translate(store, "plane.text", { stage: stageName(stage.name), units: stage.outputShape[0],
      count: packed.test, share: percent(first + second) });
    const wrong = points.filter(isWrong);
    const sentences = [store.state.misread
      ? translate(store, "plane.misread", { name: loaded.title, wrong: wrong.length, count: points.length })
      : translate(store, "plane.working")];
    if (pointed && digits) {
      const { probabilities } = classify(loaded, imageOf(pointed.index));
      sentences.push(translate(store, isWrong(pointed) ? "plane.wrong" : "plane.right",
        { label: pointed.label, read: pointed.read, probability: percent(Math.max(...probabilities)) }));
    }
    message.textContent = joinSentences(store, sentences);
    drawing.describe(message.textContent);
    drawing.redraw();
  }

  /** Buttons of the misread digits; their pictures are drawn once the digits are unpacked. */
  function listMisread() {
    tiles.forEach((tile) => tile.destroy());
    tiles = [];
    list.setAttribute("aria-label", translate(store, "plane.list"));
    list.replaceChildren(...points.filter(isWrong).slice(0, MAX_MISREAD).map(buttonOf));
  }

  function buttonOf(point) {
    const host = make("span");
    const button = make("button", { type: "button", onClick: () => pointTo(point) }, host,
      `${point.label} → ${point.read}`);
    const tile = mountDrawing(host, { height: (width) => width, draw: (context, width, _height, palette) => {
      if (!digits) return;
      drawTile(context, palette, imageOf(point.index),
        { rows: 28, columns: 28, x: 1, y: 1, width: width - 2, ink: [0, 255] });
    } });
    tile.canvas.removeAttribute("role");
    tile.canvas.setAttribute("aria-hidden", "true");
    tiles.push(tile);
    return button;
  }

  function pointTo(point) {
    if (point === pointed) return;
    pointed = point;
    updateMessage();
  }

  drawing.canvas.addEventListener("pointermove", (event) => {
    const near = points.map((point) => ({ point, gap: Math.hypot(point.x - event.offsetX, point.y - event.offsetY) }))
      .filter(({ gap }) => gap < 2 * RADIUS).sort((a, b) => a.gap - b.gap);
    if (near.length) pointTo(near[0].point);
  });

  /** Unpacks the digits, once, when their pictures are first needed. */
  async function unpack() {
    try {
      digits ??= await unpackDigits(packed);
      tiles.forEach((tile) => tile.redraw());
    } catch {
      message.textContent = translate(store, "plane.unable");
    }
    return digits;
  }

  /** The points of the network that is shown, as it is. */
  async function update() {
    slices.stop();
    if (!loadedNow().plane) {
      updateMessage();
      return;
    }
    if (!isEdited()) {
      finish(learned(loadedNow()));
      return;
    }
    store.set({ misread: null });
    updateMessage();
    if (await unpack()) slices.restart(200);
  }

  store.subscribe(["shown"], () => {
    pointed = null;
    update();
  });
  store.subscribe(["edits"], update);
  store.subscribe(["passes", "palette", "fonts"], drawing.redraw);
  store.subscribe(["language"], () => {
    listMisread();
    updateMessage();
  });
  update();
  whenNear(container, (isNear) => { if (isNear) unpack(); });
}

/** Where a stage's outputs lie along each axis. */
export function projected(values, { mean, axes }) {
  return [0, 1].map((axis) =>
    values.reduce((sum, value, index) => sum + axes[axis * mean.length + index] * (value - mean[index]), 0));
}
