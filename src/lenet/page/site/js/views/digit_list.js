import { bindText, joinSentences, translate } from "lenet/text.js";
import { createSvgElement, make } from "lenet/views/elements.js";
import { formatPercent } from "lenet/views/numbers.js";

/**
 * The digits read in a picture: their boxes on it, the same digits as a list to select from, and a message.
 *
 * @returns {{boxes: SVGElement, list: HTMLElement, message: HTMLElement}} elements that views/pad.js puts on the page
 */
export function createDigitList(store) {
  const boxes = createSvgElement("svg", { class: "digit-boxes", "aria-hidden": "true" });
  const list = bindText(store, make("div", { class: "digit-list", role: "group" }), "digits.title",
    { attribute: "aria-label" });
  const message = make("p", { class: "digit-message", "aria-live": "polite" });

  function update() {
    const { picture, serverReading, isFromPad, reading } = store.state;
    const digits = isFromPad ? [] : reading?.digits ?? [];
    list.hidden = digits.length < 2;
    boxes.replaceChildren(...digits.map(boxOf));
    if (picture) boxes.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
    const buttons = digits.map((digit, index) => buttonOf(digit, index, digits.length));
    const lines = [...new Set(digits.map(({ line }) => line))];
    list.replaceChildren(...lines.map((line) =>
      make("div", { class: "digit-line" }, ...buttons.filter((_, index) => digits[index].line === line))));
    message.textContent = picture ? joinSentences(store, messageSentences(serverReading, isFromPad)) : "";
    updateSelection();
  }

  function updateSelection() {
    const { selectedDigit } = store.state;
    for (const [index, box] of [...boxes.children].entries()) {
      box.classList.toggle("is-chosen", index === selectedDigit);
    }
    for (const [index, button] of [...list.querySelectorAll("button")].entries()) {
      button.setAttribute("aria-pressed", String(index === selectedDigit));
    }
  }

  function boxOf({ box: [top, left, bottom, right], label, rejected }, index) {
    const { width, height } = store.state.picture;
    const size = Math.max(width, height) / 20;
    const select = () => store.set({ selectedDigit: index });
    const group = createSvgElement("g", { class: rejected ? "is-rejected" : "" },
      createSvgElement("rect", { x: left, y: top, width: right - left, height: bottom - top }),
      createSvgElement("text",
        { x: (left + right) / 2, y: top > size ? top - size / 5 : bottom + size, "font-size": size },
        rejected ? `${label}?` : label));
    group.addEventListener("click", select);
    return group;
  }

  function buttonOf({ label, probability, rejected }, index, count) {
    const values = { number: index + 1, count, label, probability: formatPercent(probability) };
    const button = make("button", { type: "button", class: rejected ? "is-rejected" : null,
      onClick: () => store.set({ selectedDigit: index }) }, rejected ? `${label}?` : label);
    button.setAttribute("aria-label", translate(store, rejected ? "digits.doubtful" : "digits.digit", values));
    return button;
  }

  function messageSentences(serverReading, isFromPad) {
    const { reading, selectedDigit } = store.state;
    if (reading.isWholePicture) return [translate(store, "digits.whole")];
    const digit = reading.digits[selectedDigit];
    const texts = [digit ? answerSentence(digit) : serverReading?.remark || translate(store, "answers.noDigit")];
    if (reading.digits.length > 1) texts.push(translate(store, "digits.choose", { count: reading.digits.length }));
    if (!isFromPad && !serverReading) texts.push(translate(store, "digits.threshold"));
    return texts;
  }

  function answerSentence({ label, probability, rejected, no_digit: noDigit }) {
    if (store.state.isFromPad) { // without a number: that of the pass on the page stands beside it
      const key = !rejected ? "digits.drawn" : noDigit > probability ? "digits.drawnNone" : "digits.drawnUnsure";
      return translate(store, key, { label });
    }
    const values = { label, probability: formatPercent(probability) };
    if (!rejected) return translate(store, "digits.sure", values);
    if (noDigit > probability) return translate(store, "answers.none", { probability: formatPercent(noDigit) });
    if (store.state.serverReading) return translate(store, "digits.unsure", values);
    const threshold = formatPercent(store.state.reader.reading_calibration.min_confidence);
    return translate(store, "digits.below", { ...values, threshold });
  }

  store.subscribe(["reading", "language"], update);
  update();
  return { boxes, list, message };
}
