/** Sums of float32 numbers as numpy computes them, in its order of additions. */

const { fround } = Math;

/** The sum of float32 numbers, pairwise. */
export function pairwiseSum(data, start = 0, count = data.length) {
  if (count > 128) {
    const half = (count >> 1) & ~7;
    return fround(pairwiseSum(data, start, half) + pairwiseSum(data, start + half, count - half));
  }
  const unrolledEnd = count & ~7;
  const lanes = new Float32Array(8);
  for (let i = 0; i < unrolledEnd; i++) lanes[i & 7] += data[start + i];
  const pairs = [0, 2, 4, 6].map((lane) => fround(lanes[lane] + lanes[lane + 1]));
  let total = fround(fround(pairs[0] + pairs[1]) + fround(pairs[2] + pairs[3]));
  for (let i = unrolledEnd; i < count; i++) total = fround(total + data[start + i]);
  return total;
}
