import { GRID } from "lenet/address/drawings.js";
import { bindText, translate } from "lenet/text.js";
import { timed } from "lenet/timings.js";
import { ServerReadingError, readOnServer } from "lenet/reading/server_client.js";
import { make } from "lenet/views/elements.js";
import { createDigitList } from "lenet/views/digit_list.js";
import { onDropOrPaste, pixelsOf, sketchOf } from "lenet/views/pictures.js";
import { SAMPLES } from "lenet/views/samples.js";
import { createSheet, SHEET_SIDE, sampleStrokes } from "lenet/views/sheet.js";

const PEN = { minimum: 8, initial: 14, maximum: 24 };
const SAMPLE_TIME_MS = 700;

/** The sheet to draw on, with samples, undo, clear, the pen's width, and pictures from elsewhere. */
export function mountPad(container, store) {
  const sheet = createSheet();
  let strokes = [];
  let openStroke = null;
  let drawnPoints = 0;
  let frameRequest = 0;
  let sampleFrame = 0;
  let readingCount = 0; // of pictures that were opened or interrupted
  let sampleDigit = null;
  let queue = [];

  const canvas = sheet.canvas;
  canvas.className = "sheet";
  canvas.setAttribute("role", "img");
  bindText(store, canvas, "pad.sheet", { attribute: "aria-label" });
  const photo = make("canvas", { class: "photo", hidden: true, role: "img" });
  bindText(store, photo, store.state.readsAt ? "pad.photo.served" : "pad.photo", { attribute: "aria-label" });
  const hint = bindText(store, make("p", { class: "pad-hint" }), "pad.hint");
  const errorMessage = make("p", { class: "error-message", role: "alert" });
  const { boxes, list, message } = createDigitList(store);
  const frame = make("div", { class: "sheet-frame" }, canvas, photo, boxes, hint);

  const penWidth = make("input", { type: "range", min: PEN.minimum, max: PEN.maximum, value: PEN.initial, id: "pen" });
  const accept = store.state.readsAt ? "image/*,.heic,.heif,.pdf" : "image/*";
  const fileInput = make("input", { type: "file", accept, multiple: true, hidden: true, onChange: () => {
    openPictures([...fileInput.files]);
    fileInput.value = "";
  } });
  const button = (key, onClick) => bindText(store, make("button", { type: "button", onClick, "data-do": key }), key);
  const undoButton = button("pad.undo", undo);
  const clearButton = button("pad.clear", clear);
  const samples = make("div", { class: "samples", role: "group" }, ...SAMPLES.map((_, digit) => {
    const sampleButton = make("button",
      { type: "button", onClick: () => writeSample(digit), "data-sample": digit }, String(digit));
    return bindText(store, sampleButton, "pad.sample", { values: { digit }, attribute: "aria-label" });
  }));
  bindText(store, samples, "pad.samples", { attribute: "aria-label" });

  const source = make("p", { class: "figure-note", id: "sheet-source" });
  const files = createQueue(store, (position) => {
    const [file] = queue.splice(position, 1);
    openPicture(file);
  });
  container.append(
    make("div", { class: "pad-sheet" },
      make("div", { class: "title-row" },
        bindText(store, make("h2", { class: "small-title" }), "pad.title"), source), frame),
    make("div", { class: "pad-tools" }, list, message, errorMessage, files.element, samples,
      make("div", { class: "controls" }, undoButton, clearButton,
        button("pad.choose", () => fileInput.click()),
        make("label", { for: "pen", class: "pen" }, bindText(store, make("span"), "pad.pen"), penWidth), fileInput)),
  );
  const updateSource = () => { source.textContent = sourceText(store); };
  store.subscribe(["source", "language"], updateSource);

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    interrupt();
    canvas.setPointerCapture(event.pointerId);
    if (!photo.hidden || sampleDigit !== null) clear(); // what is drawn replaces a sample
    openStroke = { id: event.pointerId, stroke: { width: Number(penWidth.value), points: [pointOf(event)] } };
    strokes.push(openStroke.stroke);
    drawnPoints = 0;
    requestDrawing();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (openStroke?.id !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const pointerEvent of events.length ? events : [event]) openStroke.stroke.points.push(pointOf(pointerEvent));
    requestDrawing();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      if (openStroke?.id !== event.pointerId) return;
      openStroke = null;
      redraw();
    });
  }
  photo.addEventListener("pointerdown", () => { if (store.state.reading?.digits.length < 2) clear(); });
  onDropOrPaste(frame, openPictures);

  function pointOf(event) {
    const box = canvas.getBoundingClientRect();
    const position = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return position.map((value) => Math.round((value * SHEET_SIDE) / GRID) * GRID); // as addresses have it
  }

  function requestDrawing() {
    frameRequest ||= requestAnimationFrame(() => {
      frameRequest = 0;
      if (!openStroke) return;
      sheet.drawStroke(openStroke.stroke, drawnPoints);
      drawnPoints = openStroke.stroke.points.length;
      publish();
    });
  }

  function redraw() {
    cancelAnimationFrame(frameRequest);
    frameRequest = 0;
    sheet.clear();
    for (const stroke of strokes) sheet.drawStroke(stroke);
    publish();
  }

  function publish() {
    photo.hidden = true;
    canvas.hidden = false;
    hint.hidden = strokes.length > 0;
    undoButton.disabled = strokes.length === 0;
    clearButton.disabled = false;
    const source = sampleDigit !== null ? `sample ${sampleDigit}` : strokes.length ? "drawing" : null;
    const picture = strokes.length ? sheet.read() : null;
    const drawing = { picture, isFromPad: true, isSketch: false, serverReading: null, selectedDigit: 0, source };
    timed("stroke", () => store.set(drawing));
  }

  function undo() {
    interrupt();
    sampleDigit = null;
    strokes.pop();
    redraw();
  }

  function clear() {
    interrupt();
    sampleDigit = null;
    strokes = [];
    redraw();
    clearButton.disabled = true;
  }

  /**
   * Stops a sample that is still being written, and makes the answer to a picture that is still being read obsolete.
   */
  function interrupt() {
    cancelAnimationFrame(sampleFrame);
    sampleFrame = 0;
    readingCount++;
    frame.removeAttribute("aria-busy");
    errorMessage.textContent = "";
  }

  /** Writes a sample, point by point, or at once where the user prefers reduced motion. */
  function writeSample(digit, { isInstant = matchMedia("(prefers-reduced-motion: reduce)").matches } = {}) {
    interrupt();
    sampleDigit = digit;
    const allStrokes = sampleStrokes(SAMPLES[digit], Number(penWidth.value));
    const count = allStrokes.reduce((sum, stroke) => sum + stroke.points.length, 0);
    const start = performance.now();
    const drawFrame = (now) => {
      let remainingPoints = isInstant ? count : Math.max(2, Math.ceil((count * (now - start)) / SAMPLE_TIME_MS));
      sampleFrame = remainingPoints < count ? requestAnimationFrame(drawFrame) : 0;
      strokes = [];
      for (const stroke of allStrokes) {
        if (remainingPoints > 0) strokes.push({ ...stroke, points: stroke.points.slice(0, remainingPoints) });
        remainingPoints -= stroke.points.length;
      }
      redraw();
    };
    drawFrame(start);
  }

  /** Opens the first of several files and queues the others. */
  function openPictures(pictures) {
    if (!pictures.length) return;
    queue = pictures.slice(1);
    openPicture(pictures[0]);
  }

  /**
   * Opens a file, or a queued page that the server has read; the further pages of a file go to the head of the queue.
   */
  async function openPicture(file) {
    interrupt();
    files.show(queue);
    const readingNumber = readingCount;
    frame.setAttribute("aria-busy", "true");
    const { readsAt } = store.state;
    try {
      const { pages: [serverReading, ...furtherPages], isComplete } = file.page
        ? { pages: [file.page], isComplete: true }
        : readsAt ? await readOnServer(readsAt, file) : { pages: [null], isComplete: true };
      const pixels = await pixelsOf(file).catch(() => null);
      if (!pixels && !serverReading) throw new Error();
      if (readingNumber !== readingCount) return;
      const picture = pixels ?? sketchOf(serverReading);
      const pageName = (position) =>
        (furtherPages.length ? `${file.name} ${position + 1}/${furtherPages.length + 1}` : file.name);
      queue = [...furtherPages.map((page, position) => ({ name: pageName(position + 1), page })), ...queue];
      files.show(queue);
      publishPhoto(picture, serverReading && scaleBoxes(serverReading, picture), pageName(0), !pixels);
      if (!isComplete) errorMessage.textContent = translate(store, "pad.firstPage", { name: file.name });
    } catch (error) {
      if (readingNumber === readingCount) errorMessage.textContent = errorSentence(error, file.name ?? "");
    }
    if (readingNumber === readingCount) frame.removeAttribute("aria-busy");
  }

  function errorSentence(error, name) {
    if (!(error instanceof ServerReadingError)) return translate(store, "pad.unreadable", { name });
    if (error.detail) return error.detail;
    return error.status ? translate(store, "pad.refused", { status: error.status }) : translate(store, "pad.noServer");
  }

  /** Shows a picture; `isSketch`: the page has drawn it, so that it is dark in the dark theme, which photos are not. */
  function publishPhoto(picture, serverReading, name, isSketch) {
    sampleDigit = null;
    strokes = [];
    sheet.clear();
    photo.width = picture.width;
    photo.height = picture.height;
    photo.getContext("2d").putImageData(picture, 0, 0);
    photo.classList.toggle("is-sketch", isSketch);
    photo.hidden = false;
    canvas.hidden = true;
    hint.hidden = true;
    undoButton.disabled = true;
    clearButton.disabled = false;
    store.set({ picture, isFromPad: false, isSketch, serverReading, selectedDigit: 0, source: name || "picture" });
  }

  /** Replaces all that is on the sheet by these strokes. */
  function drawStrokes(newStrokes) {
    clear();
    strokes = newStrokes;
    redraw();
  }

  const currentDrawing = () => ({ sample: sampleDigit, strokes });
  return { writeSample, drawStrokes, currentDrawing, clear, undo, chooseFile: () => fileInput.click() };
}

