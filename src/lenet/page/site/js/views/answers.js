import { takesWholePicture } from "lenet/reading/whole_picture.js";
import { bindText, joinSentences, translate } from "lenet/text.js";
import { createBadges } from "lenet/views/badges.js";
import { make } from "lenet/views/elements.js";
import { formatNumber, formatPercent } from "lenet/views/numbers.js";

const MAX_ROWS = 11; // of more classes only the likeliest are listed

/** The answer of each network shown: the probabilities or penalties of its classes, and whether it is sure. */
export function mountAnswers(container, store) {
  const listsElement = make("div", { class: "answer-lists" });
  const live = make("p", { class: "visually-hidden", "aria-live": "polite" });
  const title = bindText(store, make("h2", { class: "small-title" }), "answers.title");
  container.append(make("div", { class: "title-row" }, title, createBadges(store)), listsElement, live);
  let lists = [];
  let announcementTimer = 0;

  function build() {
    lists = store.state.shownIndexes.map((index) => createList(store, store.state.models[index]));
    listsElement.replaceChildren(...lists.map((list) => list.element));
    update();
  }

  function update() {
    const { answers, image, picture } = store.state;
    if (answers.length !== lists.length) return;
    const inputs = store.state.shownIndexes.map((index) =>
      (takesWholePicture(store.state.models[index]) ? picture : image));
    lists.forEach((list, position) => list.update(inputs[position] && answers[position], picture));
    clearTimeout(announcementTimer);
    announcementTimer = setTimeout(() => {
      live.textContent = lists.map((list) => list.text()).join(" ");
    }, 400);
  }

  store.subscribe(["shownIndexes"], build);
  store.subscribe(["answers", "language"], update);
  build();
}

function createList(store, model) {
  const isPenalty = model.network.smallestWins;
  const hasNames = model.labels.some((label) => !/^\d$/.test(label));
  const digit = make("p", { class: "answer-digit", "aria-hidden": "true" });
  const verdict = make("p", { class: "answer-verdict" });
  const makeRow = (label, name) => {
    const bar = make("span", { class: "bar" });
    const value = make("span", { class: "answer-value" });
    const row = make("li", { "data-label": label }, name, make("span", { class: "track" }, bar), value);
    return { row, bar, value };
  };
  const rows = model.labels.map((label) =>
    makeRow(label, make("span", { class: "answer-label", title: hasNames ? label : null }, label)));
  const rejectKey = hasNames ? "answers.noneName" : "answers.noneDigit";
  const rejectRow = model.reject_class === null || isPenalty ? null
    : makeRow("none", bindText(store, make("span", { class: "answer-label is-none" }), rejectKey));
  const list = make("ol", { class: "answer-rows" });
  const element = make("div", { class: "answer" },
    make("h3", { class: "network-name" }, model.title),
    make("div", { class: "answer-head" }, digit, verdict),
    list,
    bindText(store, make("p", { class: "figure-note" }),
      isPenalty ? "answers.penalties" : hasNames ? "answers.classes" : "answers.probabilities"),
  );
  element.dataset.network = model.title;
  element.classList.toggle("has-names", hasNames);
  showRows(rows);

  function showRows(best) {
    list.replaceChildren(...[...best, rejectRow].flatMap((entry) => (entry ? [entry.row] : [])));
  }

  /** Shows the rows with the best values, best first, where there are too many classes for all. */
  function showBest(answer) {
    const value = (index) => (isPenalty ? -answer.penalties[index] : answer.probabilities[index]);
    const order = [...rows.keys()].sort((a, b) => value(b) - value(a));
    showRows(order.slice(0, MAX_ROWS).map((index) => rows[index]));
  }

  function update(answer, picture) {
    element.classList.toggle("is-unsure", !answer?.isAccepted);
    const isSure = answer?.isAccepted ?? false;
    const isRejectClass = Boolean(answer) && answer.rejectProbability > answer.probabilities[answer.predictedClass];
    digit.textContent = !answer ? "–" : isSure ? model.labels[answer.predictedClass] : isRejectClass ? "∅" : "?";
    verdict.textContent = verdictSentence(answer, picture);
    element.dataset.answer = isSure ? model.labels[answer.predictedClass] : "";
    const maxBarValue = isPenalty && answer ? Math.max(...answer.penalties) : 1;
    rows.forEach(({ row, bar, value }, index) => {
      const barValue = !answer ? 0 : isPenalty ? answer.penalties[index] : answer.probabilities[index];
      bar.style.transform = `scaleX(${barValue / maxBarValue})`;
      value.textContent = !answer ? "" : isPenalty ? formatNumber(barValue, 1) : formatPercent(barValue);
      row.classList.toggle("is-predicted", Boolean(answer) && !isRejectClass && index === answer.predictedClass);
    });
    if (answer && rows.length > MAX_ROWS) showBest(answer);
    if (!rejectRow) return;
    rejectRow.bar.style.transform = `scaleX(${answer?.rejectProbability ?? 0})`;
    rejectRow.value.textContent = answer ? formatPercent(answer.rejectProbability) : "";
    rejectRow.row.classList.toggle("is-predicted", isRejectClass);
  }

  function verdictSentence(answer, picture) {
    if (!answer) return translate(store, picture ? "answers.noDigit" : "answers.nothing");
    const label = model.labels[answer.predictedClass];
    const article = articleOf(label);
    const probability = formatPercent(answer.probabilities[answer.predictedClass]);
    const values = { label, article, probability };
    if (answer.isAccepted) return translate(store, hasNames ? "answers.sureName" : "answers.sure", values);
    if (answer.rejectProbability > answer.probabilities[answer.predictedClass]) {
      return translate(store, hasNames ? "answers.noneOfThem" : "answers.none",
        { probability: formatPercent(answer.rejectProbability) });
    }
    const unsure = translate(store, hasNames ? "answers.unsureName" : "answers.unsure", values);
    return joinSentences(store, [unsure, doubtSentence(answer)]);
  }

  /** Why there is no answer: what else it may be, and how much an answer needs. */
  function doubtSentence({ probabilities, predictedClass, rejectProbability }) {
    const threshold = formatPercent(model.calibration.min_confidence);
    const runnerUp = probabilities.reduce((best, value, index) =>
      (index !== predictedClass && (best < 0 || value > probabilities[best]) ? index : best), -1);
    if (rejectProbability > (probabilities[runnerUp] ?? 0)) {
      return translate(store, "answers.orNone", { probability: formatPercent(rejectProbability), threshold });
    }
    const label = model.labels[runnerUp];
    return translate(store, hasNames ? "answers.orName" : "answers.or",
      { label, article: articleOf(label), probability: formatPercent(probabilities[runnerUp]), threshold });
  }

  return { element, update, text: () => `${model.title}: ${verdict.textContent}` };
}

/** The indefinite article of a number in English: an 8. */
const articleOf = (label) => (/^(8|11$|18$)/.test(label) ? "an" : "a");
