/** The chapter in which a network is trained in the page; digits and worker come when it is opened. */

import { mountWorkbench } from "lenet/learning/workbench.js";
import { phrase } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

/**
 * @param {HTMLElement} container
 * @param {Object} store
 * @param {Object} packed - the document's digits
 */
export function mountLearning(container, store, packed) {
  const counts = { training: packed.training.toLocaleString("en"), test: String(packed.test) };
  const heading = make("h2", { id: "learning-heading" });
  const lead = make("p", { class: "section-text" });
  const invite = make("p", { class: "learning-invite" });
  const open = make("button", { type: "button", class: "primary", "data-do": "open-learning", onClick: start });
  const closed = make("div", { class: "learning-closed" }, invite, open);
  const workbench = make("div", { class: "learning-open", tabindex: "-1", role: "group",
    "aria-labelledby": "learning-heading" });
  const source = make("p", { class: "learning-source" });
  container.append(make("div", { class: "learning" },
    make("div", { class: "section-head" }, heading, lead), closed, workbench, source));
  workbench.hidden = true;
  let bench = null;

  async function start() {
    open.disabled = true;
    open.textContent = phrase(store, "learning.opening");
    try {
      bench = await mountWorkbench(workbench, store, packed, counts);
    } catch {
      invite.textContent = phrase(store, "learning.unable");
      return;
    }
    closed.hidden = true;
    workbench.hidden = false;
    workbench.focus({ preventScroll: true });
    bench.updateText();
  }

  function updateText() {
    heading.textContent = phrase(store, "learning.heading");
    lead.textContent = phrase(store, "learning.lead", counts);
    invite.textContent = phrase(store, "learning.invite");
    open.textContent = phrase(store, open.disabled ? "learning.opening" : "learning.open");
    source.textContent = phrase(store, "learning.source", counts);
    bench?.updateText();
  }

  store.subscribe(["language"], updateText);
  store.subscribe(["reading"], () => { container.hidden = Boolean(store.state.reading?.isWholePicture); });
  updateText();
}
