import { sourcesOf } from "lenet/units.js";
import { bindText, translate } from "lenet/text.js";
import { make } from "lenet/views/elements.js";
import { createDiagram } from "lenet/views/diagram.js";
import { number, stageName } from "lenet/views/numbers.js";

/** Every stage of the networks shown, and the unit in focus. Two networks stand one below the other, stage by stage. */
export function mountStages(container, store) {
  const live = make("span", { "aria-live": "polite", id: "readout" });
  const onward = bindText(store, make("a", { href: "#unit", hidden: true }), "stages.onward");
  const readout = make("p", { class: "readout" }, live, onward);
  const diagrams = make("div", { class: "diagrams" });
  const help = bindText(store, make("p", { id: "stage-keys", class: "section-text" }), "stages.help");
  container.append(
    make("div", { class: "section-head" }, bindText(store, make("h2"), "stages.title"), help),
    make("div", { class: "stages-bar" }, legend(store), overviewSwitch(store)),
    diagrams,
    readout,
  );

  let shown = [];
  let requested = 0;

  function build() {
    diagrams.replaceChildren();
    shown = store.state.shown.map((index, position) => createDiagram(store, store.state.networks[index], position));
    diagrams.append(...shown.map((diagram) => diagram.element));
    arrange();
  }

  function arrange() {
    for (const diagram of shown) diagram.arrange();
    update();
  }

  function update() {
    const { passes, answers, focus } = store.state;
    if (passes.length !== shown.length) return;
    shown.forEach((diagram, position) => diagram.update(passes[position], answers[position], focus));
  }

  store.subscribe(["shown"], build);
  store.subscribe(["passes", "focus"], update);
  store.subscribe(["palette"], update);
  store.subscribe(["language", "fonts", "isOverview"], arrange);
  store.subscribe(["focus", "passes", "language"], () => {
    requested ||= setTimeout(() => {
      requested = 0;
      live.textContent = describe(store);
      onward.hidden = !store.state.focus;
    }, 120);
  });

  let width = 0;
  new ResizeObserver(([entry]) => {
    if (Math.abs(entry.contentRect.width - width) < 1) return;
    width = entry.contentRect.width;
    arrange();
  }).observe(diagrams);
  build();
}

/** The unit in focus in a sentence. */
export function describe(store) {
  const { focus, passes, networks, shown } = store.state;
  if (!focus || !passes[focus.shown]) return translate(store, "stages.none");
  const { network } = networks[shown[focus.shown]];
  const stage = network.stages[focus.stage];
  const [map, row, column] = focus.unit;
  const [, height, width] = stage.outputShape;
  const values = passes[focus.shown].stages[focus.stage].values;
  const value = number(values[(map * height + row) * width + column]);
  const isVector = height === 1 && width === 1;
  const sources = sourcesOf(network, focus.stage, focus.unit);
  const key = isVector ? "stages.unit" : "stages.mapUnit";
  const inputs = stage.kind === "convolution" && sources.length < 20
    ? ` ${translate(store, "stages.seen", { maps: sources.map((source) => source.map).join(", ") })}` : "";
  const name = stage.name === "output" ? translate(store, "stages.output") : stageName(stage.name);
  return translate(store, key, { stage: name, map, row, column, value }) + inputs;
}

/** One map of each stage, or all of them. */
function overviewSwitch(store) {
  const buttons = [["overview", true], ["all", false]].map(([key, isOverview]) => ({ isOverview, button:
    bindText(store, make("button", { type: "button", "data-view": key, onClick: () => store.set({ isOverview }) }),
      `stages.${key}`) }));
  const follow = (state) => buttons.forEach(({ button, isOverview }) =>
    button.setAttribute("aria-pressed", String(state.isOverview === isOverview)));
  store.subscribe(["isOverview"], follow);
  follow(store.state);
  return bindText(store, make("div", { class: "switch", role: "group" }, ...buttons.map(({ button }) => button)),
    "stages.view", { attribute: "aria-label" });
}

function legend(store) {
  return make("p", { class: "legend" },
    make("span", { class: "legend-bar", "aria-hidden": "true" }),
    bindText(store, make("span"), "stages.legend"),
  );
}
