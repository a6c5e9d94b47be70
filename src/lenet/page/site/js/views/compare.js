import { bindText } from "lenet/text.js";
import { transferFocus } from "lenet/views/focus.js";
import { make } from "lenet/views/elements.js";

/** The choice of the network that is shown, and of a second one to compare it with. */
export function mountCompare(container, store) {
  const { models } = store.state;
  const option = (position) => make("option", { value: position }, models[position].title);
  const firstSelect = make("select", { id: "first-network", onChange: choose },
    ...models.map((_, index) => option(index)));
  const noneOption = bindText(store, make("option", { value: "" }), "header.alone");
  const secondSelect = make("select", { id: "second-network", onChange: choose },
    noneOption, ...models.map((_, index) => option(index)));
  container.append(
    make("label", { for: "first-network" }, bindText(store, make("span"), "header.network"), firstSelect),
    make("label", { for: "second-network", hidden: models.length < 2 },
      bindText(store, make("span"), "header.beside"), secondSelect),
  );

  function choose() {
    const shownIndexes = [Number(firstSelect.value)];
    if (secondSelect.value !== "" && secondSelect.value !== firstSelect.value) {
      shownIndexes.push(Number(secondSelect.value));
    }
    const { models, shownIndexes: shownBefore, focus } = store.state;
    const position = Math.min(focus?.position ?? 0, shownIndexes.length - 1);
    const transferredFocus = transferFocus(focus,
      models[shownBefore[focus?.position ?? 0]].network, models[shownIndexes[position]].network);
    store.set({ shownIndexes, focus: transferredFocus && { ...transferredFocus, position } });
  }

  function updateSelects({ shownIndexes }) {
    firstSelect.value = String(shownIndexes[0]);
    secondSelect.value = shownIndexes.length > 1 ? String(shownIndexes[1]) : "";
    [...secondSelect.options].forEach((choice) => { choice.disabled = choice.value === firstSelect.value; });
  }
  store.subscribe(["shownIndexes"], updateSelects);
  updateSelects(store.state);
}
