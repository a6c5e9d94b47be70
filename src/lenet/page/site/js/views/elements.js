/** Elements of HTML and SVG, of the page and of the desk. */

/**
 * Creates an HTML element with attributes, listeners (`onClick`) and children.
 *
 * @param {string} tag
 * @param {Object} [attributes] `class`, `hidden`, `onInput`, …; null and false leave one out
 * @param {...(Node|string)} children
 */
export function make(tag, attributes = {}, ...children) {
  return fillElement(document.createElement(tag), attributes, children);
}

/** Creates an SVG element, as `make` creates HTML elements. */
export function createSvgElement(tag, attributes = {}, ...children) {
  return fillElement(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fillElement(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2).toLowerCase(), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}
