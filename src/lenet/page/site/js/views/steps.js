import { isUnchanged } from "lenet/robustness/changes.js";
import { takesWholePicture } from "lenet/reading/whole_picture.js";
import { bindText, translate } from "lenet/text.js";
import { make } from "lenet/views/elements.js";
import { formatNumber } from "lenet/views/numbers.js";
import { paintCanvas, paintColors, paintLevels, palette } from "lenet/views/palette.js";

const STEPS = ["picture", "ink", "strokes", "image", "input"];

/** The steps from the picture to the network's input. */
export function mountSteps(container, store) {
  const canvases = {};
  const notes = {};
  const items = {};
  const list = make("ol", { class: "steps" }, ...STEPS.map((step) => {
    canvases[step] = make("canvas", { role: "img", width: 1, height: 1 });
    bindText(store, canvases[step], `steps.${step}.text`, { attribute: "aria-label" });
    notes[step] = make("span", { class: "figure-note" });
    items[step] = make("li", {},
      make("div", { class: "step-frame" }, canvases[step]),
      make("p", { class: "step-name" }, bindText(store, make("span"), `steps.${step}`), notes[step]),
      bindText(store, make("p", { class: "step-text" }), `steps.${step}.text`),
    );
    return items[step];
  }));
  container.append(bindText(store, make("h2", { class: "small-title" }), "steps.title"), list);

  store.subscribe(["reading", "passes", "shownIndexes", "palette"], update);
  store.subscribe(["language"], update);

  function update() {
    const { picture, isFromPad, isSketch, reading, image, shownIndexes, models, passes } = store.state;
    drawPicture(canvases.picture, picture, reading?.box);
    notes.picture.textContent = picture ? `${picture.width} × ${picture.height}` : "";
    const steps = reading?.steps;
    const hasNoSteps = reading && !reading.steps && (reading.image || reading.isWholePicture);
    items.ink.hidden = items.strokes.hidden = Boolean(hasNoSteps);
    items.image.hidden = Boolean(reading?.isWholePicture);
    drawLevels("ink", steps?.crop);
    notes.ink.textContent = steps ? translate(store, steps.polarity === "ink-high" ? "steps.light" : "steps.dark") : "";
    drawBytes("strokes", steps?.digit20);
    drawBytes("image", image && { data: image, width: 28, height: 28 });
    if (image && !isUnchanged(store.state.changes)) notes.image.textContent = translate(store, "steps.changed");
    items.picture.classList.toggle("is-drawn", isFromPad || isSketch);
    const hasInput = image || (picture && takesWholePicture(models[shownIndexes[0]]));
    drawInput(hasInput && passes[0].input, models[shownIndexes[0]].network);
  }

  function drawLevels(step, levels) {
    if (!levels) return blank(canvases[step]);
    paintCanvas(canvases[step], levels.width, levels.height, (pixels) => paintLevels(pixels, levels.data, 0, 1));
  }

  function drawBytes(step, grayImage) {
    notes[step].textContent = grayImage ? `${grayImage.width} × ${grayImage.height}` : "";
    if (!grayImage) return blank(canvases[step]);
    paintCanvas(canvases[step], grayImage.width, grayImage.height, (pixels) => paintLevels(pixels, grayImage.data));
  }

  function drawInput(values, network) {
    const [channels, height, width] = network.inputShape;
    const [minimum, maximum] = network.description.input_range;
    notes.input.textContent = `${width} × ${height} · ${formatNumber(minimum, 1)} … ${formatNumber(maximum, 1)}`;
    if (!values) return blank(canvases.input);
    const isColor = channels === 3 && takesWholePicture(store.state.models[store.state.shownIndexes[0]]);
    const paint = isColor ? paintColors : paintLevels;
    paintCanvas(canvases.input, width, height, (pixels) => paint(pixels, values, minimum, maximum));
  }
}

function blank(canvas) {
  paintCanvas(canvas, 1, 1, (pixels) => pixels.fill(palette().levels[0]));
}

function drawPicture(canvas, picture, box) {
  if (!picture) return blank(canvas);
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
  }
  const context = canvas.getContext("2d");
  context.putImageData(new ImageData(picture.data, picture.width, picture.height), 0, 0);
  if (!box) return;
  const [top, left, bottom, right] = box;
  context.strokeStyle = palette().accent;
  context.lineWidth = Math.max(picture.width, picture.height) / 80;
  context.strokeRect(left, top, right - left, bottom - top);
}
