/**
 * The review of doubtful fields: one at a time and enlarged, one key each.
 *
 * Some fields are leased ahead, so that the next one is shown at once; entries are sent to the server afterwards.
 */

import { make } from "./elements.js";
import { sendEntry, sendUnsent } from "./server.js";
import { checkSum } from "./sums.js";
import { bindText, onLanguage, translate, translateName, translateReason } from "./text.js";

const LEASED_AHEAD = 6, LETTERS = "abcde", POLL_MS = 2000, RENEW_MS = 40_000;
const TYPED_CHARACTER = /^[0-9.,:/+-]$/, PAD_CHARACTERS = "1234567890-.,:/+";
const MAX_WIDTH_OF_ONE = 1.5; // of a box for one digit, in its heights: a wider one has room for two

/** @param {Object} desk - see main.js; it is told of the field that is shown */
export function mountReview(container, desk) {
  let queue = []; // the fields that are leased; the first one is shown
  let sumFields = []; // the fields shown: those of a violated sum, answered ones among them, or the one field
  let isLeasing = false;
  let handledIds = new Set(); // of fields answered or postponed since the last lease was asked for, which may have them
  const pictures = new Map();

  const remainingText = make("p", { class: "figure-note", id: "left", role: "status" });
  const card = make("div", { class: "card" });
  const notice = make("p", { class: "figure-note", id: "violation", role: "status" }); // of the last answer
  const empty = make("p", { class: "section-text" });
  const button = (name, key) =>
    bindText(make("button", { type: "button", onClick: () => press(key), "data-do": name }), name);
  const buttons = make("div", { class: "controls" }, button("accept", "Enter"), button("postpone", " "),
    button("takeBack", "Backspace"), button("empty", "Delete"));
  const characterButton = (key) => make("button", { type: "button", onClick: () => press(key) }, key);
  const digitPad = bindText(make("div", { class: "digit-pad", role: "group" },
    ...[...PAD_CHARACTERS].map(characterButton)), "pad", "aria-label");
  container.append(
    make("div", { class: "line" }, bindText(make("h2", { id: "review-title" }), "review"), remainingText),
    card, notice, empty, digitPad, buttons, bindText(make("p", { class: "section-text keys" }), "keys"));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("select, summary, input")) return;
    const isButton = event.target.closest?.("button, a, [role=listbox]");
    if (isButton && ["Enter", " "].includes(event.key)) return;
    if (press(event.key)) event.preventDefault();
  });

  function press(key) {
    const field = queue[0];
    if (key === "Backspace") return field?.typed ? saveDraft(field.typed.slice(0, -1)) : takeBack();
    if (!field) return false;
    if (TYPED_CHARACTER.test(key)) return isSingleDigit(field) ? answer(key) : saveDraft((field.typed ?? "") + key);
    if (key === "Enter") return accept();
    if (key === " ") return postpone();
    if (key === "Delete") return answer("");
    const alternative = field.alternatives[LETTERS.indexOf(key.toLowerCase())];
    return key.length === 1 && alternative ? answer(alternative[0]) : false;
  }

  /** One digit, or a box with room for one, of which one key is the whole answer. */
  function isSingleDigit({ typed, kind, text, box }) {
    if (typed !== null || kind === "ticks") return false;
    if (kind === "line") return /^\d$/.test(text);
    const [top, left, bottom, right] = box;
    return /^\d?$/.test(text) && right - left <= MAX_WIDTH_OF_ONE * (bottom - top);
  }

  function accept() {
    return queue[0] ? answer(queue[0].typed ?? queue[0].text) : false;
  }

  function answer(text) {
    const field = queue.shift();
    if (!field) return false;
    field.answer = text;
    handledIds.add(field.id);
    sendEntry("answer", { field: field.id, text, key_presses: 1 }).then((result) => {
      const violation = result?.violation;
      notice.textContent = violation ? translate("violated", { place: placeOf(field), text, violation }) : "";
      desk.refresh();
    });
    desk.reportAnswer(field);
    return showNext();
  }

  function postpone() {
    const field = queue[0];
    if (!field) return false;
    for (const other of queue) if (isInSameSum(field, other)) handledIds.add(other.id);
    queue = queue.filter(({ id }) => !handledIds.has(id));
    sumFields = [];
    sendEntry("postpone", { field: field.id, key_presses: 1 });
    return showNext();
  }

  function takeBack() {
    sendEntry("take-back", { key_presses: 1 }).then((field) => {
      if (field) showFirst(field);
    });
    return true;
  }

  function saveDraft(typed) {
    const field = queue[0];
    field.typed = typed === "" ? null : typed;
    field.violation = "";
    sendEntry("draft", { field: field.id, text: typed, key_presses: 1 }).then((result) => {
      if (!result || field.typed !== typed) return;
      field.violation = result.violation;
      show();
    });
    show();
    return true;
  }

  /** Shows a field before all others. */
  function showFirst(field) {
    handledIds.delete(field.id);
    queue = [withTyped(field), ...queue.filter(({ id }) => id !== field.id)];
    sumFields = [];
    showNext();
    desk.refresh();
  }

  function showNext() {
    show();
    if (queue.length < LEASED_AHEAD / 2) lease();
    return true;
  }

  async function lease() {
    if (isLeasing) return;
    isLeasing = true;
    handledIds = new Set();
    const fields = await sendEntry("lease", { count: LEASED_AHEAD });
    isLeasing = false;
    const knownIds = new Set([...handledIds, ...queue.map(({ id }) => id)]);
    queue.push(...(fields ?? []).filter(({ id }) => !knownIds.has(id)).map(withTyped));
    for (const { id } of queue) if (!pictures.has(id)) pictures.set(id, loadPicture(id));
    show();
  }

  function withTyped(field) {
    return { ...field, typed: field.draft || null };
  }

  function loadPicture(id) {
    const image = make("img", { src: `desk/fields/${id}/picture`, alt: "" });
    image.decode?.().catch(() => {});
    return image;
  }

  function show() {
    const field = queue[0] ?? null;
    if (field && !sumFields.some(({ id }) => id === field.id)) {
      sumFields = queue.filter((other) => isInSameSum(field, other));
    }
    if (field && !field.bundle) sumFields = [field];
    if (!field) sumFields = [];
    document.body.dataset.reviewing = field ? "yes" : "no";
    desk.reportCurrent(field);
    for (const id of pictures.keys()) {
      if (pictures.size > 4 * LEASED_AHEAD && !queue.some((other) => other.id === id)) pictures.delete(id);
    }
    card.replaceChildren(...(field ? cardOf(field) : []));
    card.hidden = !field;
    digitPad.hidden = !field;
    buttons.hidden = !field && !desk.state?.counts.answered;
    for (const element of buttons.children) element.hidden = !field && element.dataset.do !== "takeBack";
    const { counts } = desk.state ?? {};
    remainingText.textContent = counts?.for_review
      ? translate("open", { left: counts.for_review - counts.answered, answered: counts.answered })
      : "";
    empty.hidden = Boolean(field);
    if (!field && counts) {
      const isOpen = counts.for_review > counts.answered;
      const key = counts.files ? "done" : "nothing";
      empty.textContent = translate(counts.waiting ? "waiting" : isOpen ? "elsewhere" : key);
    }
  }

  function placeOf(field) {
    return translate("from", { file: field.file, page: field.number, name: translateName(field) });
  }

  function cardOf(field) {
    const parts = [make("p", { class: "figure-note", id: "where" }, placeOf(field))];
    if (field.bundle) parts.push(sumOf(field));
    for (const member of sumFields) parts.push(rowOf(member, member === field));
    if (field.alternatives.length) parts.push(alternativesOf(field));
    return parts;
  }

  function rowOf(field, isCurrent) {
    if (!pictures.has(field.id)) pictures.set(field.id, loadPicture(field.id));
    const image = pictures.get(field.id);
    image.alt = placeOf(field);
    const value = field.answer ?? field.typed ?? field.text;
    const hasAnswer = field.answer !== undefined && field.answer !== null;
    const kind = hasAnswer ? "state_answered" : field.typed === null ? "read" : "typed";
    const attributes = isCurrent
      ? { class: "current-field", id: "current-field", "data-field": field.id } : { class: "nearby-field" };
    return make("div", attributes,
      make("div", { class: "crop" }, image),
      make("p", { class: "value" }, make("small", {}, field.bundle ? `${field.name}: ` : "", `${translate(kind)} `),
        make("b", isCurrent ? { "aria-live": "polite" } : {}, value === "" ? translate("blank") : value),
        make("small", {}, field.reason ? ` ${translateReason(field)}` : ""),
        make("small", { class: "violation" }, field.violation ? ` ${translate("violates", field)}` : "")));
  }

  function alternativesOf(field) {
    const buttonOf = ([text, probability], index) => make("button", { type: "button", onClick: () => answer(text) },
      make("kbd", {}, LETTERS[index]), ` ${text === "" ? translate("blank") : text} `,
      make("small", {}, `${(100 * probability).toFixed(probability < 0.1 ? 1 : 0)} %`));
    return make("div", { class: "controls alternatives", role: "group", "aria-label": translate("alternatives") },
      make("span", { class: "figure-note" }, translate("alternatives")),
      ...field.alternatives.slice(0, LETTERS.length).map(buttonOf));
  }

  function sumOf(field) {
    const values = sumFields.map(({ name, answer, typed, text }) => ({ name, value: answer ?? typed ?? text }));
    const terms = values.filter(({ name }) => name !== field.bundle).map(({ name }) => name).join(" + ");
    const result = checkSum(values, field.bundle);
    const verdict = result === null ? "" : result.holds ? translate("holds") : translate("fails", result);
    const sum = translate("sum", { terms, total: field.bundle });
    return make("p", { class: "sum", role: "status" }, `${sum}. ${verdict}`);
  }

  function isInSameSum(field, other) {
    return other.id === field.id
      || (field.bundle !== null && other.page === field.page && other.bundle === field.bundle);
  }

  desk.onState(() => {
    show();
    const { counts } = desk.state;
    if (!queue.length && counts.for_review > counts.answered) lease();
  });
  onLanguage(show);
  setInterval(() => {
    if (!queue.length) desk.refresh();
  }, POLL_MS);
  setInterval(() => {
    if (queue.length) sendEntry("lease", { count: queue.length });
  }, RENEW_MS);
  sendUnsent().then(lease);
  return { showFirst };
}
