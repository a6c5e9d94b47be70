/** Sums and middles of float32 numbers as numpy computes them, in its order of additions. */

const { fround } = Math;

/** The sum of float32 numbers, pairwise. */
export function sum(data, start = 0, count = data.length) {
  if (count < 8) {
    let total = 0;
    for (let i = 0; i < count; i++) total = fround(total + data[start + i]);
    return total;
  }
  if (count <= 128) {
    let [a, b, c, d] = [data[start], data[start + 1], data[start + 2], data[start + 3]];
    let [e, f, g, h] = [data[start + 4], data[start + 5], data[start + 6], data[start + 7]];
    let i = 8;
    for (; i < count - (count % 8); i += 8) {
      const at = start + i;
      a = fround(a + data[at]);
      b = fround(b + data[at + 1]);
      c = fround(c + data[at + 2]);
      d = fround(d + data[at + 3]);
      e = fround(e + data[at + 4]);
      f = fround(f + data[at + 5]);
      g = fround(g + data[at + 6]);
      h = fround(h + data[at + 7]);
    }
    const low = fround(fround(a + b) + fround(c + d));
    let total = fround(low + fround(fround(e + f) + fround(g + h)));
    for (; i < count; i++) total = fround(total + data[start + i]);
    return total;
  }
  let half = count >> 1;
  half -= half % 8;
  return fround(sum(data, start, half) + sum(data, start + half, count - half));
}

/** The number at a place in sorted order, of float32 numbers that are at least 0. */
export function ranked(data, place) {
  let left = new Uint32Array(data.buffer, data.byteOffset, data.length);
  let rest = place;
  for (let shift = 24; shift >= 0 && left.length > 1; shift -= 8) {
    counts.fill(0);
    for (let i = 0; i < left.length; i++) counts[(left[i] >>> shift) & 255]++;
    let own = 0;
    while (rest >= counts[own]) rest -= counts[own++];
    if (counts[own] < left.length) left = inBucket(left, shift, own, counts[own]);
  }
  return new Float32Array(left.buffer, left.byteOffset, 1)[0];
}

const counts = new Uint32Array(256);

function inBucket(bits, shift, own, size) {
  const some = new Uint32Array(size);
  for (let i = 0, count = 0; count < size; i++) if (((bits[i] >>> shift) & 255) === own) some[count++] = bits[i];
  return some;
}

/** The median of float32 numbers that are at least 0. */
export function median(data) {
  const half = data.length >> 1;
  const upper = ranked(data, half);
  if (data.length % 2 === 1) return upper;
  return fround(fround(ranked(data, half - 1) + upper) / 2);
}
