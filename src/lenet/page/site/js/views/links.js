/** Outlines and lines laid over a network's stages: the unit asked, what it sees, and the way back to the input. */

import { createSvgElement } from "lenet/views/elements.js";

const MAX_AREAS = 64;

/** @param {HTMLElement} diagram whose children the boxes are measured against */
export function createLinks(diagram) {
  const outlines = createSvgElement("g", { class: "links-areas" });
  const lines = createSvgElement("g", { class: "links-lines" });
  const svg = createSvgElement("svg", { class: "links", "aria-hidden": "true" }, lines, outlines);
  diagram.append(svg);

  /** A box of a figure's picture in the diagram's coordinates. */
  function toDiagram(figure, box) {
    const origin = diagram.getBoundingClientRect();
    const canvas = figure.canvas.getBoundingClientRect();
    return { ...box, x: box.x + canvas.left - origin.left, y: box.y + canvas.top - origin.top };
  }

  function outline(box, name) {
    const margin = 1;
    outlines.append(createSvgElement("rect", {
      class: name, x: box.x - margin, y: box.y - margin, width: box.width + 2 * margin, height: box.height + 2 * margin,
    }));
  }

  /** The two lines that a pyramid shows from afar: top to top and bottom to bottom. */
  function join(from, to) {
    const forward = to.x > from.x + from.width;
    const beneath = to.y > from.y + from.height;
    const [left, right, top, bottom] = [from.x, from.x + from.width, from.y, from.y + from.height];
    const pairs = forward || !beneath
      ? [[right, top, to.x, to.y], [right, bottom, to.x, to.y + to.height]]
      : [[left, bottom, to.x, to.y], [right, bottom, to.x + to.width, to.y]];
    for (const [x1, y1, x2, y2] of pairs) lines.append(createSvgElement("line", { x1, y1, x2, y2 }));
  }

  function clear() {
    outlines.replaceChildren();
    lines.replaceChildren();
  }

  /**
   * @param {{unit: Object, areas: Object[], field: ?Object}} places boxes in the diagram's coordinates; `field` is the receptive
   *   field on the input where the areas lie elsewhere
   */
  function show({ unit, areas, field }) {
    clear();
    for (const area of areas.slice(0, MAX_AREAS)) {
      outline(area, "source");
      if (areas.length <= 24) join(area, unit);
    }
    if (field) outline(field, "seen");
    outline(unit, "asked");
  }

  return { show, clear, toDiagram };
}
