/** The list of all fields, of which only the rows in sight exist, and the page of the selected field with its boxes. */

import { createSvgElement, make } from "./elements.js";
import { sendEntry, fetchJson } from "./server.js";
import { bindText, onLanguage, translate, translateName } from "./text.js";

const ROW_HEIGHT = 36, BLOCK_SIZE = 100, SPARE_ROWS = 6;

/** @param {Object} desk - see main.js @param {{put: (field: Object) => void}} review */
export function mountFields(container, desk, review) {
  const blocks = new Map();
  let selectedIndex = null, page = null, isSelectedHere = false;
  const spacer = make("div", { class: "spacer" });
  const rows = make("div", { class: "rows", role: "listbox", tabindex: "0" }, spacer);
  bindText(rows, "list", "aria-label");
  const header = make("div", { class: "row head", "aria-hidden": "true" },
    ...["where", "field", "text", "state"].map((key) => bindText(make("span"), key)));
  const caption = make("p", { class: "figure-note" });
  const reopenButton = bindText(make("button", { type: "button", onClick: reopen }), "reopen");
  const sheet = make("div", { class: "sheet" });
  const pageView = make("div", { class: "page-view", hidden: true }, bindText(make("h3"), "sheet"), caption, sheet,
    make("div", { class: "controls" }, reopenButton));
  const listElement = make("div", { class: "field-list" }, header, rows);
  container.append(bindText(make("h2", { id: "fields-title" }), "list"),
    make("div", { class: "side-by-side" }, listElement, pageView));

  rows.addEventListener("scroll", show, { passive: true });
  rows.addEventListener("keydown", (event) => {
    const count = desk.state?.counts.fields ?? 0;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -count, End: count };
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    selectRow(Math.min(count - 1, Math.max(0, (selectedIndex ?? -1) + steps[event.key])));
  });
  new ResizeObserver(show).observe(rows);

  function show() {
    const count = desk.state?.counts.fields ?? 0;
    container.hidden = !count;
    spacer.style.height = `${count * ROW_HEIGHT}px`;
    const firstRow = Math.max(0, Math.floor(rows.scrollTop / ROW_HEIGHT) - SPARE_ROWS);
    const rowEnd = Math.min(count, Math.ceil((rows.scrollTop + rows.clientHeight) / ROW_HEIGHT) + SPARE_ROWS);
    const visibleRows = [];
    for (let index = firstRow; index < rowEnd; index += 1) visibleRows.push(rowOf(index));
    spacer.replaceChildren(...visibleRows);
    if (selectedIndex !== null) rows.setAttribute("aria-activedescendant", `field-${selectedIndex}`);
  }

  function rowOf(index) {
    const field = fieldAt(index);
    const isSelected = index === selectedIndex;
    const row = make("div", { class: "row", role: "option", id: `field-${index}`, "aria-selected": String(isSelected),
      onClick: () => selectRow(index) });
    row.style.top = `${index * ROW_HEIGHT}px`;
    const cells = field
      ? [`${field.number} · ${field.file}`, translateName(field), field.answer ?? field.text,
        translate(`state_${stateOf(field)}`)]
      : ["…"];
    row.append(...cells.map((text) => make("span", { title: text }, text)));
    if (field) row.dataset.state = stateOf(field);
    return row;
  }

  function fieldAt(index) {
    const blockNumber = Math.floor(index / BLOCK_SIZE);
    if (!blocks.has(blockNumber)) {
      blocks.set(blockNumber, null);
      fetchJson(`fields?first=${blockNumber * BLOCK_SIZE}&count=${BLOCK_SIZE}`).then((fields) => {
        blocks.set(blockNumber, fields);
        show();
      }, () => blocks.delete(blockNumber));
    }
    return blocks.get(blockNumber)?.[index % BLOCK_SIZE] ?? null;
  }

  function selectRow(index) {
    selectedIndex = index;
    const top = index * ROW_HEIGHT;
    if (top < rows.scrollTop) rows.scrollTop = top;
    if (top + ROW_HEIGHT > rows.scrollTop + rows.clientHeight) rows.scrollTop = top + ROW_HEIGHT - rows.clientHeight;
    show();
    const field = fieldAt(index);
    if (field) {
      isSelectedHere = true;
      showPage(field.page, field.id);
    }
  }

  async function showPage(id, fieldId) {
    if (page?.id !== id) {
      try {
        page = await fetchJson(`pages/${id}`);
      } catch {
        return;
      }
      const size = { width: page.width, height: page.height };
      const boxes = createSvgElement("svg", { viewBox: `0 0 ${size.width} ${size.height}`, "aria-hidden": "true" });
      const image = make("img", { src: `desk/pages/${id}/picture`, ...size, loading: "lazy", alt: captionOf(page) });
      sheet.replaceChildren(image, boxes);
      for (const field of page.fields) {
        const [top, left, bottom, right] = field.box;
        const rectangle = { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
        const show = () => showPage(id, field.id);
        boxes.append(createSvgElement("rect", { ...rectangle, "data-id": field.id, onClick: show }));
      }
    }
    page.selectedField = fieldId;
    pageView.hidden = false;
    caption.textContent = captionOf(page);
    for (const boxElement of sheet.querySelectorAll("rect")) {
      const field = page.fields.find(({ id }) => id === Number(boxElement.dataset.id));
      boxElement.dataset.state = stateOf(field);
      boxElement.classList.toggle("chosen", field.id === fieldId);
    }
  }

  async function reopen() {
    const field = page && await sendEntry("reopen", { field: page.selectedField, key_presses: 1 });
    if (!field) return;
    review.showFirst(field);
    document.getElementById("review").scrollIntoView({ block: "start" });
    reopenButton.blur();
  }

  function captionOf(page) {
    return [translate("sheetOf", { file: page.file_name, page: page.number }), page.remark].filter(Boolean).join(". ");
  }

  desk.onState(({ counts }, before) => {
    for (const [blockNumber, block] of blocks) {
      if (block && block.length < Math.min(BLOCK_SIZE, counts.fields - blockNumber * BLOCK_SIZE)) {
        blocks.delete(blockNumber);
      }
    }
    if (counts.fields !== before?.counts.fields) show();
  });
  desk.onAnswer((answered) => {
    for (const field of [...blocks.values()].flatMap((block) => block ?? []).concat(page?.fields ?? [])) {
      if (field.id === answered.id) Object.assign(field, { answer: answered.answer, needs_review: true });
    }
    show();
  });
  desk.onCurrent((field) => {
    if (!field || isSelectedHere && page?.id === field.page) isSelectedHere = false;
    else showPage(field.page, field.id);
  });
  onLanguage(() => {
    show();
    if (page) caption.textContent = captionOf(page);
  });
}

function stateOf({ needs_review, answer, status }) {
  if (answer !== null) return "answered";
  if (needs_review) return "open";
  return status === "blank" ? "blank" : "ok";
}
