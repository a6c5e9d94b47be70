/**
 * Where the maps of a stage lie in its picture. Every unit is a square of whole pixels; a vector is one grid of
 * cells; the ten codes of an RBF output are pictures of 7×12 with their distances beside them.
 */

const GAP = 4;

/** The smallest side of a unit, in pixels, on which its value is written. */
export const MIN_NUMBERED_CELL = 22;
/** The cells of a code of an RBF output. */
export const CODE = { columns: 7, rows: 12 };

/**
 * @typedef {Object} Layout
 * @property {"maps"|"cells"|"codes"|"outputs"} kind
 * @property {number} width
 * @property {number} height
 * @property {number} cell side of a unit in CSS pixels
 * @property {{x: number, y: number, width: number, height: number}[]} boxes one for each map; for the other kinds one
 *   for each unit
 */

/** The side that a map of `units` × `units` should have: small maps are drawn larger than true to scale. */
function mapSide(units, zoom) {
  return 84 * zoom * (units / 28) ** 0.62;
}

/** The side of the one map of a stage in the overview, where maps of all stages are nearly of one size. */
const overviewSide = (units, zoom) => 84 * zoom * (units / 28) ** 0.15;
const MAX_NUMBERED_SIDE = 5; // units along a side of maps whose values the overview shows, at any size of window
const MAX_VECTOR_ZOOM = 1.1; // in the overview, where single maps need the room

/**
 * Lays out the maps or units of a stage in its picture.
 *
 * @param {{kind: string, outputShape: number[], isOutput: boolean, labelLength: number}} stage `labelLength` is that of
 *   the longest label
 * @param {{width: number, flow: "row"|"wrap", zoom: number, shownMap: ?number}} room `shownMap` is the one map that the
 *   overview shows; null shows all
 * @returns {Layout}
 */
export function layOut({ kind, outputShape, isOutput, labelLength }, room) {
  const [maps, height, width] = outputShape;
  const isMaps = height > 1 || width > 1;
  if (isMaps && room.shownMap !== null) return layOutOneMap(maps, height, width, room);
  if (isMaps) return layOutMaps(maps, height, width, room);
  const zoom = room.shownMap === null ? room.zoom : Math.min(room.zoom, MAX_VECTOR_ZOOM);
  if (kind === "euclidean_rbf") return layOutCodes(maps, { ...room, zoom });
  return isOutput ? layOutOutputs(maps, labelLength, { ...room, zoom }) : layOutCells(maps, { ...room, zoom });
}

/** One map; the others have no box. */
function layOutOneMap(maps, height, width, { zoom, shownMap, width: room }) {
  const minCell = width <= MAX_NUMBERED_SIDE ? MIN_NUMBERED_CELL : 1;
  const side = Math.max(minCell, Math.round(overviewSide(width, zoom) / width));
  const cell = Math.max(1, Math.min(side, Math.floor(room / width)));
  const boxes = new Array(maps);
  boxes[Math.min(shownMap, maps - 1)] = { x: 0, y: 0, width: width * cell, height: height * cell };
  return layoutOf("maps", cell, boxes);
}

function layOutMaps(maps, height, width, room) {
  const columns = room.flow === "row" ? Math.ceil(maps / rowsFor(maps)) : columnsFor(maps, width, room);
  let cell = Math.max(1, Math.round(mapSide(width, room.zoom) / width));
  const maxCell = Math.floor((room.width - (columns - 1) * GAP) / columns / width);
  cell = Math.max(1, room.flow === "row" ? cell : Math.min(maxCell, Math.ceil(cell * 1.6)));
  const boxes = Array.from({ length: maps }, (_, map) => ({
    x: (map % columns) * (width * cell + GAP),
    y: Math.floor(map / columns) * (height * cell + GAP),
    width: width * cell,
    height: height * cell,
  }));
  return layoutOf("maps", cell, boxes);
}

function rowsFor(maps) {
  if (maps <= 3) return maps;
  if (maps <= 8) return Math.ceil(maps / 2);
  if (maps <= 16) return 4;
  return maps <= 24 ? 5 : 8;
}

function columnsFor(maps, width, room) {
  if (maps <= 3) return maps;
  const maxColumns = Math.max(1, Math.floor((room.width + GAP) / (mapSide(width, room.zoom) + GAP)));
  const evenColumns = [4, 3, 5, 7].filter((columns) => maps % columns === 0 && columns <= maxColumns);
  return evenColumns[0] ?? Math.min(maps, maxColumns);
}

function layOutCells(units, room) {
  let columns = 7;
  let minPenalty = Infinity;
  for (let candidate = 4; candidate <= 25; candidate += 1) {
    const rows = Math.ceil(units / candidate);
    const penalty = Math.abs(Math.log(rows / candidate / 1.7)) + (units % candidate ? 1 : 0);
    if (penalty < minPenalty) [minPenalty, columns] = [penalty, candidate];
  }
  const cell = Math.max(4, Math.round((units > 200 ? 8 : 14) * room.zoom));
  return layoutOf("cells", cell, Array.from({ length: units }, (_, unit) => ({
    x: (unit % columns) * cell,
    y: Math.floor(unit / columns) * cell,
    width: cell,
    height: cell,
  })));
}

function layOutCodes(units, room) {
  const cell = Math.max(3, Math.round(3 * room.zoom));
  const step = { x: CODE.columns * cell + 56, y: CODE.rows * cell + 14 };
  const columns = room.flow === "row" || room.width < 5 * step.x ? 2 : 5;
  const rows = Math.ceil(units / columns);
  return layoutOf("codes", cell, Array.from({ length: units }, (_, unit) => ({
    x: Math.floor(unit / rows) * step.x,
    y: (unit % rows) * step.y,
    width: step.x - 12,
    height: CODE.rows * cell,
  })));
}

/** CSS pixels that labels of `labelLength` letters need beyond those of one letter. */
export const extraLabelWidth = (labelLength) => Math.ceil(7.25 * (labelLength - 1));

function layOutOutputs(units, labelLength, room) {
  const side = Math.round(20 * room.zoom);
  return layoutOf("outputs", side, Array.from({ length: units }, (_, unit) => ({
    x: 0, y: unit * (side + GAP), width: side + 76 + extraLabelWidth(labelLength), height: side,
  })));
}

function layoutOf(kind, cell, boxes) {
  const visibleBoxes = boxes.filter(Boolean);
  const width = Math.max(...visibleBoxes.map((box) => box.x + box.width));
  const height = Math.max(...visibleBoxes.map((box) => box.y + box.height));
  return { kind, cell, boxes, width, height };
}

/** The box of one unit, in the stage's CSS pixels. */
export function unitBox(layout, [map, row, column]) {
  const box = layout.boxes[map];
  if (layout.kind !== "maps") return box;
  return areaBox(layout, { map, top: row, left: column, height: 1, width: 1 });
}

/** The box of part of a map; undefined where the map is not shown. */
export function areaBox(layout, { map, top, left, height, width }) {
  const box = layout.boxes[map];
  if (layout.kind !== "maps" || !box) return box;
  const { cell } = layout;
  return { x: box.x + left * cell, y: box.y + top * cell, width: width * cell, height: height * cell };
}

/** The unit under a point, or null between maps. */
export function unitAt(layout, x, y) {
  const map = layout.boxes.findIndex(
    (box) => box && x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height,
  );
  if (map < 0) return null;
  if (layout.kind !== "maps") return [map, 0, 0];
  const box = layout.boxes[map];
  return [map, Math.floor((y - box.y) / layout.cell), Math.floor((x - box.x) / layout.cell)];
}
