/** The drawing and the view in the page's address, so that a link shows the same. */

import { parseDrawing, formatDrawing } from "lenet/address/drawings.js";
import { SLIDERS } from "lenet/robustness/changes.js";
import { UNCHANGED } from "lenet/store.js";
import { STOPS } from "lenet/tour/stops.js";

const REST_MS = 400; // after the last change

/**
 * Parses an address: what to show; null for what it does not name, or names wrongly.
 *
 * @param {string} hash - of the address
 * @param {Model[]} models
 * @returns {{sample: ?number, strokes: ?Stroke[], shownIndexes: ?number[], focus: ?Focus, changes: ?Changes,
 *     stop: ?number}}
 */
export function parseAddress(hash, models) {
  const parameters = new URLSearchParams(hash.slice(1));
  const digit = parameters.get("sample");
  const shownIndexes = parameters.get("networks")?.split(",")
    .map((title) => models.findIndex((model) => model.title === title));
  const areAllKnown = shownIndexes && shownIndexes.length <= 2 && shownIndexes.every((index) => index >= 0);
  return {
    sample: /^\d$/.test(digit ?? "") ? Number(digit) : null,
    strokes: parseDrawing(parameters.get("drawing") ?? ""),
    shownIndexes: areAllKnown ? shownIndexes : null,
    focus: parseFocus(parameters.get("unit") ?? "", models, areAllKnown ? shownIndexes : [0]),
    changes: parseChanges(parameters.get("changes") ?? ""),
    stop: parseStop(parameters.get("tour") ?? ""),
  };
}

/** The focus on a unit, from `0:c3:5,4,7` (position, stage, unit); null where there is no such unit. */
function parseFocus(text, models, shownIndexes) {
  const [networkIndex, name, numbers] = text.split(":");
  const stages = models[shownIndexes[Number(networkIndex)]]?.network.stages ?? [];
  const stage = stages.findIndex((one) => one.name === name);
  const unit = numbers?.split(",").map(Number) ?? [];
  const isValid = stage >= 0 && unit.length === 3
    && unit.every((index, axis) => Number.isInteger(index) && index >= 0 && index < stages[stage].outputShape[axis]);
  return isValid ? { position: Number(networkIndex), stageIndex: stage, unit, isPinned: true } : null;
}

/** The changes, from `rotation:60,noise:0.1`; null where a slider or its value does not exist. */
function parseChanges(text) {
  const changes = { ...UNCHANGED };
  for (const part of text.split(",").filter(Boolean)) {
    const [key, value] = part.split(":");
    const slider = SLIDERS.find((one) => one.key === key);
    const isValid = slider && value && Number(value) >= slider.minimum && Number(value) <= slider.maximum;
    if (!isValid) return null;
    changes[key] = Number(value);
  }
  return text ? changes : null;
}

/** The index of a stop of the tour, which addresses count from 1; null where there is no such stop. */
const parseStop = (text) => (/^\d+$/.test(text) && STOPS[text - 1] ? text - 1 : null);

/** The address that shows this state and drawing. */
export function formatAddress({ models, shownIndexes, focus, changes, stop }, { sample, strokes }) {
  const parameters = new URLSearchParams();
  if (sample !== null) parameters.set("sample", sample);
  else if (strokes.length) parameters.set("drawing", formatDrawing(strokes));
  if (shownIndexes.join() !== "0") {
    parameters.set("networks", shownIndexes.map((index) => models[index].title).join(","));
  }
  if (focus?.isPinned) {
    const { stages } = models[shownIndexes[focus.position]].network;
    parameters.set("unit", `${focus.position}:${stages[focus.stageIndex].name}:${focus.unit}`);
  }
  const movedSliders = SLIDERS.filter(({ key }) => changes[key] !== UNCHANGED[key]);
  if (movedSliders.length) parameters.set("changes", movedSliders.map(({ key }) => `${key}:${changes[key]}`).join(","));
  if (stop !== null) parameters.set("tour", stop + 1);
  const text = parameters.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
  return text ? `#${text}` : location.pathname + location.search;
}

/** Writes each later change of the store into the address, and each change of the address into the store. */
export function syncAddress(store, pad) {
  let restTimer = 0;
  store.subscribe(["picture", "shownIndexes", "focus", "changes", "stop"], () => {
    clearTimeout(restTimer);
    restTimer = setTimeout(
      () => history.replaceState(null, "", formatAddress(store.state, pad.currentDrawing())), REST_MS);
  });
  addEventListener("hashchange", () => {
    if (!location.hash.includes("=")) return; // a link to a section of the page
    const { sample, strokes, shownIndexes, focus, changes, stop } = parseAddress(location.hash, store.state.models);
    store.set({ shownIndexes: shownIndexes ?? [0], focus: null, changes: changes ?? UNCHANGED });
    if (strokes) pad.drawStrokes(strokes);
    else if (sample !== null) pad.writeSample(sample);
    store.set({ focus, stop });
  });
}
