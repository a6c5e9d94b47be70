/** Puts the desk together: the server holds the stack, this page polls its state and draws it. */

import { mountFields } from "./fields.js";
import { mountFiles } from "./files.js";
import { mountReview } from "./review.js";
import { fetchJson, onTrouble } from "./server.js";
import { mountDownloads } from "./downloads.js";
import { bindText, mountLanguages, onLanguage, translate } from "./text.js";

const POLL_MS = 1000;
const elementOf = (id) => document.getElementById(id);
const listeners = { state: [], answer: [], current: [] };
let isFetching = false, isStale = false;

/** What the views share: the last state from the server, and the events that they report to one another. */
const desk = {
  state: null,
  showError: (text) => (elementOf("error").textContent = text),
  onState: (listener) => listeners.state.push(listener),
  onAnswer: (listener) => listeners.answer.push(listener),
  onCurrent: (listener) => listeners.current.push(listener),
  reportAnswer: (field) => listeners.answer.forEach((listener) => listener(field)),
  reportCurrent: (field) => listeners.current.forEach((listener) => listener(field)),
  refresh,
};

async function refresh() {
  isStale = true;
  if (isFetching) return;
  isFetching = true;
  while (isStale) {
    isStale = false;
    const before = desk.state;
    try {
      desk.state = await fetchJson("state");
      if (JSON.stringify(before) !== JSON.stringify(desk.state)) {
        listeners.state.forEach((listener) => listener(desk.state, before));
      }
    } catch {
      break; // entries that wait say that the server is silent; the next look comes soon
    }
  }
  isFetching = false;
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const applyTheme = () => (document.documentElement.dataset.theme = dark.matches ? "dark" : "light");
dark.addEventListener("change", applyTheme);
applyTheme();

mountLanguages(elementOf("language"));
bindText(elementOf("skip"), "skip");
bindText(elementOf("title"), "title");
bindText(elementOf("to-page"), "page");
onLanguage(() => (document.title = `LeNet: ${translate("title")}`));
onTrouble(({ count, why }) =>
  desk.showError(why ? translate("refused", { why }) : count ? translate("silent", { count }) : ""));
mountFiles(elementOf("files"), desk);
const review = mountReview(elementOf("review"), desk);
mountFields(elementOf("fields"), desk, review);
mountDownloads(elementOf("downloads"), desk);
refresh();
setInterval(() => {
  if (!document.hidden) refresh();
}, POLL_MS);
