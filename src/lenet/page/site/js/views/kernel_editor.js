/** A kernel of the unit in focus, to be changed number by number, and what the change does. */

import { answerTo } from "lenet/robustness/curves.js";
import { say, t } from "lenet/text.js";
import { drawTile, largest, mountDrawing, readable, shade } from "lenet/tour/drawing.js";
import { make } from "lenet/views/elements.js";
import { editAt, editKernel, undoEdit, withoutEdits } from "lenet/views/kernel_edits.js";
import { percent, stageName } from "lenet/views/numbers.js";
import { palette } from "lenet/views/palette.js";

const STEP = 0.1;

/** @returns {{element: HTMLElement, update: (subject: ?Object) => void}} for the unit in focus; null hides it */
export function createKernelEditor(store) {
  const which = make("select", { onChange: () => update(subject) });
  say(store, which, "kernel.which", { attribute: "aria-label" });
  const grid = make("div", { class: "kernel-grid" });
  const button = (key, change) => say(store,
    make("button", { type: "button", onClick: () => set(change(current())), "data-kernel": key }), `kernel.${key}`);
  const undo = say(store, make("button", { type: "button", "data-kernel": "undo", onClick: () => {
    const edit = editAt(store.state.edits, place());
    if (edit) undoEdit(store, edit);
  } }), "kernel.undo");
  const maps = ["before", "after"].map((key) => createMap(store, key));
  const says = make("p", { class: "kernel-says", "aria-live": "polite" });
  const element = make("details", { class: "kernel-editor" }, say(store, make("summary"), "kernel.title"),
    make("div", { class: "kernel-parts" },
      make("div", {}, make("label", { class: "kernel-which" }, say(store, make("span"), "kernel.from"), which), grid,
        make("div", { class: "controls" },
          button("flip", (kernel) => kernel.map((value) => -value)),
          button("zero", (kernel) => kernel.map(() => 0)),
          button("turn", (kernel) => turned(kernel)), undo)),
      make("div", { class: "kernel-effect" }, make("div", { class: "kernel-maps" }, ...maps.map((map) => map.element)),
        says)));
  element.addEventListener("toggle", () => update(subject));
  let subject = null;
  let cells = [];

  /** Where the kernel lies in the weights of its stage. */
  function place() {
    const { stage, unit, terms, network } = subject;
    const term = terms[which.selectedIndex] ?? terms[0];
    const index = terms.indexOf(term);
    return { network, stage, map: unit[0], start: subject.first + index * term.size ** 2 };
  }

  const current = () => {
    const { size } = subject.terms[0];
    const { start } = place();
    return subject.weight.slice(start, start + size ** 2);
  };
  const set = (kernel) => editKernel(store, place(), kernel);

  function build(size) {
    cells = Array.from({ length: size ** 2 }, (_, at) => {
      const cell = make("input", { type: "number", step: STEP, "data-at": at, onInput: () => {
        const kernel = current();
        kernel[at] = Number(cell.value);
        if (Number.isFinite(kernel[at])) set(kernel);
      } });
      return cell;
    });
    grid.style.gridTemplateColumns = `repeat(${size}, minmax(0, 1fr))`;
    grid.replaceChildren(...cells);
  }

  function update(next) {
    subject = next;
    element.hidden = !subject;
    if (!subject || !element.open) return;
    const { terms, previousName } = subject;
    if (which.dataset.maps !== `${previousName} ${terms.map(({ map }) => map)}`) {
      which.dataset.maps = `${previousName} ${terms.map(({ map }) => map)}`;
      which.replaceChildren(...terms.map(({ map }) => make("option", { value: map }, `${previousName} ${map}`)));
    }
    if (cells.length !== terms[0].size ** 2) build(terms[0].size);
    const kernel = current();
    const scale = largest(kernel);
    const colors = palette();
    cells.forEach((cell, at) => {
      if (document.activeElement !== cell || Number(cell.value) !== kernel[at]) cell.value = kernel[at].toFixed(2);
      const word = shade(colors, kernel[at] / scale);
      cell.style.background = `rgb(${word & 255} ${(word >> 8) & 255} ${(word >> 16) & 255})`;
      cell.style.color = readable(word);
      cell.setAttribute("aria-label", t(store, "kernel.weight",
        { row: Math.floor(at / terms[0].size), column: at % terms[0].size }));
    });
    undo.disabled = !editAt(store.state.edits, place());
    tell();
  }

  function tell() {
    const { loaded, pass, stage, unit, answer } = subject;
    const before = withoutEdits(store, subject.network, () => loaded.network.run(pass.input));
    maps[0].show(before.stages[stage], unit[0]);
    maps[1].show(pass.stages[stage], unit[0]);
    const { image, edits, misread } = store.state;
    const was = image && withoutEdits(store, subject.network, () => answerTo(loaded, image));
    const isEdited = edits.some(({ network }) => network === subject.network);
    if (!isEdited || !was) {
      says.textContent = t(store, "kernel.untouched");
      return;
    }
    const label = loaded.labels[was.winner];
    says.textContent = t(store, "kernel.says", { label, before: percent(was.probabilities[was.winner]),
      after: percent(answer.probabilities[was.winner]), now: loaded.labels[answer.winner] });
    if (misread?.network === subject.network) {
      says.textContent += ` ${t(store, "kernel.misread", { wrong: misread.count, count: misread.of })}`;
    }
  }

  store.subscribe(["misread"], () => { if (subject && element.open) tell(); });
  return { element, update };
}

function createMap(store, key) {
  const host = make("div");
  let shown = null;
  const drawing = mountDrawing(host, {
    height: (width) => (shown ? (width * shown.rows) / shown.columns : 0),
    draw: (context, width, _height, colors) => {
      if (shown) drawTile(context, colors, shown.values, { ...shown, x: 1, y: 1, width: width - 2 });
    },
  });
  const caption = say(store, make("figcaption", { class: "figure-note" }), `kernel.${key}`);
  return {
    element: make("figure", {}, host, caption),
    show: ({ name, shape: [, rows, columns], values }, map) => {
      shown = { rows, columns, values, start: map * rows * columns };
      drawing.describe(`${stageName(name)} ${map}, ${caption.textContent}`);
      drawing.redraw();
    },
  };
}

/** A quarter turn clockwise. */
function turned(kernel) {
  const side = Math.round(Math.sqrt(kernel.length));
  return kernel.map((_, at) => kernel[(side - 1 - (at % side)) * side + Math.floor(at / side)]);
}
