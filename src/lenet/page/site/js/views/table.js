/** The connection table of a convolution, as Table I of the paper is printed. */

import { translate } from "lenet/text.js";
import { make } from "lenet/views/elements.js";

/** Creates the connection table of a convolution, with the column of the unit's map marked. */
export function createTable(store) {
  const caption = make("caption");
  const table = make("table", { class: "connections" });
  const element = make("div", { class: "connections-frame", hidden: true }, table);
  let builtTable = null;
  let markedCells = [];

  function buildTable(inputsByMap, inputMaps) {
    const cellText = (map, input) => (inputsByMap[map].includes(input) ? "×" : "");
    const columnHeads = inputsByMap.map((_, map) => make("th", { scope: "col", "data-column": map }, String(map)));
    const lines = Array.from({ length: inputMaps }, (_, input) => make("tr", {},
      make("th", { scope: "row" }, String(input)),
      ...inputsByMap.map((_, map) => make("td", { "data-column": map, "data-row": input }, cellText(map, input)))));
    const head = make("tr", {}, make("td"), ...columnHeads);
    table.replaceChildren(caption, make("thead", {}, head), make("tbody", {}, ...lines));
    builtTable = inputsByMap;
  }

  /** Marks the column of a map; hides the table for stages without one. */
  function update(stage, previousName, map) {
    const inputsByMap = stage.layer.table;
    element.hidden = !inputsByMap;
    if (!inputsByMap) return;
    const name = translate(store, "unit.table", { previousName, stage: stage.name.toUpperCase() });
    if (builtTable !== inputsByMap) buildTable(inputsByMap, stage.inputShape[0]);
    caption.textContent = name;
    for (const markedCell of markedCells) markedCell.classList.remove("is-marked");
    markedCells = [...table.querySelectorAll(`[data-column="${map}"]`)];
    for (const markedCell of markedCells) markedCell.classList.add("is-marked");
  }

  return { element, update };
}
