import { GRID } from "lenet/address/drawings.js";
import { bindText, translate } from "lenet/text.js";
import { timed } from "lenet/timings.js";
import { ServerReadingError, readOnServer } from "lenet/reading/server_client.js";
import { make } from "lenet/views/elements.js";
import { createDigitList } from "lenet/views/digit_list.js";
import { onDropOrPaste, pixelsOf, sketchOf } from "lenet/views/pictures.js";
import { SAMPLES } from "lenet/views/samples.js";
import { createSheet, SHEET, strokesOf } from "lenet/views/sheet.js";

const PEN = { minimum: 8, usual: 14, maximum: 24 };
const SAMPLE_TIME = 700;

/** The sheet to draw on, with samples, undo, clear, the pen's width, and pictures from elsewhere. */
export function mountPad(container, store) {
  const sheet = createSheet();
  let strokes = [];
  let openStroke = null;
  let drawnPoints = 0;
  let requested = 0;
  let sample = 0;
  let attempts = 0;
  let sampleDigit = null;
  let queue = [];

  const canvas = sheet.canvas;
  canvas.className = "sheet";
  canvas.setAttribute("role", "img");
  bindText(store, canvas, "pad.sheet", { attribute: "aria-label" });
  const photo = make("canvas", { class: "photo", hidden: true, role: "img" });
  bindText(store, photo, store.state.readsAt ? "pad.photo.served" : "pad.photo", { attribute: "aria-label" });
  const hint = bindText(store, make("p", { class: "pad-hint" }), "pad.hint");
  const fault = make("p", { class: "fault", role: "alert" });
  const { boxes, list, message } = createDigitList(store);
  const frame = make("div", { class: "sheet-frame" }, canvas, photo, boxes, hint);

  const width = make("input", { type: "range", min: PEN.minimum, max: PEN.maximum, value: PEN.usual, id: "pen" });
  const accept = store.state.readsAt ? "image/*,.heic,.heif,.pdf" : "image/*";
  const file = make("input", { type: "file", accept, multiple: true, hidden: true, onChange: () => {
    takeAll([...file.files]);
    file.value = "";
  } });
  const button = (key, onClick) => bindText(store, make("button", { type: "button", onClick, "data-do": key }), key);
  const undoButton = button("pad.undo", undo);
  const clearButton = button("pad.clear", clear);
  const samples = make("div", { class: "samples", role: "group" }, ...SAMPLES.map((_, digit) => {
    const choose = make("button", { type: "button", onClick: () => load(digit), "data-sample": digit }, String(digit));
    return bindText(store, choose, "pad.sample", { values: { digit }, attribute: "aria-label" });
  }));
  bindText(store, samples, "pad.samples", { attribute: "aria-label" });

  const source = make("p", { class: "figure-note", id: "sheet-source" });
  const files = createQueue(store, (position) => {
    const [next] = queue.splice(position, 1);
    take(next);
  });
  container.append(
    make("div", { class: "pad-sheet" },
      make("div", { class: "title-row" },
        bindText(store, make("h2", { class: "small-title" }), "pad.title"), source), frame),
    make("div", { class: "pad-tools" }, list, message, fault, files.element, samples,
      make("div", { class: "controls" }, undoButton, clearButton,
        button("pad.choose", () => file.click()),
        make("label", { for: "pen", class: "pen" }, bindText(store, make("span"), "pad.pen"), width), file)),
  );
  const updateSource = () => { source.textContent = sourceText(store); };
  store.subscribe(["source", "language"], updateSource);

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    interrupt();
    canvas.setPointerCapture(event.pointerId);
    if (!photo.hidden || sampleDigit !== null) clear(); // what is drawn replaces a sample
    openStroke = { id: event.pointerId, stroke: { width: Number(width.value), points: [placeOf(event)] } };
    strokes.push(openStroke.stroke);
    drawnPoints = 0;
    request();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (openStroke?.id !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const pointerEvent of events.length ? events : [event]) openStroke.stroke.points.push(placeOf(pointerEvent));
    request();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      if (openStroke?.id !== event.pointerId) return;
      openStroke = null;
      redraw();
    });
  }
  photo.addEventListener("pointerdown", () => { if (store.state.reading?.digits.length < 2) clear(); });
  onDropOrPaste(frame, takeAll);

  function placeOf(event) {
    const box = canvas.getBoundingClientRect();
    const position = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return position.map((value) => Math.round((value * SHEET) / GRID) * GRID); // so that an address holds it exactly
  }

  function request() {
    requested ||= requestAnimationFrame(() => {
      requested = 0;
      if (!openStroke) return;
      sheet.draw(openStroke.stroke, drawnPoints);
      drawnPoints = openStroke.stroke.points.length;
      publish();
    });
  }

  function redraw() {
    cancelAnimationFrame(requested);
    requested = 0;
    sheet.clear();
    for (const stroke of strokes) sheet.draw(stroke);
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

  /** What is drawn, or taken from elsewhere, later comes before a sample that still writes, a picture not yet read. */
  function interrupt() {
    cancelAnimationFrame(sample);
    sample = 0;
    attempts++;
    frame.removeAttribute("aria-busy");
    fault.textContent = "";
  }

  /** A sample writes itself, and every stage answers on the way, unless less motion is asked for. */
  function load(digit, { atOnce = matchMedia("(prefers-reduced-motion: reduce)").matches } = {}) {
    interrupt();
    sampleDigit = digit;
    const allStrokes = strokesOf(SAMPLES[digit], Number(width.value));
    const count = allStrokes.reduce((sum, stroke) => sum + stroke.points.length, 0);
    const start = performance.now();
    const step = (now) => {
      let left = atOnce ? count : Math.max(2, Math.ceil((count * (now - start)) / SAMPLE_TIME));
      sample = left < count ? requestAnimationFrame(step) : 0;
      strokes = [];
      for (const stroke of allStrokes) {
        if (left > 0) strokes.push({ ...stroke, points: stroke.points.slice(0, left) });
        left -= stroke.points.length;
      }
      redraw();
    };
    step(start);
  }

  /** The first of several files, the others in a queue; behind a file that is taken, the further pages that it has. */
  function takeAll(pictures) {
    if (!pictures.length) return;
    queue = pictures.slice(1);
    take(pictures[0]);
  }

  async function take(next) {
    interrupt();
    files.show(queue);
    const attempt = attempts;
    frame.setAttribute("aria-busy", "true");
    const { readsAt } = store.state;
    try {
      const { pages: [serverReading, ...others], isComplete } = next.page ? { pages: [next.page], isComplete: true }
        : readsAt ? await readOnServer(readsAt, next) : { pages: [null], isComplete: true };
      const pixels = await pixelsOf(next).catch(() => null);
      if (!pixels && !serverReading) throw new Error();
      if (attempt !== attempts) return;
      const picture = pixels ?? sketchOf(serverReading);
      const titled = (position) => (others.length ? `${next.name} ${position + 1}/${others.length + 1}` : next.name);
      queue = [...others.map((page, position) => ({ name: titled(position + 1), page })), ...queue];
      files.show(queue);
      publishPhoto(picture, serverReading && inPicture(serverReading, picture), titled(0), !pixels);
      if (!isComplete) fault.textContent = translate(store, "pad.firstPage", { name: next.name });
    } catch (error) {
      if (attempt === attempts) fault.textContent = sentenceFor(error, next.name ?? "");
    }
    if (attempt === attempts) frame.removeAttribute("aria-busy");
  }

  function sentenceFor(error, name) {
    if (!(error instanceof ServerReadingError)) return translate(store, "pad.unreadable", { name });
    if (error.detail) return error.detail;
    return error.status ? translate(store, "pad.refused", { status: error.status }) : translate(store, "pad.noServer");
  }

  /** A sketch is drawn by the page, so on dark paper in the dark; what was photographed stays as it is. */
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

  /** Strokes from elsewhere in place of all that is there. */
  function draw(others) {
    clear();
    strokes = others;
    redraw();
  }

  const drawn = () => ({ sample: sampleDigit, strokes });
  return { load, draw, drawn, clear, undo, choose: () => file.click() };
}

