import { bindText } from "lenet/text.js";
import { carriedFocus } from "lenet/views/focus.js";
import { make } from "lenet/views/elements.js";

/** Which network is shown, and which one beside it. */
export function mountCompare(container, store) {
  const { networks } = store.state;
  const option = (index) => make("option", { value: index }, networks[index].title);
  const first = make("select", { id: "first-network", onChange: choose }, ...networks.map((_, index) => option(index)));
  const noneOption = bindText(store, make("option", { value: "" }), "header.alone");
  const second = make("select", { id: "second-network", onChange: choose },
    noneOption, ...networks.map((_, index) => option(index)));
  container.append(
    make("label", { for: "first-network" }, bindText(store, make("span"), "header.network"), first),
    make("label", { for: "second-network", hidden: networks.length < 2 },
      bindText(store, make("span"), "header.beside"), second),
  );

  function choose() {
    const shown = [Number(first.value)];
    if (second.value !== "" && second.value !== first.value) shown.push(Number(second.value));
    const { networks, shown: before, focus } = store.state;
    const index = Math.min(focus?.shown ?? 0, shown.length - 1);
    const carried = carriedFocus(focus, networks[before[focus?.shown ?? 0]].network, networks[shown[index]].network);
    store.set({ shown, focus: carried && { ...carried, shown: index } });
  }

  function follow({ shown }) {
    first.value = String(shown[0]);
    second.value = shown.length > 1 ? String(shown[1]) : "";
    [...second.options].forEach((choice) => { choice.disabled = choice.value === first.value; });
  }
  store.subscribe(["shown"], follow);
  follow(store.state);
}
