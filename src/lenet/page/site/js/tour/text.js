/** The words of the tour, the convolution, the sliders, the account and the training. */

import { text as account } from "lenet/account/text.js";
import { en as learningEn } from "lenet/learning/text/en.js";
import { zh as learningZh } from "lenet/learning/text/zh.js";
import { text as robustness } from "lenet/robustness/text.js";
import { en } from "lenet/tour/text/en.js";
import { zh } from "lenet/tour/text/zh.js";

export const text = {
  en: { ...en, ...robustness.en, ...account.en, ...learningEn },
  zh: { ...zh, ...robustness.zh, ...account.zh, ...learningZh },
};

/** The text of a key in the language shown; without `values`, its places stay marked as `{name}`. */
export function phrase(store, key, values = null) {
  const template = text[store.state.language][key];
  if (template === undefined) throw new Error(`no text for ${key}`);
  return values ? template.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "") : template;
}

/** Fills an element with a text whose values stand out as numbers do. */
export function fill(element, store, key, values) {
  const pieces = phrase(store, key).split(/\{(\w+)\}/);
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
