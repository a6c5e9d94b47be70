/** What is taken away: tables, labels, and how many keys it took. */

import { make } from "./elements.js";
import { follow, say, t } from "./text.js";

export function mountTaking(place, desk) {
  const link = (key, name) => say(make("a", { class: "button", href: `desk/${name}`, download: name, "data-take": key }), key);
  const workbook = link("xlsx", "table.xlsx");
  const says = make("p", { class: "section-text" });
  place.append(say(make("h2", { id: "taking-title" }), "taking"),
    make("div", { class: "controls" }, link("csv", "table.csv"), workbook, link("labels", "labels.zip")),
    says);
  const show = () => {
    const counts = desk.state?.counts;
    place.hidden = !counts?.fields;
    workbook.hidden = !desk.state?.has_xlsx;
    if (counts) {
      const isOpen = counts.asked > counts.answered;
      says.textContent = [t("pressed", counts), isOpen ? t("openLeft") : ""].join(" ").trim();
    }
  };
  desk.onState(show);
  follow(show);
}
