/**
 * Strokes as text in an address: for each stroke its width in 1 byte, the number of its points in 2, and each point in
 * 3, 12 bits a coordinate; all in base64 for URLs.
 */

/** What coordinates are rounded to, in pixels of the sheet. */
export const GRID = 1 / 8;
const OFFSET = 156; // pixels left of the sheet and above it
const MAX_COORDINATE = 4095;
const MAX_POINTS = 65_535;

/** @returns {string} exact for coordinates on the grid and whole widths; longer strokes are cut */
export function formatDrawing(strokes) {
  const bytes = strokes.flatMap(({ width, points }) => {
    const keptPoints = points.slice(0, MAX_POINTS);
    return [width, keptPoints.length >> 8, keptPoints.length & 255, ...keptPoints.flatMap((point) => {
      const [x, y] = point.map((value) => Math.max(0, Math.min(MAX_COORDINATE, Math.round((value + OFFSET) / GRID))));
      return [x >> 4, ((x & 15) << 4) | (y >> 8), y & 255];
    })];
  });
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @returns {?Stroke[]} null where the text is not one that `formatDrawing` writes */
export function parseDrawing(text) {
  if (!/^[\w-]+$/.test(text)) return null;
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
  const strokes = [];
  for (let offset = 0; offset < bytes.length;) {
    const [width, high, low] = bytes.subarray(offset, offset + 3);
    const count = (high << 8) | low;
    offset += 3;
    if (!width || !count || offset + 3 * count > bytes.length) return null;
    const points = Array.from({ length: count }, () => {
      const [a, b, c] = bytes.subarray(offset, (offset += 3));
      return [(a << 4) | (b >> 4), ((b & 15) << 8) | c].map((value) => value * GRID - OFFSET);
    });
    strokes.push({ width, points });
  }
  return strokes;
}
