/** The drawing and the view in the page's address, so that a link shows the same. */

import { drawingOf, drawingText } from "lenet/address/drawings.js";
import { SLIDERS } from "lenet/robustness/changes.js";
import { UNCHANGED } from "lenet/store.js";
import { STOPS } from "lenet/tour/stops.js";

const REST = 400; // milliseconds after the last change

/**
 * Parses an address: what to show; null for what it does not name, or names wrongly.
 *
 * @param {string} hash - of the address
 * @param {Loaded[]} networks
 * @returns {{sample: ?number, strokes: ?Stroke[], shown: ?number[], focus: ?Object, changes: ?Object, stop: ?number}}
 */
export function parseAddress(hash, networks) {
  const parameters = new URLSearchParams(hash.slice(1));
  const digit = parameters.get("sample");
  const shown = parameters.get("networks")?.split(",").map((title) => networks.findIndex((one) => one.title === title));
  const isShown = shown && shown.length <= 2 && shown.every((index) => index >= 0);
  return {
    sample: /^\d$/.test(digit ?? "") ? Number(digit) : null,
    strokes: drawingOf(parameters.get("drawing") ?? ""),
    shown: isShown ? shown : null,
    focus: focusOf(parameters.get("unit") ?? "", networks, isShown ? shown : [0]),
    changes: changesOf(parameters.get("changes") ?? ""),
    stop: stopOf(parameters.get("tour") ?? ""),
  };
}

/** A unit of a network shown, as `0:c3:5,4,7`; null where there is none. */
function focusOf(text, networks, shown) {
  const [networkIndex, name, numbers] = text.split(":");
  const stages = networks[shown[Number(networkIndex)]]?.network.stages ?? [];
  const stage = stages.findIndex((one) => one.name === name);
  const unit = numbers?.split(",").map(Number) ?? [];
  const isThere = stage >= 0 && unit.length === 3
    && unit.every((index, axis) => Number.isInteger(index) && index >= 0 && index < stages[stage].outputShape[axis]);
  return isThere ? { shown: Number(networkIndex), stage, unit, pinned: true } : null;
}

/** Sliders that are moved, as `rotation:60,noise:0.1`; null where one is none or stands where it cannot. */
function changesOf(text) {
  const changes = { ...UNCHANGED };
  for (const part of text.split(",").filter(Boolean)) {
    const [key, value] = part.split(":");
    const slider = SLIDERS.find((one) => one.key === key);
    const isThere = slider && value && Number(value) >= slider.minimum && Number(value) <= slider.maximum;
    if (!isThere) return null;
    changes[key] = Number(value);
  }
  return text ? changes : null;
}

/** A stop of the tour, counted from 1. */
const stopOf = (text) => (/^\d+$/.test(text) && STOPS[text - 1] ? text - 1 : null);

/** The address of what is shown. */
export function addressOf({ networks, shown, focus, changes, stop }, { sample, strokes }) {
  const parameters = new URLSearchParams();
  if (sample !== null) parameters.set("sample", sample);
  else if (strokes.length) parameters.set("drawing", drawingText(strokes));
  if (shown.join() !== "0") parameters.set("networks", shown.map((index) => networks[index].title).join(","));
  if (focus?.pinned) {
    const { stages } = networks[shown[focus.shown]].network;
    parameters.set("unit", `${focus.shown}:${stages[focus.stage].name}:${focus.unit}`);
  }
  const moved = SLIDERS.filter(({ key }) => changes[key] !== UNCHANGED[key]);
  if (moved.length) parameters.set("changes", moved.map(({ key }) => `${key}:${changes[key]}`).join(","));
  if (stop !== null) parameters.set("tour", stop + 1);
  const text = parameters.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
  return text ? `#${text}` : location.pathname + location.search;
}

/** Keeps the address true to the store from the next change on. */
export function keepAddress(store, pad) {
  let resting = 0;
  store.subscribe(["picture", "shown", "focus", "changes", "stop"], () => {
    clearTimeout(resting);
    resting = setTimeout(() => history.replaceState(null, "", addressOf(store.state, pad.drawn())), REST);
  });
  addEventListener("hashchange", () => {
    if (!location.hash.includes("=")) return; // a place of the page
    const { sample, strokes, shown, focus, changes, stop } = parseAddress(location.hash, store.state.networks);
    store.set({ shown: shown ?? [0], focus: null, changes: changes ?? UNCHANGED });
    if (strokes) pad.draw(strokes);
    else if (sample !== null) pad.load(sample);
    store.set({ focus, stop });
  });
}