/** What is on the sheet, in a few words. */
function sourceText(store) {
  const { source } = store.state;
  if (source === null) return "";
  const sample = source.match(/^sample (\d)$/);
  if (sample) return translate(store, "pad.source.sample", { digit: sample[1] });
  return ["drawing", "picture"].includes(source) ? translate(store, `pad.source.${source}`) : source;
}

/** The files and pages that wait, by name, each to be shown when it is pressed. */
function createQueue(store, choose) {
  const title = bindText(store, make("span", { class: "figure-note" }), "pad.queue");
  const list = make("div", { class: "queue-files" });
  const element = make("div", { class: "queue", hidden: true }, title, list);
  const show = (queue) => {
    element.hidden = !queue.length;
    list.replaceChildren(...queue.map(({ name }, position) =>
      make("button", { type: "button", title: name, onClick: () => choose(position) }, name || String(position + 1))));
  };
  return { element, show };
}

/** The server's boxes, which are in pixels of the file's picture, in those of the picture shown. */
function inPicture({ digits, size, ...reading }, { width, height }) {
  const scales = [height / size[0], width / size[1]];
  const scaled = (box) => box.map((value, index) => value * scales[index % 2]);
  return { ...reading, digits: digits.map((digit) => ({ ...digit, box: scaled(digit.box) })) };
}
