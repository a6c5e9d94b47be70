/** The downloads: tables and labels; and how many key presses the answers took. */

import { make } from "./elements.js";
import { bindText, onLanguage, translate } from "./text.js";

export function mountDownloads(container, desk) {
  const link = (key, name) =>
    bindText(make("a", { class: "button", href: `desk/${name}`, download: name, "data-take": key }), key);
  const workbook = link("xlsx", "table.xlsx");
  const message = make("p", { class: "section-text" });
  container.append(bindText(make("h2", { id: "downloads-title" }), "downloads"),
    make("div", { class: "controls" }, link("csv", "table.csv"), workbook, link("labels", "labels.zip")),
    message);
  const show = () => {
    const counts = desk.state?.counts;
    container.hidden = !counts?.fields;
    workbook.hidden = !desk.state?.has_xlsx;
    if (counts) {
      const isOpen = counts.for_review > counts.answered;
      message.textContent = [translate("pressed", counts), isOpen ? translate("openLeft") : ""].join(" ").trim();
    }
  };
  desk.onState(show);
  onLanguage(show);
}
