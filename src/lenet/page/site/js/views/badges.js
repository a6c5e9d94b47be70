import { SLIDERS } from "lenet/robustness/changes.js";
import { shownValue } from "lenet/robustness/slider.js";
import { UNCHANGED } from "lenet/store.js";
import { translate } from "lenet/text.js";
import { undoEdit } from "lenet/views/kernel_edits.js";
import { make } from "lenet/views/elements.js";
import { stageName } from "lenet/views/numbers.js";

/** The changes made further down, each with its undo: "rotated by +60°". */
export function createBadges(store) {
  const element = make("div", { class: "badges", role: "group", "aria-live": "polite" });

  function update() {
    const { changes, edits, networks } = store.state;
    const changed = SLIDERS.filter(({ key }) => changes[key] !== UNCHANGED[key]).map(({ key }) => badge(
      translate(store, `badge.${key}`, { value: shownValue(key, changes[key]) }),
      () => store.set({ changes: { ...store.state.changes, [key]: UNCHANGED[key] } })));
    const edited = edits.map((edit) => {
      const { name } = networks[edit.network].network.stages[edit.stage];
      const text = translate(store, "badge.kernel", { stage: stageName(name), map: edit.outputMap });
      return badge(text, () => undoEdit(store, edit));
    });
    element.replaceChildren(...changed, ...edited);
    element.setAttribute("aria-label", translate(store, "badge.title"));
  }

  const badge = (text, undo) => make("span", { class: "badge" }, text,
    make("button", { type: "button", onClick: undo, "aria-label": translate(store, "badge.undoOf", { change: text }) },
      translate(store, "badge.undo")));

  store.subscribe(["changes", "edits", "language"], update);
  update();
  return element;
}
