import { LANGUAGES, bindText, translate } from "lenet/text.js";
import { mountCompare } from "lenet/views/compare.js";
import { make } from "lenet/views/elements.js";
import { clearPaletteCache } from "lenet/views/palette.js";

const THEMES = ["auto", "light", "dark"];

/** Mounts the header: title, networks to compare, tour, language, theme and keyboard shortcuts. */
export function mountHeader(container, store) {
  const compare = make("div", { class: "chooser" });
  mountCompare(compare, store);
  const toggleTour = () => store.set({ stop: store.state.stop === null ? 0 : null });
  const tourButton = bindText(store, make("button",
    { type: "button", class: "primary", "data-do": "tour", "aria-controls": "tour", onClick: toggleTour }),
  "header.tour");
  const keysButton = bindText(store,
    make("button", { type: "button", class: "help", onClick: () => dialog.showModal() }), "header.keys");
  const dialog = keysDialog(store);
  container.append(
    make("div", { class: "masthead" },
      make("p", { class: "wordmark" }, "LeNet"),
      compare,
      make("div", { class: "settings" }, tourButton, languageSwitch(store), themeSwitch(store), keysButton)),
    make("div", { class: "title" },
      make("h1", {}, bindText(store, make("span"), "header.draw"), " ", bindText(store, make("em"), "header.ask")),
      bindText(store, make("p", { class: "lead" }), "header.lead")),
    dialog,
  );
  const updateExpanded = ({ stop }) => tourButton.setAttribute("aria-expanded", String(stop !== null));
  store.subscribe(["stop"], updateExpanded);
  updateExpanded(store.state);
}

function languageSwitch(store) {
  return createSwitch(store, "header.language", Object.entries(LANGUAGES), "language", { isTranslated: false });
}

function themeSwitch(store) {
  return createSwitch(store, "header.theme", THEMES.map((theme) => [theme, `theme.${theme}`]), "theme",
    { isTranslated: true });
}

/** Creates a group of buttons, one for each choice, that set a key of the store; `isTranslated`: texts are keys of texts. */
function createSwitch(store, label, choices, key, { isTranslated }) {
  const buttons = choices.map(([value, text]) => {
    const button = make("button", { type: "button", "data-value": value, onClick: () => store.set({ [key]: value }) });
    if (isTranslated) bindText(store, button, text);
    else {
      button.textContent = text;
      button.lang = value;
    }
    return button;
  });
  const updatePressed = (state) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.value === state[key]));
  };
  store.subscribe([key], updatePressed);
  updatePressed(store.state);
  return bindText(store, make("div", { class: "switch", role: "group", "data-switch": key }, ...buttons), label,
    { attribute: "aria-label" });
}

function keysDialog(store) {
  const keyNames = ["digits", "c", "z", "o", "arrows", "enter", "escape", "page"];
  const list = make("dl", {}, ...keyNames.flatMap((name) => [
    bindText(store, make("dt"), `keys.${name}`), bindText(store, make("dd"), `keys.${name}.text`),
  ]));
  const close = bindText(store, make("button", { type: "button", onClick: () => dialog.close() }), "keys.close");
  const title = bindText(store, make("h2", { id: "keys-title" }), "keys.title");
  const dialog = make("dialog", { class: "keys", "aria-labelledby": "keys-title" }, title, list, close);
  return dialog;
}

/** Synchronizes the document's language, title and theme with the store. */
export function syncDocument(store) {
  const darkScheme = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const updateLanguage = () => {
    root.lang = store.state.language === "zh" ? "zh-Hans" : "en";
    document.title = translate(store, "header.document");
  };
  const updateTheme = () => {
    const { theme } = store.state;
    root.dataset.theme = theme === "auto" ? (darkScheme.matches ? "dark" : "light") : theme;
    clearPaletteCache();
    store.set({ palette: root.dataset.theme });
  };
  store.subscribe(["language"], updateLanguage);
  store.subscribe(["theme"], updateTheme);
  darkScheme.addEventListener("change", updateTheme);
  updateLanguage();
  updateTheme();
}
