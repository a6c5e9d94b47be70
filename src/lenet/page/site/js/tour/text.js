/** The texts of the chapters: the tour, the convolution, the sliders, the counts and the training. */

import { TEXTS as counts } from "lenet/counts/text.js";
import { en as learningEn } from "lenet/learning/text/en.js";
import { zh as learningZh } from "lenet/learning/text/zh.js";
import { TEXTS as robustness } from "lenet/robustness/text.js";
import { en } from "lenet/tour/text/en.js";
import { zh } from "lenet/tour/text/zh.js";

export const TEXTS = {
  en: { ...en, ...robustness.en, ...counts.en, ...learningEn },
  zh: { ...zh, ...robustness.zh, ...counts.zh, ...learningZh },
};

/** A chapter's text in the language shown, as `translate` gives those of the rest of the page; without `values` as it is. */
export function chapterText(store, key, values = null) {
  const template = TEXTS[store.state.language][key];
  if (template === undefined) throw new Error(`no text for ${key}`);
  return values ? template.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "") : template;
}

/** Fills an element with a text whose values stand out as numbers do. */
export function fill(element, store, key, values) {
  const pieces = chapterText(store, key).split(/\{(\w+)\}/);
  element.replaceChildren(
    ...pieces.map((piece, index) => {
      if (index % 2 === 0) return piece;
      const value = document.createElement("b");
      value.dataset.value = piece;
      value.textContent = values[piece] ?? "";
      return value;
    }),
  );
}
