/** The table of which input maps feed which maps of a convolution, as Table I of the paper prints it. */

import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { stageName } from "lenet/views/numbers.js";

/**
 * Creates the connection table of a stage, and highlights the inputs of the map that is hovered over or selected.
 *
 * @param {object} store
 * @param {object} network
 * @param {number} stageIndex - of a convolution with a table
 * @param {{onChoose?: (map: number) => void}} [options] - called when a column's heading is pressed
 * @returns {{element: HTMLElement, highlight: (map: ?number) => void}}
 */
export function createConnectionTable(store, network, stageIndex, { onChoose = null } = {}) {
  const { name, layer, inputShape: [inputMaps] } = network.stages[stageIndex];
  const previousLabel = stageName(network.stages[stageIndex - 1].name);
  const stageLabel = stageName(name);
  const message = make("p", { class: "connection-message" });
  const cells = [];
  let selectedMap = null;

  const heading = (map) => {
    const title = chapterText(store, "connections.column",
      { stage: stageLabel, map, before: previousLabel, inputs: layer.table[map].join(", ") });
    const content = onChoose
      ? make("button", { type: "button", "aria-label": title, onClick: () => onChoose(map) }, String(map))
      : String(map);
    return highlightOnHover(map, make("th", { scope: "col", title }, content));
  };
  const cell = (map, input) => {
    const isFed = layer.table[map].includes(input);
    const cellText = isFed ? chapterText(store, "connections.yes") : chapterText(store, "connections.no");
    return highlightOnHover(map,
      make("td", { class: isFed ? "is-fed" : null }, make("span", { class: "visually-hidden" }, cellText)));
  };
  const highlightOnHover = (map, element) => {
    element.addEventListener("pointerenter", () => show(map));
    element.addEventListener("focusin", () => show(map));
    (cells[map] ??= []).push(element);
    return element;
  };

  const columns = [...layer.table.keys()];
  const rows = Array.from({ length: inputMaps }, (_, input) => input);
  const rowHeads = rows.map((input) => make("th", { scope: "row" }, String(input)));
  const table = make("table", { class: "connection-table" },
    make("caption", {}, chapterText(store, "connections.caption", { stage: stageLabel, before: previousLabel })),
    make("thead", {}, make("tr", {}, make("td", {}), ...columns.map(heading))),
    make("tbody", {}, ...rows.map((input) =>
      make("tr", {}, rowHeads[input], ...columns.map((map) => cell(map, input))))));
  table.addEventListener("pointerleave", () => show(selectedMap));
  table.addEventListener("focusout", () => show(selectedMap));

  function show(map) {
    cells.forEach((column, index) => column.forEach((element) => element.classList.toggle("is-lit", index === map)));
    rowHeads.forEach((head, input) =>
      head.classList.toggle("is-lit", map !== null && layer.table[map].includes(input)));
    const area = layer.kernel_size ** 2;
    message.textContent = map === null
      ? chapterText(store, "connections.total", {
        kernels: layer.table.flat().length, all: inputMaps * layer.maps,
        parameters: (layer.table.flat().length * area + layer.maps).toLocaleString("en-US"), area, maps: layer.maps,
      })
      : chapterText(store, "connections.map", {
        stage: stageLabel, map, before: previousLabel, inputs: layer.table[map].join(", "),
        count: layer.table[map].length, area,
        parameters: layer.table[map].length * area + 1,
      });
  }

  function highlight(map) {
    selectedMap = map;
    show(map);
  }
  highlight(null);
  const scroll = make("div", {
    class: "connection-scroll", tabindex: "0", role: "group",
    "aria-label": chapterText(store, "connections.caption", { stage: stageLabel, before: previousLabel }),
  }, table);
  return { element: make("div", { class: "connection-whole" }, scroll, message), highlight };
}
