import { say, t, together } from "lenet/text.js";
import { createSvgElement, make } from "lenet/views/elements.js";
import { percent } from "lenet/views/numbers.js";

/**
 * The digits that were found in the picture: boxes over it, the same as a list to choose from, and a sentence.
 *
 * @returns {{boxes: SVGElement, list: HTMLElement, says: HTMLElement}} to be placed by the sheet
 */
export function mountFound(store) {
  const boxes = createSvgElement("svg", { class: "found-boxes", "aria-hidden": "true" });
  const list = say(store, make("div", { class: "found", role: "group" }), "found.title", { attribute: "aria-label" });
  const says = make("p", { class: "found-says", "aria-live": "polite" });

  function update() {
    const { picture, found, isDrawn, reading } = store.state;
    const digits = isDrawn ? [] : reading?.digits ?? [];
    list.hidden = digits.length < 2;
    boxes.replaceChildren(...digits.map(boxOf));
    if (picture) boxes.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
    const choices = digits.map((digit, index) => choiceOf(digit, index, digits.length));
    const lines = [...new Set(digits.map(({ line }) => line))];
    list.replaceChildren(...lines.map((line) =>
      make("div", { class: "found-line" }, ...choices.filter((_, index) => digits[index].line === line))));
    says.textContent = picture ? together(store, sentences(found, isDrawn)) : "";
    mark();
  }

  function mark() {
    const { chosen } = store.state;
    for (const [index, box] of [...boxes.children].entries()) box.classList.toggle("is-chosen", index === chosen);
    for (const [index, button] of [...list.querySelectorAll("button")].entries()) {
      button.setAttribute("aria-pressed", String(index === chosen));
    }
  }

  function boxOf({ box: [top, left, bottom, right], label, rejected }, index) {
    const { width, height } = store.state.picture;
    const size = Math.max(width, height) / 20;
    const choose = () => store.set({ chosen: index });
    const group = createSvgElement("g", { class: rejected ? "is-rejected" : "" },
      createSvgElement("rect", { x: left, y: top, width: right - left, height: bottom - top }),
      createSvgElement("text",
        { x: (left + right) / 2, y: top > size ? top - size / 5 : bottom + size, "font-size": size },
        rejected ? `${label}?` : label));
    group.addEventListener("click", choose);
    return group;
  }

  function choiceOf({ label, probability, rejected }, index, count) {
    const values = { number: index + 1, count, label, share: percent(probability) };
    const button = make("button", { type: "button", class: rejected ? "is-rejected" : null,
      onClick: () => store.set({ chosen: index }) }, rejected ? `${label}?` : label);
    button.setAttribute("aria-label", t(store, rejected ? "found.doubtful" : "found.digit", values));
    return button;
  }

  function sentences(found, isDrawn) {
    const { reading, chosen } = store.state;
    if (reading.isWhole) return [t(store, "found.whole")];
    const digit = reading.digits[chosen];
    const texts = [digit ? verdict(digit) : found?.remark || t(store, "answers.noDigit")];
    if (reading.digits.length > 1) texts.push(t(store, "found.choose", { count: reading.digits.length }));
    if (!isDrawn && !found) texts.push(t(store, "found.threshold"));
    return texts;
  }

  function verdict({ label, probability, rejected, no_digit: noDigit }) {
    const values = { label, share: percent(probability) };
    if (!rejected) return t(store, "found.sure", values);
    if (noDigit > probability) return t(store, "answers.none", { share: percent(noDigit) });
    if (store.state.found) return t(store, "found.unsure", values);
    return t(store, "found.below", { ...values, least: percent(store.state.reader.reading_calibration.least) });
  }

  store.subscribe(["reading", "language"], update);
  update();
  return { boxes, list, says };
}
