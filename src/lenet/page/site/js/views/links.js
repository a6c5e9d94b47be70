/**
 * Outlines and lines over a network's stages: the unit in focus, what it sees, and its receptive field on the input.
 */

import { createSvgElement } from "lenet/views/elements.js";

const MAX_AREAS = 64;
const SIDE_GAP = 8; // pixels beside the stages
const ROW_GUTTER = 28; // between two rows of stages

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

  /** Two lines from one box to another: top to top and bottom to bottom. */
  function connect(from, to) {
    const [right, top, bottom] = [from.x + from.width, from.y, from.y + from.height];
    for (const [x1, y1, x2, y2] of [[right, top, to.x, to.y], [right, bottom, to.x, to.y + to.height]]) {
      lines.append(createSvgElement("line", { x1, y1, x2, y2 }));
    }
  }

  /** From a stage at the end of a row to one at the start of the next: around both, and between the rows. */
  function connectAround(from, to, gutter) {
    const right = Math.max(...[...diagram.children]
      .map((child) => child.offsetLeft + child.offsetWidth || 0)) + SIDE_GAP;
    const [start, end] = [from.y + from.height / 2, to.y + to.height / 2];
    const middle = gutter - ROW_GUTTER / 2;
    const points = [[from.x + from.width, start], [right, start], [right, middle], [-SIDE_GAP, middle],
      [-SIDE_GAP, end], [to.x, end]];
    lines.append(createSvgElement("polyline", { points: points.join(" ") }));
  }

  function clear() {
    outlines.replaceChildren();
    lines.replaceChildren();
  }

  /**
   * @param {{unit: Object, areas: Object[], field: ?Object, label: string, gutter: ?number}} links boxes in the
   *   diagram's coordinates: of the unit, and of what it sees; `field` is the receptive field on the input where the
   *   areas lie elsewhere; `label` is the unit's value; `gutter` is the top of the unit's row if the areas are in the
   *   row before
   */
  function show({ unit, areas, field, label, gutter }) {
    clear();
    for (const area of areas.slice(0, MAX_AREAS)) {
      outline(area, "source");
      if (areas.length <= 24 && gutter === null) connect(area, unit);
    }
    if (gutter !== null && areas.length) connectAround(areas.at(-1), unit, gutter);
    if (label) {
      const labelPosition = { x: unit.x + unit.width / 2, y: unit.y - 6, class: "links-value" };
      outlines.append(createSvgElement("text", labelPosition, label));
    }
    if (field) outline(field, "receptive-field");
    outline(unit, "focused");
  }

  return { show, clear, toDiagram };
}
