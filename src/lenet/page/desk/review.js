/**
 * What is doubtful, one field at a time and enlarged, one key each.
 *
 * Some fields are claimed ahead, so that the next one stands there at once; what is typed goes to the server behind it.
 */

import { make } from "./elements.js";
import { enter, sendAll } from "./server.js";
import { checkSum } from "./sums.js";
import { follow, say, t } from "./text.js";

const AHEAD = 6, LETTERS = "abcde", POLL_MS = 2000, RENEW_MS = 40_000;
const TYPED = /^[0-9.,:/+-]$/;

/** @param {Object} desk - see main.js; `desk.current` is the field that is asked */
export function mountReview(place, desk) {
  let queue = []; // fields that were claimed, the first one is asked
  let group = []; // the fields of a violated sum that are shown together, answered ones among them
  let isClaiming = false;
  let handled = new Set(); // since the fields were claimed that are on their way: these may be among them
  const pictures = new Map();

  const left = make("p", { class: "figure-note", id: "left", role: "status" });
  const card = make("div", { class: "card" });
  const empty = make("p", { class: "section-text" });
  const button = (key, press) => say(make("button", { type: "button", onClick: press, "data-do": key }), key);
  const buttons = make("div", { class: "controls" }, button("accept", () => accept()), button("later", () => later()),
    button("back", () => back()), button("empty", () => answer("")));
  const digit = (key) => make("button", { type: "button", onClick: () => press(key) }, key);
  const pad = say(make("div", { class: "digit-pad", role: "group" }, ...[..."1234567890", "-", "."].map(digit)), "pad",
    "aria-label");
  place.append(make("div", { class: "line" }, say(make("h2", { id: "review-title" }), "review"), left),
    card, empty, pad, buttons, say(make("p", { class: "section-text keys" }), "keys"));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("select, summary, input")) return;
    const isButton = event.target.closest?.("button, a, [role=listbox]");
    if (isButton && ["Enter", " "].includes(event.key)) return;
    if (press(event.key)) event.preventDefault();
  });

  function press(key) {
    const field = queue[0];
    if (key === "Backspace") return field?.typed ? type(field.typed.slice(0, -1)) : back();
    if (!field) return false;
    if (TYPED.test(key)) return isSingle(field) ? answer(key) : type((field.typed ?? "") + key);
    if (key === "Enter") return accept();
    if (key === " ") return later();
    if (key === "Delete") return answer("");
    const alternative = field.alternatives[LETTERS.indexOf(key.toLowerCase())];
    return key.length === 1 && alternative ? answer(alternative[0]) : false;
  }

  /** One digit, of which one key is the whole answer. */
  function isSingle(field) {
    return field.typed === null && field.text.length <= 1 && /^\d?$/.test(field.text) && field.kind !== "ticks";
  }

  function accept() {
    return queue[0] ? answer(queue[0].typed ?? queue[0].text) : false;
  }

  function answer(text) {
    const field = queue.shift();
    if (!field) return false;
    field.answer = text;
    handled.add(field.id);
    enter("answer", { field: field.id, text, presses: 1 }).then(() => desk.refresh());
    desk.answered(field);
    return step();
  }

  function later() {
    const field = queue[0];
    if (!field) return false;
    for (const other of queue) if (isWith(field, other)) handled.add(other.id);
    queue = queue.filter(({ id }) => !handled.has(id));
    group = [];
    enter("later", { field: field.id, presses: 1 });
    return step();
  }

  function back() {
    enter("back", { presses: 1 }).then((field) => {
      if (field) put(field);
    });
    return true;
  }

  function type(typed) {
    const field = queue[0];
    field.typed = typed === "" ? null : typed;
    enter("type", { field: field.id, text: typed, presses: 1 });
    show();
    return true;
  }

  /** Asks a field now. */
  function put(field) {
    handled.delete(field.id);
    queue = [prepared(field), ...queue.filter(({ id }) => id !== field.id)];
    group = [];
    step();
    desk.refresh();
  }

  function step() {
    show();
    if (queue.length < AHEAD / 2) claim();
    return true;
  }

  async function claim() {
    if (isClaiming) return;
    isClaiming = true;
    handled = new Set();
    const fields = await enter("claim", { count: AHEAD });
    isClaiming = false;
    const known = new Set([...handled, ...queue.map(({ id }) => id)]);
    queue.push(...(fields ?? []).filter(({ id }) => !known.has(id)).map(prepared));
    for (const { id } of queue) if (!pictures.has(id)) pictures.set(id, picture(id));
    show();
  }

  function prepared(field) {
    return { ...field, typed: field.draft || null };
  }

  function picture(id) {
    const image = make("img", { src: `desk/fields/${id}/picture`, alt: "" });
    image.decode?.().catch(() => {});
    return image;
  }

  function show() {
    const field = queue[0] ?? null;
    if (field && !group.some(({ id }) => id === field.id)) group = queue.filter((other) => isWith(field, other));
    if (field && !field.bundle) group = [field];
    if (!field) group = [];
    document.body.dataset.asking = field ? "yes" : "no";
    desk.ask(field);
    for (const id of pictures.keys()) {
      if (pictures.size > 4 * AHEAD && !queue.some((other) => other.id === id)) pictures.delete(id);
    }
    card.replaceChildren(...(field ? cardOf(field) : []));
    card.hidden = !field;
    pad.hidden = !field;
    buttons.hidden = !field && !desk.state?.counts.answered;
    const { counts } = desk.state ?? {};
    left.textContent = counts?.asked ? t("open", { left: counts.asked - counts.answered, answered: counts.answered }) : "";
    empty.hidden = Boolean(field);
    if (!field && counts) {
      const isOpen = counts.asked > counts.answered;
      empty.textContent = counts.waiting ? t("waiting") : isOpen ? t("elsewhere") : counts.files ? t("done") : t("nothing");
    }
  }

  function cardOf(field) {
    const parts = [make("p", { class: "figure-note", id: "where" },
      t("from", { file: field.file, page: field.number, name: field.name }))];
    if (field.bundle) parts.push(sumOf(field));
    for (const member of group) parts.push(rowOf(member, member === field));
    if (field.alternatives.length) parts.push(alternativesOf(field));
    return parts;
  }

  function rowOf(field, isAsked) {
    if (!pictures.has(field.id)) pictures.set(field.id, picture(field.id));
    const image = pictures.get(field.id);
    image.alt = t("from", { file: field.file, page: field.number, name: field.name });
    const value = field.answer ?? field.typed ?? field.text;
    const kind = field.answer === undefined || field.answer === null ? (field.typed === null ? "read" : "typed") : "state_answered";
    return make("div", { class: isAsked ? "asked" : "beside", ...(isAsked ? { id: "asked", "data-field": field.id } : {}) },
      make("div", { class: "crop" }, image),
      make("p", { class: "value" }, make("small", {}, field.bundle ? `${field.name}: ` : "", `${t(kind)} `),
        make("b", isAsked ? { "aria-live": "polite" } : {}, value === "" ? t("blank") : value),
        make("small", {}, field.reason ? ` ${field.reason}` : "")));
  }

  function alternativesOf(field) {
    const take = ([text, share], index) => make("button", { type: "button", onClick: () => answer(text) },
      make("kbd", {}, LETTERS[index]), ` ${text === "" ? t("blank") : text} `,
      make("small", {}, `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`));
    return make("div", { class: "controls alternatives", role: "group", "aria-label": t("alternatives") },
      make("span", { class: "figure-note" }, t("alternatives")), ...field.alternatives.slice(0, LETTERS.length).map(take));
  }

  function sumOf(field) {
    const values = group.map(({ name, answer, typed, text }) => ({ name, value: answer ?? typed ?? text }));
    const terms = values.filter(({ name }) => name !== field.bundle).map(({ name }) => name).join(" + ");
    const result = checkSum(values, field.bundle);
    const verdict = result === null ? "" : result.holds ? t("holds") : t("fails", result);
    return make("p", { class: "sum", role: "status" }, `${t("sum", { terms, total: field.bundle })}. ${verdict}`);
  }

  function isWith(field, other) {
    return other.id === field.id
      || (field.bundle !== null && other.page === field.page && other.bundle === field.bundle);
  }

  desk.onState(() => {
    show();
    const { counts } = desk.state;
    if (!queue.length && counts.asked > counts.answered) claim();
  });
  follow(show);
  setInterval(() => {
    if (!queue.length) desk.refresh();
  }, POLL_MS);
  setInterval(() => {
    if (queue.length) enter("claim", { count: queue.length });
  }, RENEW_MS);
  sendAll().then(claim);
  return { put };
}
