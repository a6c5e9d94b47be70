/** The table of which input maps feed which maps of a convolution, as Table I of the paper prints it. */

import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";
import { stageName } from "lenet/views/numbers.js";

/**
 * @param {object} store
 * @param {object} network
 * @param {number} stage index of a convolution with a table
 * @param {{onChoose?: (map: number) => void}} [options] called when a column's heading is pressed
 * @returns {{element: HTMLElement, light: (map: ?number) => void}}
 */
export function connectionTable(store, network, stage, { onChoose = null } = {}) {
  const { name, layer, inputShape: [inputs] } = network.stages[stage];
  const before = stageName(network.stages[stage - 1].name);
  const stageText = stageName(name);
  const message = make("p", { class: "connection-message" });
  const cells = [];
  let selectedMap = null;

  const heading = (map) => {
    const title = phrase(store, "connections.column",
      { stage: stageText, map, before, seen: layer.table[map].join(", ") });
    const content = onChoose
      ? make("button", { type: "button", "aria-label": title, onClick: () => onChoose(map) }, String(map))
      : String(map);
    return track(map, make("th", { scope: "col", title }, content));
  };
  const cell = (map, input) => {
    const isFed = layer.table[map].includes(input);
    const cellText = isFed ? phrase(store, "connections.yes") : phrase(store, "connections.no");
    return track(map, make("td", { class: isFed ? "is-fed" : null }, make("span", { class: "unseen" }, cellText)));
  };
  const track = (map, element) => {
    element.addEventListener("pointerenter", () => show(map));
    element.addEventListener("focusin", () => show(map));
    (cells[map] ??= []).push(element);
    return element;
  };

  const columns = [...layer.table.keys()];
  const rows = Array.from({ length: inputs }, (_, input) => input);
  const rowHeads = rows.map((input) => make("th", { scope: "row" }, String(input)));
  const table = make("table", { class: "connection-table" },
    make("caption", {}, phrase(store, "connections.caption", { stage: stageText, before })),
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
      ? phrase(store, "connections.total", {
        kernels: layer.table.flat().length, all: inputs * layer.maps,
        parameters: (layer.table.flat().length * area + layer.maps).toLocaleString("en-US"), area, maps: layer.maps,
      })
      : phrase(store, "connections.row", {
        stage: stageText, map, before, seen: layer.table[map].join(", "), count: layer.table[map].length, area,
        parameters: layer.table[map].length * area + 1,
      });
  }

  function light(map) {
    selectedMap = map;
    show(map);
  }
  light(null);
  const scroll = make("div", {
    class: "connection-scroll", tabindex: "0", role: "group",
    "aria-label": phrase(store, "connections.caption", { stage: stageText, before }),
  }, table);
  return { element: make("div", { class: "connection-whole" }, scroll, message), light };
}