/** The caption of the sheet: a sample, a drawing, a pasted picture, or a file's name. */
function sourceText(store) {
  const { source } = store.state;
  if (source === null) return "";
  const sample = source.match(/^sample (\d)$/);
  if (sample) return translate(store, "pad.source.sample", { digit: sample[1] });
  return ["drawing", "picture"].includes(source) ? translate(store, `pad.source.${source}`) : source;
}

/** The files and pages that wait, by name, each to be shown when it is pressed. */
function createQueue(store, onSelect) {
  const title = bindText(store, make("span", { class: "figure-note" }), "pad.queue");
  const list = make("div", { class: "queue-files" });
  const element = make("div", { class: "queue", hidden: true }, title, list);
  const show = (queue) => {
    element.hidden = !queue.length;
    list.replaceChildren(...queue.map(({ name }, position) =>
      make("button", { type: "button", title: name, onClick: () => onSelect(position) },
        name || String(position + 1))));
  };
  return { element, show };
}

/** A server's reading with its boxes, which are in pixels of the file's picture, in pixels of the picture shown. */
function scaleBoxes({ digits, size, ...reading }, { width: penWidth, height }) {
  const scales = [height / size[0], penWidth / size[1]];
  const scaleBox = (box) => box.map((value, index) => value * scales[index % 2]);
  return { ...reading, digits: digits.map((digit) => ({ ...digit, box: scaleBox(digit.box) })) };
}
