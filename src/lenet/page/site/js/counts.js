/** The table of exact counts of the networks shown, stage by stage; each count is derived on demand. */

import { createConnectionTable } from "lenet/counts/connections.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { shapeText, stageName } from "lenet/views/numbers.js";

const FIGURES = ["parameters", "connections", "macs"];

/**
 * Mounts the table of counts of the networks shown, and renders it again when they change.
 *
 * @param {HTMLElement} container
 * @param {object} store
 */
export function mountCounts(container, store) {
  const heading = make("h2");
  const caption = make("p", { class: "section-text" });
  const toggleAllButton = make("button", { type: "button", onClick: toggleAll });
  const body = make("div", { class: "counts-body" });
  const openKeys = new Set();
  let rows = [];
  container.append(make("div", { class: "counts" },
    make("div", { class: "section-head" }, heading, caption), body,
    make("div", { class: "controls" }, toggleAllButton)));

  function toggleAll() {
    const shouldOpen = rows.some((row) => !row.isOpen());
    rows.forEach((row) => row.toggle(shouldOpen));
    updateToggle();
  }

  function updateToggle() {
    toggleAllButton.textContent = chapterText(store,
      rows.some((row) => !row.isOpen()) ? "counts.open" : "counts.close");
  }

  function render() {
    const { models, shownIndexes } = store.state;
    const shownModels = shownIndexes.map((index) => models[index]);
    heading.textContent = chapterText(store, "counts.heading");
    caption.textContent = chapterText(store, "counts.caption");
    rows = [];
    const alignedIndexes = align(shownModels.map(({ counts }) => counts.stages));
    const table = make("table", { class: "counts-table" },
      makeHead(store),
      ...alignedIndexes.map((stageIndexes) => make("tbody", {}, ...stageIndexes.flatMap((stageIndex, networkIndex) => {
        if (stageIndex === null) return [];
        const isCompared = shownModels.length > 1;
        const row = makeRows(store, shownModels[networkIndex], stageIndex,
          { openKeys, networkIndex, isCompared, onToggle: updateToggle });
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
 * @param {object[][]} stageLists - the stages of one or two networks
 * @returns {(?number)[][]} for each row the index of each network's stage, null where one has none
 */
export function align(stageLists) {
  const longest = Math.max(...stageLists.map((stages) => stages.length));
  return Array.from({ length: longest }, (_, row) => stageLists.map((stages) => {
    if (row === longest - 1) return stages.length - 1;
    return row < stages.length - 1 ? row : null;
  }));
}

function makeHead(store) {
  const head = (key) => make("th", { scope: "col" }, chapterText(store, `counts.${key}`));
  return make("thead", {}, make("tr", {}, head("stage"), head("output"), ...FIGURES.map(head)));
}

function makeRows(store, model, stageIndex, { openKeys, networkIndex, isCompared, onToggle }) {
  const stage = model.counts.stages[stageIndex];
  const { language } = store.state;
  const key = `${model.title} ${stage.name}`;
  const id = `counts-${networkIndex}-${stage.name}`;
  const button = make("button", { type: "button", class: "counts-open", "aria-controls": id, onClick: () => {
    toggle(!openKeys.has(key));
    onToggle();
  } }, stageName(stage.name));
  const derivationText = chapterText(store, "counts.derive", { network: model.title });
  button.setAttribute("aria-label", `${stageName(stage.name)}: ${derivationText}`);
  const row = make("tr", { class: isCompared && networkIndex ? "is-second" : null },
    make("th", { scope: "row" }, button,
      isCompared ? make("span", { class: "counts-network" }, model.title) : ""),
    make("td", { class: "counts-shape" }, shapeText(stage.output_shape)),
    ...FIGURES.map((figure) => make("td", { class: "counts-figure" }, formatCount(stage[figure]))));
  const detailRow = make("tr", { class: "counts-detail", id, hidden: true });

  /** Fills the detail row with the derivations, when it is first opened. */
  function fillDetail() {
    if (detailRow.childElementCount) return;
    const { layer } = model.network.stages[stageIndex];
    detailRow.append(make("td", { colspan: 2 + FIGURES.length },
      make("p", { class: "counts-description" }, stage.description[language]),
      make("dl", { class: "counts-derivations" }, ...stage.derivations[language].flatMap(([quantity, formula]) => [
        make("dt", {}, quantity), make("dd", {}, formula),
      ])),
      layer.table ? createConnectionTable(store, model.network, stageIndex).element : ""));
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
  return make("tfoot", {}, ...shownModels.map(({ title, counts }, networkIndex) =>
    make("tr", { class: networkIndex ? "is-second" : null },
      make("th", { scope: "row" }, chapterText(store, "counts.total"),
        shownModels.length > 1 ? make("span", { class: "counts-network" }, title) : ""),
      make("td", {}),
      ...FIGURES.map((figure) => make("td", { class: "counts-figure" }, formatCount(counts[figure]))))));
}

function makeNotes(store, shownModels) {
  const notes = [chapterText(store, "counts.legend")];
  for (const { network, counts } of shownModels) {
    const { kind, layer } = network.stages.at(-1);
    if (kind === "euclidean_rbf") {
      const fixed = formatCount(layer.prototypes.length * layer.prototypes[0].length);
      notes.push(chapterText(store, "counts.rbf",
        { parameters: formatCount(counts.parameters), connections: formatCount(counts.connections), fixed }));
    } else if (network.stages.some((stage) => stage.kind.endsWith("_pooling"))) {
      notes.push(chapterText(store, "counts.softmax"));
    }
  }
  return [...new Set(notes)].map((note) => make("p", { class: "counts-note" }, note));
}

function formatCount(count) {
  return count.toLocaleString("en-US");
}
