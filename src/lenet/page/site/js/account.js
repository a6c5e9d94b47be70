/** The exact account of the networks shown: what every stage holds and costs, each figure derived on demand. */

import { connectionTable } from "lenet/account/connections.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { shapeText, stageName } from "lenet/views/numbers.js";

const FIGURES = ["parameters", "connections", "macs"];

/**
 * @param {HTMLElement} container
 * @param {object} store
 */
export function mountAccount(container, store) {
  const heading = make("h2");
  const caption = make("p", { class: "section-text" });
  const all = make("button", { type: "button", onClick: toggleAll });
  const body = make("div", { class: "account-body" });
  const opened = new Set();
  let rows = [];
  container.append(make("div", { class: "account" },
    make("div", { class: "section-head" }, heading, caption), body, make("div", { class: "controls" }, all)));

  function toggleAll() {
    const open = rows.some((row) => !row.isOpen());
    rows.forEach((row) => row.toggle(open));
    updateToggle();
  }

  function updateToggle() {
    all.textContent = phrase(store, rows.some((row) => !row.isOpen()) ? "account.open" : "account.close");
  }

  function show() {
    const { networks, shown } = store.state;
    const loadeds = shown.map((index) => networks[index]);
    heading.textContent = phrase(store, "account.heading");
    caption.textContent = phrase(store, "account.caption");
    rows = [];
    const groups = align(loadeds.map(({ account }) => account.stages));
    const table = make("table", { class: "account-table" },
      makeHead(store),
      ...groups.map((group) => make("tbody", {}, ...group.flatMap((index, position) => {
        if (index === null) return [];
        const isCompared = loadeds.length > 1;
        const row = makeRows(store, loadeds[position], index,
          { opened, position, isCompared, onToggle: updateToggle });
        rows.push(row);
        return row.elements;
      }))),
      makeTotals(store, loadeds));
    body.replaceChildren(table, ...makeNotes(store, loadeds));
    updateToggle();
  }

  store.subscribe(["shown", "language"], show);
  show();
}

/**
 * Stages beside one another: by place, except that the last stands beside the last.
 * @param {object[][]} accounts the stages of one or two networks
 * @returns {(?number)[][]} for each row the index of each network's stage, null where one has none
 */
export function align(accounts) {
  const longest = Math.max(...accounts.map((stages) => stages.length));
  return Array.from({ length: longest }, (_, row) => accounts.map((stages) => {
    if (row === longest - 1) return stages.length - 1;
    return row < stages.length - 1 ? row : null;
  }));
}

function makeHead(store) {
  const head = (key) => make("th", { scope: "col" }, phrase(store, `account.${key}`));
  return make("thead", {}, make("tr", {}, head("stage"), head("output"), ...FIGURES.map(head)));
}

function makeRows(store, loaded, index, { opened, position, isCompared, onToggle }) {
  const stage = loaded.account.stages[index];
  const { language } = store.state;
  const key = `${loaded.title} ${stage.name}`;
  const id = `account-${position}-${stage.name}`;
  const button = make("button", { type: "button", class: "account-open", "aria-controls": id, onClick: () => {
    toggle(!opened.has(key));
    onToggle();
  } }, stageName(stage.name));
  const derivationText = phrase(store, "account.derive", { stage: loaded.title });
  button.setAttribute("aria-label", `${stageName(stage.name)}: ${derivationText}`);
  const row = make("tr", { class: isCompared && position ? "is-second" : null },
    make("th", { scope: "row" }, button,
      isCompared ? make("span", { class: "account-network" }, loaded.title) : ""),
    make("td", { class: "account-shape" }, shapeText(stage.output_shape)),
    ...FIGURES.map((figure) => make("td", { class: "account-figure" }, grouped(stage[figure]))));
  const detail = make("tr", { class: "account-detail", id, hidden: true });

  /** The derivation is made when it is first asked for. */
  function fillDetail() {
    if (detail.childElementCount) return;
    const layer = loaded.network.stages[index];
    detail.append(make("td", { colspan: 2 + FIGURES.length },
      make("p", { class: "account-description" }, stage.description[language]),
      make("dl", { class: "account-derivations" }, ...stage.derivations[language].flatMap(([quantity, formula]) => [
        make("dt", {}, quantity), make("dd", {}, formula),
      ])),
      layer.layer.table ? connectionTable(store, loaded.network, index).element : ""));
  }

  function toggle(open) {
    if (open) fillDetail();
    opened[open ? "add" : "delete"](key);
    detail.hidden = !open;
    button.setAttribute("aria-expanded", open);
  }

  toggle(opened.has(key));
  return { elements: [row, detail], toggle, isOpen: () => opened.has(key) };
}

function makeTotals(store, loadeds) {
  return make("tfoot", {}, ...loadeds.map(({ title, account }, position) =>
    make("tr", { class: position ? "is-second" : null },
      make("th", { scope: "row" }, phrase(store, "account.total"),
        loadeds.length > 1 ? make("span", { class: "account-network" }, title) : ""),
      make("td", {}),
      ...FIGURES.map((figure) => make("td", { class: "account-figure" }, grouped(account[figure]))))));
}

function makeNotes(store, loadeds) {
  const notes = [phrase(store, "account.legend")];
  for (const { network, account } of loadeds) {
    const { kind, layer } = network.stages.at(-1);
    if (kind === "euclidean_rbf") {
      const fixed = grouped(layer.prototypes.length * layer.prototypes[0].length);
      notes.push(phrase(store, "account.rbf",
        { parameters: grouped(account.parameters), connections: grouped(account.connections), fixed }));
    } else if (network.stages.some((stage) => stage.kind.endsWith("_pooling"))) {
      notes.push(phrase(store, "account.softmax"));
    }
  }
  return [...new Set(notes)].map((note) => make("p", { class: "account-note" }, note));
}

function grouped(count) {
  return count.toLocaleString("en-US");
}
