/** The exact counts of the networks shown: what every stage holds and costs, each figure derived on demand. */

import { createConnectionTable } from "lenet/account/connections.js";
import { chapterText } from "lenet/tour/text.js";
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
  const toggleAllButton = make("button", { type: "button", onClick: toggleAll });
  const body = make("div", { class: "account-body" });
  const openKeys = new Set();
  let rows = [];
  container.append(make("div", { class: "account" },
    make("div", { class: "section-head" }, heading, caption), body,
    make("div", { class: "controls" }, toggleAllButton)));

  function toggleAll() {
    const shouldOpen = rows.some((row) => !row.isOpen());
    rows.forEach((row) => row.toggle(shouldOpen));
    updateToggle();
  }

  function updateToggle() {
    toggleAllButton.textContent = chapterText(store,
      rows.some((row) => !row.isOpen()) ? "account.open" : "account.close");
  }

  function render() {
    const { models, shownIndexes } = store.state;
    const shownModels = shownIndexes.map((index) => models[index]);
    heading.textContent = chapterText(store, "account.heading");
    caption.textContent = chapterText(store, "account.caption");
    rows = [];
    const groups = align(shownModels.map(({ account }) => account.stages));
    const table = make("table", { class: "account-table" },
      makeHead(store),
      ...groups.map((group) => make("tbody", {}, ...group.flatMap((index, position) => {
        if (index === null) return [];
        const isCompared = shownModels.length > 1;
        const row = makeRows(store, shownModels[position], index,
          { openKeys, position, isCompared, onToggle: updateToggle });
        rows.push(row);
        return row.elements;
      }))),
      makeTotals(store, shownModels));
    body.replaceChildren(table, ...makeNotes(store, shownModels));
    updateToggle();
  }

  store.subscribe(["shownIndexes", "language"], render);
  render();
}

/**
 * Aligns the stages of networks in rows: by index, except that the last stages share the last row.
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
  const head = (key) => make("th", { scope: "col" }, chapterText(store, `account.${key}`));
  return make("thead", {}, make("tr", {}, head("stage"), head("output"), ...FIGURES.map(head)));
}

function makeRows(store, model, index, { openKeys, position, isCompared, onToggle }) {
  const stage = model.account.stages[index];
  const { language } = store.state;
  const key = `${model.title} ${stage.name}`;
  const id = `account-${position}-${stage.name}`;
  const button = make("button", { type: "button", class: "account-open", "aria-controls": id, onClick: () => {
    toggle(!openKeys.has(key));
    onToggle();
  } }, stageName(stage.name));
  const derivationText = chapterText(store, "account.derive", { stage: model.title });
  button.setAttribute("aria-label", `${stageName(stage.name)}: ${derivationText}`);
  const row = make("tr", { class: isCompared && position ? "is-second" : null },
    make("th", { scope: "row" }, button,
      isCompared ? make("span", { class: "account-network" }, model.title) : ""),
    make("td", { class: "account-shape" }, shapeText(stage.output_shape)),
    ...FIGURES.map((figure) => make("td", { class: "account-figure" }, formatCount(stage[figure]))));
  const detailRow = make("tr", { class: "account-detail", id, hidden: true });

  /** The derivation is made when it is first asked for. */
  function fillDetail() {
    if (detailRow.childElementCount) return;
    const { layer } = model.network.stages[index];
    detailRow.append(make("td", { colspan: 2 + FIGURES.length },
      make("p", { class: "account-description" }, stage.description[language]),
      make("dl", { class: "account-derivations" }, ...stage.derivations[language].flatMap(([quantity, formula]) => [
        make("dt", {}, quantity), make("dd", {}, formula),
      ])),
      layer.table ? createConnectionTable(store, model.network, index).element : ""));
  }

  function toggle(shouldOpen) {
    if (shouldOpen) fillDetail();
    openKeys[shouldOpen ? "add" : "delete"](key);
    detailRow.hidden = !shouldOpen;
    button.setAttribute("aria-expanded", shouldOpen);
  }

  toggle(openKeys.has(key));
  return { elements: [row, detailRow], toggle, isOpen: () => openKeys.has(key) };
}

function makeTotals(store, shownModels) {
  return make("tfoot", {}, ...shownModels.map(({ title, account }, position) =>
    make("tr", { class: position ? "is-second" : null },
      make("th", { scope: "row" }, chapterText(store, "account.total"),
        shownModels.length > 1 ? make("span", { class: "account-network" }, title) : ""),
      make("td", {}),
      ...FIGURES.map((figure) => make("td", { class: "account-figure" }, formatCount(account[figure]))))));
}

function makeNotes(store, shownModels) {
  const notes = [chapterText(store, "account.legend")];
  for (const { network, account } of shownModels) {
    const { kind, layer } = network.stages.at(-1);
    if (kind === "euclidean_rbf") {
      const fixed = formatCount(layer.prototypes.length * layer.prototypes[0].length);
      notes.push(chapterText(store, "account.rbf",
        { parameters: formatCount(account.parameters), connections: formatCount(account.connections), fixed }));
    } else if (network.stages.some((stage) => stage.kind.endsWith("_pooling"))) {
      notes.push(chapterText(store, "account.softmax"));
    }
  }
  return [...new Set(notes)].map((note) => make("p", { class: "account-note" }, note));
}

function formatCount(count) {
  return count.toLocaleString("en-US");
}
