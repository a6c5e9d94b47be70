/** Sums of fields: whether the values that stand in them now add up. */

/**
 * @param {{name: string, value: string}[]} fields - of one sum
 * @param {string} total - the name of the field that the others add up to
 * @returns {?{sum: number, value: number, holds: boolean}} null if a value is no number
 */
export function checkSum(fields, total) {
  const parseNumber = ({ value }) => (value.trim() === "" ? NaN : Number(value.replaceAll(" ", "").replace(",", ".")));
  const value = fields.filter(({ name }) => name === total).map(parseNumber)[0] ?? NaN;
  const sum = fields.filter(({ name }) => name !== total).map(parseNumber).reduce((left, right) => left + right, 0);
  if (Number.isNaN(value) || Number.isNaN(sum)) return null;
  return { sum: Number(sum.toFixed(6)), value, holds: Math.abs(sum - value) < 1e-6 };
}
