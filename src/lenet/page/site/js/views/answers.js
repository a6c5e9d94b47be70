import { takesWholePicture } from "lenet/reading/whole_picture.js";
import { bindText, joinSentences, translate } from "lenet/text.js";
import { createBadges } from "lenet/views/badges.js";
import { make } from "lenet/views/elements.js";
import { number, percent } from "lenet/views/numbers.js";

const MAX_ROWS = 11; // of more classes than these the likeliest are listed

/** What each network shown makes of the drawing: ten probabilities or penalties, and whether it is sure. */
export function mountAnswers(container, store) {
  const lists = make("div", { class: "answer-lists" });
  const live = make("p", { class: "unseen", "aria-live": "polite" });
  const title = bindText(store, make("h2", { class: "small-title" }), "answers.title");
  container.append(make("div", { class: "title-row" }, title, createBadges(store)), lists, live);
  let shown = [];
  let announcement = 0;

  function build() {
    shown = store.state.shown.map((index) => createList(store, store.state.networks[index]));
    lists.replaceChildren(...shown.map((list) => list.element));
    update();
  }

  function update() {
    const { answers, image, picture } = store.state;
    if (answers.length !== shown.length) return;
    const inputs = store.state.shown.map((index) => (takesWholePicture(store.state.networks[index]) ? picture : image));
    shown.forEach((list, position) => list.update(inputs[position] && answers[position], picture));
    clearTimeout(announcement);
    announcement = setTimeout(() => {
      live.textContent = shown.map((list) => list.text()).join(" ");
    }, 400);
  }

  store.subscribe(["shown"], build);
  store.subscribe(["answers", "language"], update);
  build();
}

function createList(store, loaded) {
  const isPenalty = loaded.network.smallestWins;
  const hasNames = loaded.labels.some((label) => !/^\d$/.test(label));
  const digit = make("p", { class: "answer-digit", "aria-hidden": "true" });
  const verdict = make("p", { class: "answer-verdict" });
  const makeRow = (label, name) => {
    const bar = make("span", { class: "bar" });
    const value = make("span", { class: "answer-value" });
    const row = make("li", { "data-label": label }, name, make("span", { class: "track" }, bar), value);
    return { row, bar, value };
  };
  const rows = loaded.labels.map((label) =>
    makeRow(label, make("span", { class: "answer-label", title: hasNames ? label : null }, label)));
  const noneKey = hasNames ? "answers.noneName" : "answers.noneDigit";
  const noneRow = loaded.reject_class === null || isPenalty ? null
    : makeRow("none", bindText(store, make("span", { class: "answer-label is-none" }), noneKey));
  const list = make("ol", { class: "answer-rows" });
  const element = make("div", { class: "answer" },
    make("h3", { class: "network-name" }, loaded.title),
    make("div", { class: "answer-head" }, digit, verdict),
    list,
    bindText(store, make("p", { class: "figure-note" }),
      isPenalty ? "answers.penalties" : hasNames ? "answers.classes" : "answers.probabilities"),
  );
  element.dataset.network = loaded.title;
  element.classList.toggle("has-names", hasNames);
  show(rows);

  function show(best) {
    list.replaceChildren(...[...best, noneRow].flatMap((entry) => (entry ? [entry.row] : [])));
  }

  /** The rows with the best values first, where there are too many for all to be in sight. */
  function showBest(answer) {
    const value = (index) => (isPenalty ? -answer.penalties[index] : answer.probabilities[index]);
    const order = [...rows.keys()].sort((a, b) => value(b) - value(a));
    show(order.slice(0, MAX_ROWS).map((index) => rows[index]));
  }

  function update(answer, picture) {
    element.classList.toggle("is-unsure", !answer?.accepted);
    const isSure = answer?.accepted ?? false;
    const isNone = Boolean(answer) && answer.none > answer.probabilities[answer.winner];
    digit.textContent = !answer ? "–" : isSure ? loaded.labels[answer.winner] : isNone ? "∅" : "?";
    verdict.textContent = sentence(answer, picture);
    element.dataset.answer = isSure ? loaded.labels[answer.winner] : "";
    const longest = isPenalty && answer ? Math.max(...answer.penalties) : 1;
    rows.forEach(({ row, bar, value }, index) => {
      const size = !answer ? 0 : isPenalty ? answer.penalties[index] : answer.probabilities[index];
      bar.style.transform = `scaleX(${size / longest})`;
      value.textContent = !answer ? "" : isPenalty ? number(size, 1) : percent(size);
      row.classList.toggle("is-winner", Boolean(answer) && !isNone && index === answer.winner);
    });
    if (answer && rows.length > MAX_ROWS) showBest(answer);
    if (!noneRow) return;
    noneRow.bar.style.transform = `scaleX(${answer?.none ?? 0})`;
    noneRow.value.textContent = answer ? percent(answer.none) : "";
    noneRow.row.classList.toggle("is-winner", isNone);
  }

  function sentence(answer, picture) {
    if (!answer) return translate(store, picture ? "answers.noDigit" : "answers.nothing");
    const label = loaded.labels[answer.winner];
    const article = articleOf(label);
    const probability = percent(answer.probabilities[answer.winner]);
    const values = { label, article, probability };
    if (answer.accepted) return translate(store, hasNames ? "answers.sureName" : "answers.sure", values);
    if (answer.none > answer.probabilities[answer.winner]) {
      return translate(store, hasNames ? "answers.noneOfThem" : "answers.none", { probability: percent(answer.none) });
    }
    const unsure = translate(store, hasNames ? "answers.unsureName" : "answers.unsure", values);
    return joinSentences(store, [unsure, reason(answer)]);
  }

  /** Why there is no answer: what else it may be, and how much an answer needs. */
  function reason({ probabilities, winner, none }) {
    const threshold = percent(loaded.calibration.min_confidence);
    const second = probabilities.reduce((best, value, index) =>
      (index !== winner && (best < 0 || value > probabilities[best]) ? index : best), -1);
    if (none > (probabilities[second] ?? 0)) {
      return translate(store, "answers.orNone", { probability: percent(none), threshold });
    }
    const label = loaded.labels[second];
    return translate(store, hasNames ? "answers.orName" : "answers.or",
      { label, article: articleOf(label), probability: percent(probabilities[second]), threshold });
  }

  return { element, update, text: () => `${loaded.title}: ${verdict.textContent}` };
}

/** The indefinite article of a number in English: an 8. */
const articleOf = (label) => (/^(8|11$|18$)/.test(label) ? "an" : "a");
