/**
 * Strokes as a text that an address can hold: of each its width and the number of its points in 1 and 2 bytes, and the
 * points in 3, each coordinate in 12 bits; base64 in the letters of addresses.
 */

/** What coordinates are rounded to, in pixels of the sheet. */
export const GRID = 1 / 8;
const OFFSET = 156; // pixels left of the sheet and above it
const LARGEST = 4095;
const MOST_POINTS = 65_535;

/** @returns {string} exact where the coordinates are on the grid and the widths whole */
export function drawingText(strokes) {
  const bytes = strokes.flatMap(({ width, points }) => {
    const firstPoints = points.slice(0, MOST_POINTS);
    return [width, firstPoints.length >> 8, firstPoints.length & 255, ...firstPoints.flatMap((point) => {
      const [x, y] = point.map((value) => Math.max(0, Math.min(LARGEST, Math.round((value + OFFSET) / GRID))));
      return [x >> 4, ((x & 15) << 4) | (y >> 8), y & 255];
    })];
  });
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @returns {?Stroke[]} null where the text is no drawing */
export function drawingOf(text) {
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
