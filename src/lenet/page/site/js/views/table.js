import { translate } from "lenet/text.js";
import { make } from "lenet/views/elements.js";

/** The connection table of a convolution, as Table I is printed, with the column of the unit's map marked. */
export function createTable(store) {
  const caption = make("caption");
  const table = make("table", { class: "connections" });
  const element = make("div", { class: "connections-frame", hidden: true }, table);
  let drawnKey = null;
  let marked = [];

  function build(rows, maps) {
    const cellText = (map, input) => (rows[map].includes(input) ? "×" : "");
    const numbered = rows.map((_, map) => make("th", { scope: "col", "data-column": map }, String(map)));
    const lines = Array.from({ length: maps }, (_, input) => make("tr", {},
      make("th", { scope: "row" }, String(input)),
      ...rows.map((_, map) => make("td", { "data-column": map, "data-row": input }, cellText(map, input)))));
    const head = make("tr", {}, make("td"), ...numbered);
    table.replaceChildren(caption, make("thead", {}, head), make("tbody", {}, ...lines));
    drawnKey = rows;
  }

  /** Hides itself for stages without a table. */
  function update(stage, previousName, map) {
    const rows = stage.layer.table;
    element.hidden = !rows;
    if (!rows) return;
    const name = translate(store, "unit.table", { previousName, stage: stage.name.toUpperCase() });
    if (drawnKey !== rows) build(rows, stage.inputShape[0]);
    caption.textContent = name;
    for (const cell of marked) cell.classList.remove("is-marked");
    marked = [...table.querySelectorAll(`[data-column="${map}"]`)];
    for (const cell of marked) cell.classList.add("is-marked");
  }

  return { element, update };
}
