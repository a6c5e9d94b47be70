/** Puts the page together: the document, the store, the pipeline, the views. */

import { mountCounts } from "lenet/counts.js";
import { parseAddress, syncAddress } from "lenet/address.js";
import { mountLearning } from "lenet/learning/learning.js";
import { parseDocument } from "lenet/network.js";
import { mountPlane } from "lenet/plane/plane.js";
import { recognize } from "lenet/recognition.js";
import { mountRobustness } from "lenet/robustness/robustness.js";
import { mountSaliency } from "lenet/saliency/saliency.js";
import { createStore, UNCHANGED } from "lenet/store.js";
import { preferredLanguage, bindText } from "lenet/text.js";
import { timings } from "lenet/timings.js";
import { mountTour } from "lenet/tour/tour.js";
import { mountAnswers } from "lenet/views/answers.js";
import { mountExporting } from "lenet/views/exporting.js";
import { initialFocus } from "lenet/views/focus.js";
import { syncDocument, mountHeader } from "lenet/views/header.js";
import { listenForKeys } from "lenet/views/keys.js";
import { mountPad } from "lenet/views/pad.js";
import { mountStages } from "lenet/views/stages.js";
import { mountSteps } from "lenet/views/steps.js";
import { mountUnit } from "lenet/views/unit.js";

const INITIAL_SAMPLE = 3;

const { models, reader, document: json } = parseDocument(document.getElementById("document").textContent);

/**
 * @typedef {Object} State
 * @property {Model[]} models - all that can be shown
 * @property {Model} reader - classifies the digits of pictures
 * @property {number[][]} digitCodes - prototypes of the RBF outputs
 * @property {?string} readsAt - address where the page's server reads pictures; null in a file
 * @property {?string} docsAt - address of the server's documentation
 * @property {number[]} shownIndexes - of the one or two models shown, in `models`
 * @property {"en"|"zh"} language
 * @property {"auto"|"light"|"dark"} theme - as chosen
 * @property {?string} palette - the theme in effect, "light" or "dark"
 * @property {boolean} fonts - whether the page's fonts are loaded
 * @property {?ImageData} picture - the drawing, or a picture from elsewhere
 * @property {boolean} isFromPad - whether the picture is the drawing
 * @property {boolean} isSketch - whether the page itself has drawn the picture, from the server's reading
 * @property {?Object} serverReading - the server's reading of the picture
 * @property {number} selectedDigit - index of the picture's digit that the networks get
 * @property {Changes} changes - of the sliders
 * @property {KernelEdit[]} edits
 * @property {?{modelIndex: number, wrong: number, total: number}} misread - how many test digits the first model shown
 *     misreads; null while that is being computed
 * @property {?string} source - of the picture: "sample 3", "drawing", "picture" (pasted), or a file's name
 * @property {?Reading} reading
 * @property {?Uint8Array} image - the selected digit, 28×28, after the changes
 * @property {Pass[]} passes - of the models shown
 * @property {Answer[]} answers - of the models shown
 * @property {?Focus} focus - the unit in focus
 * @property {boolean} isOverview - whether one map of each stage is shown instead of all
 * @property {?number} stop - of the tour; null while it is closed
 */
const store = createStore({
  models,
  reader,
  digitCodes: json.digit_codes,
  readsAt: json.reads_at,
  docsAt: json.docs_at,
  shownIndexes: [],
  language: preferredLanguage(json.language),
  theme: "auto",
  palette: null,
  fonts: false,
  picture: null,
  isFromPad: true,
  isSketch: false,
  serverReading: null,
  selectedDigit: 0,
  changes: UNCHANGED,
  edits: [],
  misread: null,
  source: null,
  reading: null,
  image: null,
  passes: [],
  answers: [],
  focus: null,
  isOverview: true,
  stop: null,
}, recognize);
const addressState = parseAddress(location.hash, models);
store.set({ shownIndexes: addressState.shownIndexes ?? [0], changes: addressState.changes ?? UNCHANGED });

syncDocument(store);
const elementOf = (id) => document.getElementById(id);
bindText(store, elementOf("skip"), "skip");
mountHeader(elementOf("header"), store);
const pad = mountPad(elementOf("pad"), store);
mountSteps(elementOf("steps"), store);
mountAnswers(elementOf("answers"), store);
mountStages(elementOf("stages"), store);
mountUnit(elementOf("unit"), store);
mountExporting(elementOf("exporting"), store);
listenForKeys(store, pad);

if (addressState.strokes) pad.drawStrokes(addressState.strokes);
else pad.writeSample(addressState.sample ?? INITIAL_SAMPLE, { isInstant: true });
store.set({
  focus: addressState.focus ?? initialFocus(models[store.state.shownIndexes[0]].network, store.state.passes[0]),
});
document.fonts.ready.then(() => store.set({ fonts: true }));
const readyTime = performance.now();
requestAnimationFrame(() => setTimeout(mountRest)); // once the first answer is on the screen

function mountRest() {
  mountTour(elementOf("tour"), store);
  mountSaliency(elementOf("saliency"), store);
  mountRobustness(elementOf("robustness"), store);
  mountPlane(elementOf("plane"), store, json.digits);
  mountLearning(elementOf("learning"), store, json.digits);
  mountCounts(elementOf("counts"), store);
  if (addressState.stop !== null) store.set({ stop: addressState.stop });
  syncAddress(store, pad);
  window.lenet = { store, timings, ready: readyTime };
}
