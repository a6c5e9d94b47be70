import { sourcesOf } from "lenet/units.js";
import { bindText, translate } from "lenet/text.js";
import { make } from "lenet/views/elements.js";
import { createDiagram } from "lenet/views/diagram.js";
import { formatNumber, stageName } from "lenet/views/numbers.js";

/** Every stage of the networks shown, and the unit in focus. Two networks stand one below the other, stage by stage. */
export function mountStages(container, store) {
  const readoutText = make("span", { "aria-live": "polite", id: "readout" });
  const unitLink = bindText(store, make("a", { href: "#unit", hidden: true }), "stages.onward");
  const readout = make("p", { class: "readout" }, readoutText, unitLink);
  const diagramsElement = make("div", { class: "diagrams" });
  const help = bindText(store, make("p", { id: "stage-keys", class: "section-text" }), "stages.help");
  container.append(
    make("div", { class: "section-head" }, bindText(store, make("h2"), "stages.title"), help),
    make("div", { class: "stages-bar" }, legend(store), overviewSwitch(store)),
    diagramsElement,
    readout,
  );

  let diagrams = [];
  let announcementTimer = 0;

  function build() {
    diagramsElement.replaceChildren();
    diagrams = store.state.shownIndexes.map((index, position) =>
      createDiagram(store, store.state.models[index], position));
    diagramsElement.append(...diagrams.map((diagram) => diagram.element));
    arrange();
  }

  function arrange() {
    for (const diagram of diagrams) diagram.arrange();
    update();
  }

  function update() {
    const { passes, answers, focus } = store.state;
    if (passes.length !== diagrams.length) return;
    diagrams.forEach((diagram, position) => diagram.update(passes[position], answers[position], focus));
  }

  store.subscribe(["shownIndexes"], build);
  store.subscribe(["passes", "focus"], update);
  store.subscribe(["palette"], update);
  store.subscribe(["language", "fonts", "isOverview"], arrange);
  store.subscribe(["focus", "passes", "language"], () => {
    announcementTimer ||= setTimeout(() => {
      announcementTimer = 0;
      readoutText.textContent = focusSentence(store);
      unitLink.hidden = !store.state.focus;
    }, 120);
  });

  let width = 0;
  new ResizeObserver(([entry]) => {
    if (Math.abs(entry.contentRect.width - width) < 1) return;
    width = entry.contentRect.width;
    arrange();
  }).observe(diagramsElement);
  build();
}

/** The unit in focus in a sentence. */
export function focusSentence(store) {
  const { focus, passes, models, shownIndexes } = store.state;
  if (!focus || !passes[focus.position]) return translate(store, "stages.none");
  const { network } = models[shownIndexes[focus.position]];
  const stage = network.stages[focus.stageIndex];
  const [map, row, column] = focus.unit;
  const [, height, width] = stage.outputShape;
  const values = passes[focus.position].stages[focus.stageIndex].values;
  const value = formatNumber(values[(map * height + row) * width + column]);
  const isVector = height === 1 && width === 1;
  const sources = sourcesOf(network, focus.stageIndex, focus.unit);
  const key = isVector ? "stages.unit" : "stages.mapUnit";
  const inputs = stage.kind === "convolution" && sources.length < 20
    ? ` ${translate(store, "stages.sources", { maps: sources.map((source) => source.map).join(", ") })}` : "";
  const name = stage.name === "output" ? translate(store, "stages.output") : stageName(stage.name);
  return translate(store, key, { stage: name, map, row, column, value }) + inputs;
}

/** One map of each stage, or all of them. */
function overviewSwitch(store) {
  const buttons = [["overview", true], ["all", false]].map(([key, isOverview]) => ({ isOverview, button:
    bindText(store, make("button", { type: "button", "data-view": key, onClick: () => store.set({ isOverview }) }),
      `stages.${key}`) }));
  const updatePressed = (state) => buttons.forEach(({ button, isOverview }) =>
    button.setAttribute("aria-pressed", String(state.isOverview === isOverview)));
  store.subscribe(["isOverview"], updatePressed);
  updatePressed(store.state);
  return bindText(store, make("div", { class: "switch", role: "group" }, ...buttons.map(({ button }) => button)),
    "stages.view", { attribute: "aria-label" });
}

function legend(store) {
  return make("p", { class: "legend" },
    make("span", { class: "legend-bar", "aria-hidden": "true" }),
    bindText(store, make("span"), "stages.legend"),
  );
}
