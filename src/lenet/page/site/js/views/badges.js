import { SLIDERS } from "lenet/robustness/changes.js";
import { sliderText } from "lenet/robustness/slider.js";
import { UNCHANGED } from "lenet/store.js";
import { translate } from "lenet/text.js";
import { undoEdit } from "lenet/views/kernel_edits.js";
import { make } from "lenet/views/elements.js";
import { stageName } from "lenet/views/numbers.js";

/** The changes made by sliders and in the kernel editor, each with its undo: "rotated by +60°". */
export function createBadges(store) {
  const element = make("div", { class: "badges", role: "group", "aria-live": "polite" });

  function update() {
    const { changes, edits, models } = store.state;
    const changeBadges = SLIDERS.filter(({ key }) => changes[key] !== UNCHANGED[key]).map(({ key }) => badge(
      translate(store, `badge.${key}`, { value: sliderText(key, changes[key]) }),
      () => store.set({ changes: { ...store.state.changes, [key]: UNCHANGED[key] } })));
    const editBadges = edits.map((edit) => {
      const { name } = models[edit.modelIndex].network.stages[edit.stageIndex];
      const text = translate(store, "badge.kernel", { stage: stageName(name), map: edit.outputMap });
      return badge(text, () => undoEdit(store, edit));
    });
    element.replaceChildren(...changeBadges, ...editBadges);
    element.setAttribute("aria-label", translate(store, "badge.title"));
  }

  const badge = (text, undo) => make("span", { class: "badge" }, text,
    make("button", { type: "button", onClick: undo, "aria-label": translate(store, "badge.undoOf", { change: text }) },
      translate(store, "badge.undo")));

  store.subscribe(["changes", "edits", "language"], update);
  update();
  return element;
}
