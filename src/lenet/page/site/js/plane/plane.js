/**
 * Test digits as points of a plane: the outputs of the last hidden stage, projected on two principal components, and
 * the user's drawing among them.
 *
 * Axes and points come with the document. When a network's kernels are edited, the digits are run through it again and
 * projected on the axes of the network as it was learned.
 */

import { unpackDigits } from "lenet/learning/digits.js";
import { networkInput, answerOf } from "lenet/network.js";
import { classify, runInSlices } from "lenet/robustness/curves.js";
import { bindText, joinSentences, translate } from "lenet/text.js";
import { drawTile, mountDrawing, whenNear, write } from "lenet/tour/drawing.js";
import { make } from "lenet/views/elements.js";
import { formatPercent, stageName } from "lenet/views/numbers.js";

const PIXELS = 784;
const MARGIN = 18;
const RADIUS = 7.5;
const MAX_MISREAD = 30; // that are listed

/**
 * @param {HTMLElement} container
 * @param {Object} store - gets how many of the test digits are misread, as `misread`
 * @param {Object} packed - the document's digits
 */
export function mountPlane(container, store, packedDigits) {
  const lead = make("p", { class: "section-text" });
  const host = make("div", { class: "plane-canvas" });
  const message = make("p", { class: "plane-message", "aria-live": "polite" });
  const list = make("div", { class: "plane-misread", role: "group" });
  container.append(
    make("div", { class: "section-head" }, bindText(store, make("h2"), "plane.title"), lead),
    make("div", { class: "plane" }, host, make("div", {}, message, list)));
  let digits = null;
  let points = []; // {index, label, readAs, coordinates} of each test digit; x and y once they are drawn
  let selectedPoint = null;
  let tiles = [];
  let measuredPoints = [];

  const drawing = mountDrawing(host, {
    height: (width) => Math.min(560, Math.max(300, width * 0.62)),
    draw: (context, width, height, palette) => draw(context, width, height, palette),
  });
  const slices = runInSlices(measure, (isDone) => { if (isDone) showPoints(measuredPoints); }, 8);
  const currentModel = () => store.state.models[store.state.shownIndexes[0]];
  const lastHiddenStage = ({ network }) => network.stages.length - 2;
  const isEdited = () => store.state.edits.some(({ modelIndex }) => modelIndex === store.state.shownIndexes[0]);

  /** The points of the network as it was learned, from the document. */
  function documentPoints({ plane }) {
    return Array.from({ length: packedDigits.test }, (_, index) => ({
      index,
      label: packedDigits.labels[packedDigits.training + index],
      readAs: plane.read[index],
      coordinates: plane.places.subarray(2 * index, 2 * index + 2),
    }));
  }

  /** The points of a network whose kernels are edited. */
  function* measure() {
    const model = currentModel();
    const { network, labels, plane } = model;
    measuredPoints = [];
    for (let index = 0; index < packedDigits.test; index++) {
      const pass = network.run(networkInput(network, imageOf(index)));
      measuredPoints.push({ index, label: packedDigits.labels[packedDigits.training + index],
        readAs: labels[answerOf(model, pass.outputs).predictedClass],
        coordinates: projectOnAxes(pass.stages[lastHiddenStage(model)].values, plane) });
      yield;
    }
  }

  function showPoints(nextPoints) {
    points = nextPoints;
    selectedPoint = selectedPoint && points[selectedPoint.index];
    const wrong = points.filter(isWrong).length;
    store.set({ misread: { modelIndex: store.state.shownIndexes[0], wrong, total: points.length } });
    listMisread();
    updateMessage();
  }

  const isWrong = ({ label, readAs }) => label !== readAs;
  const imageOf = (index) => digits.images.subarray((packedDigits.training + index) * PIXELS,
    (packedDigits.training + index + 1) * PIXELS);

  /** The drawing's coordinates; null without a drawing. */
  function drawingCoordinates() {
    const { image, passes } = store.state;
    return image && projectOnAxes(passes[0].stages[lastHiddenStage(currentModel())].values, currentModel().plane);
  }

  function draw(context, width, height, palette) {
    if (!points.length) return;
    const bounds = [0, 1].map((axis) => {
      const values = points.map(({ coordinates }) => coordinates[axis]);
      return [Math.min(...values), Math.max(...values)];
    });
    const toPixels = (value, axis, length) => {
      const [low, high] = bounds[axis];
      const share = Math.max(0, Math.min(1, (value - low) / (high - low || 1)));
      return MARGIN + (axis ? 1 - share : share) * (length - 2 * MARGIN);
    };
    const pixelsOf = (coordinates) => [toPixels(coordinates[0], 0, width), toPixels(coordinates[1], 1, height)];
    const style = getComputedStyle(host);
    for (const point of [...points].sort((a, b) => isWrong(a) - isWrong(b))) {
      const [x, y] = pixelsOf(point.coordinates);
      Object.assign(point, { x, y });
      context.fillStyle = style.getPropertyValue(`--digit-${point.label}`);
      context.beginPath();
      context.arc(x, y, RADIUS, 0, 7);
      context.fill();
      write(context, palette, point.label, x, y + 0.5,
        { size: 11, align: "center", face: palette.mono, color: palette.ink });
      if (!isWrong(point) && point !== selectedPoint) continue;
      context.strokeStyle = point === selectedPoint ? palette.accent : palette.positive;
      context.lineWidth = 2.5;
      context.stroke();
    }
    const coordinates = drawingCoordinates();
    if (!coordinates) return;
    const [x, y] = pixelsOf(coordinates);
    const { image } = store.state;
    const side = 34;
    drawTile(context, palette, image, { rows: 28, columns: 28, x: x - side / 2, y: y - side / 2, width: side,
      ink: [0, 255] });
    context.strokeStyle = palette.accent;
    context.lineWidth = 3;
    context.strokeRect(x - side / 2 - 1, y - side / 2 - 1, side + 2, side + 2);
  }

  function updateMessage() {
    const model = currentModel();
    container.hidden = !model.plane;
    if (container.hidden) return;
    const stage = model.network.stages[lastHiddenStage(model)];
    const [firstShare, secondShare] = model.plane.shares;
    lead.textContent = translate(store, "plane.text", { stage: stageName(stage.name), units: stage.outputShape[0],
      count: packedDigits.test, share: formatPercent(firstShare + secondShare) });
    const misreadPoints = points.filter(isWrong);
    const sentences = [store.state.misread
      ? translate(store, "plane.misread", { name: model.title, wrong: misreadPoints.length, count: points.length })
      : translate(store, "plane.working")];
    if (selectedPoint && digits) {
      const { probabilities } = classify(model, imageOf(selectedPoint.index));
      sentences.push(translate(store, isWrong(selectedPoint) ? "plane.wrong" : "plane.right",
        { label: selectedPoint.label, read: selectedPoint.readAs,
          probability: formatPercent(Math.max(...probabilities)) }));
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
    const button = make("button", { type: "button", onClick: () => selectPoint(point) }, host,
      `${point.label} → ${point.readAs}`);
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

  function selectPoint(point) {
    if (point === selectedPoint) return;
    selectedPoint = point;
    updateMessage();
  }

  drawing.canvas.addEventListener("pointermove", (event) => {
    const pointsNear = points
      .map((point) => ({ point, gap: Math.hypot(point.x - event.offsetX, point.y - event.offsetY) }))
      .filter(({ gap }) => gap < 2 * RADIUS).sort((a, b) => a.gap - b.gap);
    if (pointsNear.length) selectPoint(pointsNear[0].point);
  });

  /** Unpacks the digits, once, when their pictures are first needed. */
  async function ensureDigits() {
    try {
      digits ??= await unpackDigits(packedDigits);
      tiles.forEach((tile) => tile.redraw());
    } catch {
      message.textContent = translate(store, "plane.unable");
    }
    return digits;
  }

  /** The points of the network that is shown, as it is. */
  async function update() {
    slices.stop();
    if (!currentModel().plane) {
      updateMessage();
      return;
    }
    if (!isEdited()) {
      showPoints(documentPoints(currentModel()));
      return;
    }
    store.set({ misread: null });
    updateMessage();
    if (await ensureDigits()) slices.restart(200);
  }

  store.subscribe(["shownIndexes"], () => {
    selectedPoint = null;
    update();
  });
  store.subscribe(["edits"], update);
  store.subscribe(["passes", "palette", "fonts"], drawing.redraw);
  store.subscribe(["language"], () => {
    listMisread();
    updateMessage();
  });
  update();
  whenNear(container, (isNear) => { if (isNear) ensureDigits(); });
}

/** The coordinates of a stage's outputs along both axes. */
export function projectOnAxes(values, { mean, axes }) {
  return [0, 1].map((axis) =>
    values.reduce((sum, value, index) => sum + axes[axis * mean.length + index] * (value - mean[index]), 0));
}
