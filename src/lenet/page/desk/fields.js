/** All fields in a list of which only the rows in sight exist, and the page of the chosen one with its boxes. */

import { createSvgElement, make } from "./elements.js";
import { enter, get } from "./server.js";
import { follow, say, t } from "./text.js";

const ROW = 36, BLOCK = 100, SPARE = 6;

/** @param {Object} desk - see main.js @param {{put: (field: Object) => void}} review */
export function mountFields(place, desk, review) {
  const blocks = new Map();
  let chosen = null, page = null, isMine = false;
  const spacer = make("div", { class: "spacer" });
  const rows = make("div", { class: "rows", role: "listbox", tabindex: "0" }, spacer);
  say(rows, "list", "aria-label");
  const heads = make("div", { class: "row head", "aria-hidden": "true" },
    ...["where", "field", "text", "state"].map((key) => say(make("span"), key)));
  const caption = make("p", { class: "figure-note" });
  const again = say(make("button", { type: "button", onClick: askAgain }), "again");
  const sheet = make("div", { class: "sheet" });
  const view = make("div", { class: "page-view", hidden: true }, say(make("h3"), "sheet"), caption, sheet,
    make("div", { class: "controls" }, again));
  const list = make("div", { class: "field-list" }, heads, rows);
  place.append(say(make("h2", { id: "fields-title" }), "list"), make("div", { class: "side-by-side" }, list, view));

  rows.addEventListener("scroll", show, { passive: true });
  rows.addEventListener("keydown", (event) => {
    const count = desk.state?.counts.fields ?? 0;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -count, End: count };
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    choose(Math.min(count - 1, Math.max(0, (chosen ?? -1) + steps[event.key])));
  });
  new ResizeObserver(show).observe(rows);

  function show() {
    const count = desk.state?.counts.fields ?? 0;
    place.hidden = !count;
    spacer.style.height = `${count * ROW}px`;
    const first = Math.max(0, Math.floor(rows.scrollTop / ROW) - SPARE);
    const last = Math.min(count, Math.ceil((rows.scrollTop + rows.clientHeight) / ROW) + SPARE);
    const shown = [];
    for (let index = first; index < last; index += 1) shown.push(rowOf(index));
    spacer.replaceChildren(...shown);
    if (chosen !== null) rows.setAttribute("aria-activedescendant", `field-${chosen}`);
  }

  function rowOf(index) {
    const field = fieldAt(index);
    const isChosen = index === chosen;
    const row = make("div", { class: "row", role: "option", id: `field-${index}`, "aria-selected": String(isChosen),
      onClick: () => choose(index) });
    row.style.top = `${index * ROW}px`;
    const cells = field ? [field.number, field.name, field.answer ?? field.text, t(`state_${stateOf(field)}`)] : ["…"];
    row.append(...cells.map((text) => make("span", {}, String(text))));
    if (field) row.dataset.state = stateOf(field);
    return row;
  }

  function fieldAt(index) {
    const number = Math.floor(index / BLOCK);
    if (!blocks.has(number)) {
      blocks.set(number, null);
      get(`fields?first=${number * BLOCK}&count=${BLOCK}`).then((fields) => {
        blocks.set(number, fields);
        show();
      }, () => blocks.delete(number));
    }
    return blocks.get(number)?.[index % BLOCK] ?? null;
  }

  function choose(index) {
    chosen = index;
    const top = index * ROW;
    if (top < rows.scrollTop) rows.scrollTop = top;
    if (top + ROW > rows.scrollTop + rows.clientHeight) rows.scrollTop = top + ROW - rows.clientHeight;
    show();
    const field = fieldAt(index);
    if (field) {
      isMine = true;
      showPage(field.page, field.id);
    }
  }

  async function showPage(id, fieldId) {
    if (page?.id !== id) {
      try {
        page = await get(`pages/${id}`);
      } catch {
        return;
      }
      const size = { width: page.width, height: page.height };
      const boxes = createSvgElement("svg", { viewBox: `0 0 ${size.width} ${size.height}`, "aria-hidden": "true" });
      const image = make("img", { src: `desk/pages/${id}/picture`, ...size, loading: "lazy", alt: captionOf(page) });
      sheet.replaceChildren(image, boxes);
      for (const field of page.fields) {
        const [top, left, bottom, right] = field.box;
        const place = { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
        const show = () => showPage(id, field.id);
        boxes.append(createSvgElement("rect", { ...place, "data-id": field.id, onClick: show }));
      }
    }
    page.shown = fieldId;
    view.hidden = false;
    caption.textContent = captionOf(page);
    for (const rect of sheet.querySelectorAll("rect")) {
      const field = page.fields.find((one) => one.id === Number(rect.dataset.id));
      rect.dataset.state = stateOf(field);
      rect.classList.toggle("chosen", field.id === fieldId);
    }
  }

  async function askAgain() {
    const field = page && await enter("ask", { field: page.shown, presses: 1 });
    if (!field) return;
    review.put(field);
    document.getElementById("review").scrollIntoView({ block: "start" });
    again.blur();
  }

  function captionOf(shown) {
    return [t("sheetOf", { file: shown.file_name, page: shown.number }), shown.remark].filter(Boolean).join(". ");
  }

  desk.onState(({ counts }, before) => {
    for (const [number, block] of blocks) {
      if (block && block.length < Math.min(BLOCK, counts.fields - number * BLOCK)) blocks.delete(number);
    }
    if (counts.fields !== before?.counts.fields) show();
  });
  desk.onAnswer((answered) => {
    for (const field of [...blocks.values()].flatMap((block) => block ?? []).concat(page?.fields ?? [])) {
      if (field.id === answered.id) Object.assign(field, { answer: answered.answer, asked: true });
    }
    show();
  });
  desk.onAsk((field) => {
    if (!field || isMine && page?.id === field.page) isMine = false;
    else showPage(field.page, field.id);
  });
  follow(() => {
    show();
    if (page) caption.textContent = captionOf(page);
  });
}

function stateOf({ asked, answer, status }) {
  if (answer !== null) return "answered";
  if (asked) return "open";
  return status === "blank" ? "blank" : "ok";
}
