/**
 * Where the maps of a stage lie in its picture. Every unit is a square of whole pixels; a vector is one grid of
 * cells; the ten codes of an RBF output are pictures of 7×12 with their distances beside them.
 */

const GAP = 4;

/** Pixels of a unit's side from which on its value is written on it. */
export const MIN_NUMBERED = 22;
const CODE = { columns: 7, rows: 12 };

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
const SMALL = 5; // units along a side of a map that has room for their values in the overview, at any size of window
const MAX_VECTOR_ZOOM = 1.1; // in the overview, where single maps need the room

/**
 * @param {{kind: string, outputShape: number[], last: boolean, labelLength: number}} stage `labelLength` is that of the
 *   longest label
 * @param {{width: number, flow: "row"|"wrap", zoom: number, only: ?number}} room `only` is the one map that is shown
 * @returns {Layout}
 */
export function layOut({ kind, outputShape, last, labelLength }, room) {
  const [maps, height, width] = outputShape;
  const isMaps = height > 1 || width > 1;
  if (isMaps && room.only !== null) return oneMap(maps, height, width, room);
  if (isMaps) return grid(maps, height, width, room);
  const zoom = room.only === null ? room.zoom : Math.min(room.zoom, MAX_VECTOR_ZOOM);
  if (kind === "euclidean_rbf") return codes(maps, { ...room, zoom });
  return last ? outputs(maps, labelLength, { ...room, zoom }) : cells(maps, { ...room, zoom });
}

/** One map; the others have no box. */
function oneMap(maps, height, width, { zoom, only, width: room }) {
  const minimum = width <= SMALL ? MIN_NUMBERED : 1;
  const side = Math.max(minimum, Math.round(overviewSide(width, zoom) / width));
  const cell = Math.max(1, Math.min(side, Math.floor(room / width)));
  const boxes = new Array(maps);
  boxes[Math.min(only, maps - 1)] = { x: 0, y: 0, width: width * cell, height: height * cell };
  return bounded("maps", cell, boxes);
}

function grid(maps, height, width, room) {
  const across = room.flow === "row" ? Math.ceil(maps / rowsFor(maps)) : columnsFor(maps, width, room);
  let cell = Math.max(1, Math.round(mapSide(width, room.zoom) / width));
  const fitting = Math.floor((room.width - (across - 1) * GAP) / across / width);
  cell = Math.max(1, room.flow === "row" ? cell : Math.min(fitting, Math.ceil(cell * 1.6)));
  const boxes = Array.from({ length: maps }, (_, map) => ({
    x: (map % across) * (width * cell + GAP),
    y: Math.floor(map / across) * (height * cell + GAP),
    width: width * cell,
    height: height * cell,
  }));
  return bounded("maps", cell, boxes);
}

function rowsFor(maps) {
  if (maps <= 3) return maps;
  if (maps <= 8) return Math.ceil(maps / 2);
  if (maps <= 16) return 4;
  return maps <= 24 ? 5 : 8;
}

function columnsFor(maps, width, room) {
  if (maps <= 3) return maps;
  const fitting = Math.max(1, Math.floor((room.width + GAP) / (mapSide(width, room.zoom) + GAP)));
  const even = [4, 3, 5, 7].filter((columns) => maps % columns === 0 && columns <= fitting);
  return even[0] ?? Math.min(maps, fitting);
}

function cells(units, room) {
  let columns = 7;
  let worst = Infinity;
  for (let candidate = 4; candidate <= 25; candidate += 1) {
    const rows = Math.ceil(units / candidate);
    const fault = Math.abs(Math.log(rows / candidate / 1.7)) + (units % candidate ? 1 : 0);
    if (fault < worst) [worst, columns] = [fault, candidate];
  }
  const cell = Math.max(4, Math.round((units > 200 ? 8 : 14) * room.zoom));
  return bounded("cells", cell, Array.from({ length: units }, (_, unit) => ({
    x: (unit % columns) * cell,
    y: Math.floor(unit / columns) * cell,
    width: cell,
    height: cell,
  })));
}

function codes(units, room) {
  const cell = Math.max(3, Math.round(3 * room.zoom));
  const step = { x: CODE.columns * cell + 56, y: CODE.rows * cell + 14 };
  const across = room.flow === "row" || room.width < 5 * step.x ? 2 : 5;
  const down = Math.ceil(units / across);
  return bounded("codes", cell, Array.from({ length: units }, (_, unit) => ({
    x: Math.floor(unit / down) * step.x,
    y: (unit % down) * step.y,
    width: step.x - 12,
    height: CODE.rows * cell,
  })));
}

/** CSS pixels that labels of `labelLength` letters need beyond those of one letter. */
export const extraLabelWidth = (labelLength) => Math.ceil(7.25 * (labelLength - 1));

function outputs(units, labelLength, room) {
  const side = Math.round(20 * room.zoom);
  return bounded("outputs", side, Array.from({ length: units }, (_, unit) => ({
    x: 0, y: unit * (side + GAP), width: side + 76 + extraLabelWidth(labelLength), height: side,
  })));
}

function bounded(kind, cell, boxes) {
  const shown = boxes.filter(Boolean);
  const width = Math.max(...shown.map((box) => box.x + box.width));
  const height = Math.max(...shown.map((box) => box.y + box.height));
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
