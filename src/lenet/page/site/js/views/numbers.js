const MINUS = "\u2212";

/** A number with a typographic minus: 3 decimals, fewer from 10 on, unless `decimals` are given. */
export function formatNumber(value, decimals = null) {
  const magnitude = Math.abs(value);
  const digits = decimals ?? (magnitude >= 1000 ? 0 : magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : 3);
  const text = magnitude.toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** Terms as a sum: "0.410 + 1.200 − 0.030". */
export function sumText(values, decimals = 3) {
  return values
    .map((value, index) => {
      const text = formatNumber(Math.abs(value), decimals);
      const negative = value < 0 && Number(text) !== 0;
      if (index === 0) return negative ? MINUS + text : text;
      return `${negative ? MINUS : "+"} ${text}`;
    })
    .join(" ");
}

/** A share from 0 to 1 as per cent: "99.7 %". */
export function formatPercent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** A stage's name as the papers print it: "C3", "F6"; others as they are. */
export function stageName(name) {
  return /^[a-z]\d$/.test(name) ? name.toUpperCase() : name;
}

/** A shape: "6 @ 28×28", or "84" for a vector. */
export function shapeText([maps, height, width]) {
  return height === 1 && width === 1 ? String(maps) : `${maps} @ ${height}×${width}`;
}
