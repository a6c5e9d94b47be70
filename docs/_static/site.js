// What is wider than the window scrolls, and is reached with the keyboard.
function focusWhatScrolls() {
  for (const box of document.querySelectorAll("pre, .table-wrapper, div.math")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("load", focusWhatScrolls);
addEventListener("resize", focusWhatScrolls);
