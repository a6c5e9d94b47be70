/** Puts the page together: the document, the store, the pipeline, the views. */

import { mountAccount } from "lenet/account.js";
import { parseAddress, keepAddress } from "lenet/address.js";
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
import { firstFocus } from "lenet/views/focus.js";
import { keepDocument, mountHeader } from "lenet/views/header.js";
import { listenForKeys } from "lenet/views/keys.js";
import { mountPad } from "lenet/views/pad.js";
import { mountStages } from "lenet/views/stages.js";
import { mountSteps } from "lenet/views/steps.js";
import { mountUnit } from "lenet/views/unit.js";

const FIRST_DIGIT = 3;

const { networks, reader, document: json } = parseDocument(document.getElementById("document").textContent);
const store = createStore({
  networks,
  reader,
  digitCodes: json.digit_codes,
  readsAt: json.reads_at,
  docsAt: json.docs_at,
  shown: [],
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
const addressed = parseAddress(location.hash, networks);
store.set({ shown: addressed.shown ?? [0], changes: addressed.changes ?? UNCHANGED });

keepDocument(store);
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

if (addressed.strokes) pad.draw(addressed.strokes);
else pad.load(addressed.sample ?? FIRST_DIGIT, { atOnce: true });
store.set({ focus: addressed.focus ?? firstFocus(networks[store.state.shown[0]].network, store.state.passes[0]) });
document.fonts.ready.then(() => store.set({ fonts: true }));
const ready = performance.now();
requestAnimationFrame(() => setTimeout(mountRest)); // once the first answer is on the screen

function mountRest() {
  mountTour(elementOf("tour"), store);
  mountSaliency(elementOf("saliency"), store);
  mountRobustness(elementOf("robustness"), store);
  mountPlane(elementOf("plane"), store, json.digits);
  mountLearning(elementOf("learning"), store, json.digits);
  mountAccount(elementOf("account"), store);
  if (addressed.stop !== null) store.set({ stop: addressed.stop });
  keepAddress(store, pad);
  window.lenet = { store, timings, ready };
}
