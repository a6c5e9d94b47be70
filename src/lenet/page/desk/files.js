/** The uploads: where files are dropped or chosen, and how many of them are read. */

import { make } from "./elements.js";
import { sendFile } from "./server.js";
import { bindText, onLanguage, translate } from "./text.js";

const MAX_LISTED = 8;

/** @param {{state: ?Object, refresh: () => void, onState: Function}} desk */
export function mountFiles(container, desk) {
  const input = make("input", { type: "file", multiple: true, id: "choose", class: "visually-hidden",
    accept: "image/*,.pdf,.tif,.tiff,.heic", onChange: () => upload(input.files) });
  const label = bindText(make("label", { for: "choose", class: "drop" }), "drop");
  const bar = make("progress", { max: "1", value: "0" });
  bindText(bar, "files", "aria-label");
  const message = make("p", { class: "figure-note", role: "status" });
  const list = make("ol", { class: "file-list" });
  const refused = new Map(); // why the server did not take a file, by its name; empty if it did not answer
  const refusedList = make("ol", { class: "file-list", role: "status", id: "refused" });
  container.append(bindText(make("h2", { id: "files-title" }), "files"), input, label, bar, message, refusedList, list);

  async function upload(files) {
    for (const file of [...files]) {
      try {
        await sendFile(file);
        refused.delete(file.name);
      } catch (error) {
        refused.set(file.name, error.status ? error.message : "");
      }
      showRefused();
      desk.refresh();
    }
    input.value = "";
  }

  /** Says what the server did not take, until it takes it: the stack knows nothing of these files. */
  function showRefused() {
    refusedList.replaceChildren(...[...refused].map(([name, why]) =>
      make("li", { class: "failed" }, why ? withName(name, why) : translate("notTaken", { name }))));
  }

  const withName = (name, why) => (why.includes(name) ? why : [name, why].filter(Boolean).join(": "));

  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      label.classList.toggle("over", kind === "dragover");
      if (kind === "drop") upload(event.dataTransfer.files);
    });
  }
  document.addEventListener("dragleave", () => label.classList.remove("over"));

  const show = () => {
    if (!desk.state) return;
    const { counts, files } = desk.state;
    const readCount = counts.files - counts.waiting;
    bar.max = Math.max(1, counts.files);
    bar.value = readCount;
    bar.hidden = !counts.waiting;
    message.textContent = counts.files ? translate("progress", { ...counts, read: readCount }) : translate("nothing");
    const visibleFiles = files.filter(({ problem, state }) => problem || state === "waiting").slice(0, MAX_LISTED);
    list.replaceChildren(...visibleFiles.map(({ name, problem }) =>
      make("li", { class: problem ? "failed" : "waiting" }, withName(name, problem))));
  };
  desk.onState(show);
  onLanguage(show);
  onLanguage(showRefused);
}
