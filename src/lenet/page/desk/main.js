/** Puts the desk together: the server holds the stack, this page asks how it stands and draws it. */

import { mountFields } from "./fields.js";
import { mountFiles } from "./files.js";
import { mountReview } from "./review.js";
import { get, onTrouble } from "./server.js";
import { mountTaking } from "./taking.js";
import { follow, mountLanguages, say, t } from "./text.js";

const POLL_MS = 1000;
const place = (id) => document.getElementById(id);
const listeners = { state: [], answer: [], ask: [] };
let isAsking = false, isStale = false;

/** What the views share: the state that the server told last, and what they tell one another. */
const desk = {
  state: null,
  fault: (text) => (place("fault").textContent = text),
  onState: (listener) => listeners.state.push(listener),
  onAnswer: (listener) => listeners.answer.push(listener),
  onAsk: (listener) => listeners.ask.push(listener),
  answered: (field) => listeners.answer.forEach((listener) => listener(field)),
  ask: (field) => listeners.ask.forEach((listener) => listener(field)),
  refresh,
};

async function refresh() {
  isStale = true;
  if (isAsking) return;
  isAsking = true;
  while (isStale) {
    isStale = false;
    const before = desk.state;
    try {
      desk.state = await get("state");
      if (JSON.stringify(before) !== JSON.stringify(desk.state)) {
        listeners.state.forEach((listener) => listener(desk.state, before));
      }
    } catch {
      break; // entries that wait say that the server is silent; the next look comes soon
    }
  }
  isAsking = false;
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const follows = () => (document.documentElement.dataset.theme = dark.matches ? "dark" : "light");
dark.addEventListener("change", follows);
follows();

mountLanguages(place("language"));
say(place("skip"), "skip");
say(place("title"), "title");
say(place("to-page"), "page");
follow(() => (document.title = `LeNet: ${t("title")}`));
onTrouble(({ count, why }) => desk.fault(why ? t("refused", { why }) : count ? t("silent", { count }) : ""));
mountFiles(place("files"), desk);
const review = mountReview(place("review"), desk);
mountFields(place("fields"), desk, review);
mountTaking(place("taking"), desk);
refresh();
setInterval(() => {
  if (!document.hidden) refresh();
}, POLL_MS);
