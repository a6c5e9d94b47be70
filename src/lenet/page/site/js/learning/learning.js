/** The chapter in which a network is trained in the page; digits and worker come when it is opened. */

import { mountWorkbench } from "lenet/learning/workbench.js";
import { chapterText } from "lenet/tour/text.js";
import { make } from "lenet/views/elements.js";

/**
 * @param {HTMLElement} container
 * @param {Object} store
 * @param {Object} packedDigits - the document's digits
 */
export function mountLearning(container, store, packedDigits) {
  const digitCounts = { training: packedDigits.training.toLocaleString("en"), test: String(packedDigits.test) };
  const heading = make("h2", { id: "learning-heading" });
  const lead = make("p", { class: "section-text" });
  const invitationText = make("p", { class: "learning-invite" });
  const openButton = make("button",
    { type: "button", class: "primary", "data-do": "open-learning", onClick: openChapter });
  const invitation = make("div", { class: "learning-closed" }, invitationText, openButton);
  const workbenchElement = make("div", { class: "learning-open", tabindex: "-1", role: "group",
    "aria-labelledby": "learning-heading" });
  const source = make("p", { class: "learning-source" });
  container.append(make("div", { class: "learning" },
    make("div", { class: "section-head" }, heading, lead), invitation, workbenchElement, source));
  workbenchElement.hidden = true;
  let workbench = null;

  async function openChapter() {
    openButton.disabled = true;
    openButton.textContent = chapterText(store, "learning.opening");
    try {
      workbench = await mountWorkbench(workbenchElement, store, packedDigits, digitCounts);
    } catch {
      invitationText.textContent = chapterText(store, "learning.unable");
      return;
    }
    invitation.hidden = true;
    workbenchElement.hidden = false;
    workbenchElement.focus({ preventScroll: true });
    workbench.updateText();
  }

  function updateText() {
    heading.textContent = chapterText(store, "learning.heading");
    lead.textContent = chapterText(store, "learning.lead", digitCounts);
    invitationText.textContent = chapterText(store, "learning.invite");
    openButton.textContent = chapterText(store, openButton.disabled ? "learning.opening" : "learning.open");
    source.textContent = chapterText(store, "learning.source", digitCounts);
    workbench?.updateText();
  }

  store.subscribe(["language"], updateText);
  store.subscribe(["reading"], () => { container.hidden = Boolean(store.state.reading?.isWholePicture); });
  updateText();
}
