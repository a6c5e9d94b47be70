/** The digit that the visitor drew, and how the network in training classifies it. */

import { networkInput, answerOf } from "lenet/network.js";
import { drawTile, mountDrawing } from "lenet/tour/drawing.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { formatNumber, formatPercent } from "lenet/views/numbers.js";

const LABELS = [..."0123456789"];
const C3_INDEX = 2;
const MAPS_PER_ROW = 8;
const MAP_GAP = 4;
const BLANK_MAPS = { shape: [16, 10, 10], values: new Float32Array(1600) };
const IDENTITY_CALIBRATION = { temperature: 1, min_confidence: 0 };

/**
 * Creates the view of the visitor's digit, with the answer and the C3 maps of the network in training.
 *
 * @param {Object} store
 * @param {() => Network} currentNetwork
 * @returns {{element: HTMLElement, maps: HTMLElement, update: () => void, updateText: () => void}}
 */
export function createDrawnDigit(store, currentNetwork) {
  const title = make("h3", { class: "small-title" });
  const digitContainer = make("div", { class: "learning-digit" });
  const verdict = make("p", { class: "learning-verdict" });
  const hint = make("p", { class: "learning-hint" });
  const rows = LABELS.map((label) => {
    const bar = make("span", { class: "bar" });
    const value = make("span", { class: "answer-value" });
    const row = make("li", { "data-label": label }, make("span", { class: "answer-label" }, label),
      make("span", { class: "track" }, bar), value);
    return { row, bar, value };
  });
  const element = make("div", { class: "learning-drawn" }, title,
    make("div", { class: "learning-drawn-parts" }, make("div", {}, digitContainer, verdict),
      make("ol", { class: "answer-rows" }, ...rows.map(({ row }) => row))), hint);
  const mapsTitle = make("h3", { class: "small-title" });
  const mapsContainer = make("div");
  const maps = make("div", { class: "learning-maps" }, mapsTitle, mapsContainer);
  let forwardPass = null;

  const digitDrawing = mountDrawing(digitContainer, {
    height: (width) => width,
    draw: (context, width, _height, palette) => drawTile(context, palette, store.state.image ?? new Uint8Array(784),
      { rows: 28, columns: 28, x: 1, y: 1, width: width - 2, ink: [0, 255] }),
  });
  const mapsDrawing = mountDrawing(mapsContainer, {
    height: (width) => 2 * (mapWidth(width) + MAP_GAP),
    draw: (context, width, _height, palette) => {
      const { shape: [count, mapRows, mapColumns], values } = forwardPass?.stages[C3_INDEX] ?? BLANK_MAPS;
      const side = mapWidth(width);
      for (let map = 0; map < count; map++) {
        const cell = [map % MAPS_PER_ROW, Math.floor(map / MAPS_PER_ROW)];
        const [x, y] = cell.map((index) => 1 + index * (side + MAP_GAP));
        drawTile(context, palette, values,
          { rows: mapRows, columns: mapColumns, start: map * mapRows * mapColumns, x, y, width: side });
      }
    },
  });

  function update() {
    const network = currentNetwork();
    const { image } = store.state;
    forwardPass = image && network ? network.run(networkInput(network, image)) : null;
    const answer = forwardPass
      && answerOf({ network, calibration: IDENTITY_CALIBRATION, reject_class: null }, forwardPass.outputs);
    const maxBarValue = answer?.penalties ? Math.max(...answer.penalties) : 1;
    rows.forEach(({ row, bar, value }, label) => {
      const barValue = answer ? (answer.penalties ?? answer.probabilities)[label] : 0;
      bar.style.transform = `scaleX(${barValue / maxBarValue || 0})`;
      value.textContent = !answer ? "" : answer.penalties ? formatNumber(barValue, 1) : formatPercent(barValue);
      row.classList.toggle("is-predicted", answer?.predictedClass === label);
    });
    verdict.textContent = answer
      ? chapterText(store, "learning.answer",
        { label: answer.predictedClass, probability: formatPercent(answer.probabilities[answer.predictedClass]) })
      : chapterText(store, "learning.drawing.empty");
    element.dataset.answer = answer ? String(answer.predictedClass) : "";
    digitDrawing.redraw();
    mapsDrawing.redraw();
  }

  function updateText() {
    title.textContent = chapterText(store, "learning.drawing");
    mapsTitle.textContent = chapterText(store, "learning.maps");
    const [before, after] = chapterText(store, "learning.drawing.hint").split("{draw}");
    hint.replaceChildren(before, make("a", { href: "#pad" }, chapterText(store, "learning.drawing.draw")), after);
    digitDrawing.describe(chapterText(store, "learning.drawing.text"));
    mapsDrawing.describe(chapterText(store, "learning.mapsText"));
    update();
  }

  return { element, maps, update, updateText };
}

const mapWidth = (width) => (width - 2) / MAPS_PER_ROW - MAP_GAP;
