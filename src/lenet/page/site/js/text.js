import { en } from "lenet/text/en.js";
import { zh } from "lenet/text/zh.js";

const DICTIONARIES = { en, zh };

/** The languages of the page, each by its own name. */
export const LANGUAGES = { en: "English", zh: "中文" };

/**
 * The text of `key` in the language shown, `{name}` replaced by `values.name`.
 *
 * @param {{state: {language: string}}} store
 * @param {string} key
 * @param {Object<string, string|number>} [values]
 * @returns {string}
 */
export function translate(store, key, values = {}) {
  const text = DICTIONARIES[store.state.language][key];
  if (text === undefined) throw new Error(`no text for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Sentences joined to a paragraph: with a space between them in English, without one in Chinese. */
export function joinSentences(store, sentences) {
  return sentences.join(store.state.language === "zh" ? "" : " ");
}

/** Sets the text of an element, or one of its attributes, now and whenever the language changes. */
export function bindText(store, element, key, { values = {}, attribute = null } = {}) {
  const write = () => {
    const text = translate(store, key, values);
    if (attribute) element.setAttribute(attribute, text);
    else element.textContent = text;
  };
  write();
  store.subscribe(["language"], write);
  return element;
}

/** The language that the address, the document or the visitor's browser asks for. */
export function preferredLanguage(documentLanguage) {
  const preferred = [new URLSearchParams(location.search).get("lang"), documentLanguage, ...navigator.languages];
  for (const tag of preferred) {
    const language = tag?.toLowerCase().split("-")[0];
    if (Object.hasOwn(DICTIONARIES, language)) return language;
  }
  return "en";
}
