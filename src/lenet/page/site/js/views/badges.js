import { SLIDERS } from "lenet/robustness/changes.js";
import { shownValue } from "lenet/robustness/slider.js";
import { UNCHANGED } from "lenet/store.js";
import { t } from "lenet/text.js";
import { undoEdit } from "lenet/views/kernel_edits.js";
import { make } from "lenet/views/elements.js";
import { stageName } from "lenet/views/numbers.js";

/** What was changed further down, each change with its undo: "turned by +60°". */
export function mountBadges(store) {
  const element = make("div", { class: "badges", role: "group", "aria-live": "polite" });

  function update() {
    const { changes, edits, networks } = store.state;
    const changed = SLIDERS.filter(({ key }) => changes[key] !== UNCHANGED[key]).map(({ key }) => badge(
      t(store, `badge.${key}`, { value: shownValue(key, changes[key]) }),
      () => store.set({ changes: { ...store.state.changes, [key]: UNCHANGED[key] } })));
    const edited = edits.map((edit) => {
      const { name } = networks[edit.network].network.stages[edit.stage];
      return badge(t(store, "badge.kernel", { stage: stageName(name), map: edit.map }), () => undoEdit(store, edit));
    });
    element.replaceChildren(...changed, ...edited);
    element.setAttribute("aria-label", t(store, "badge.title"));
  }

  const badge = (text, undo) => make("span", { class: "badge" }, text,
    make("button", { type: "button", onClick: undo, "aria-label": t(store, "badge.undoOf", { change: text }) },
      t(store, "badge.undo")));

  store.subscribe(["changes", "edits", "language"], update);
  update();
  return element;
}
