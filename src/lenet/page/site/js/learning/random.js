/** Random numbers by seed, the same on every machine: mulberry32. */

/** @returns {() => number} numbers in [0, 1), always the same ones for a seed */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

/** 0 … count − 1 in random order. */
export function shuffledIndexes(count, random) {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const swapIndex = Math.floor(random() * (last + 1));
    [order[last], order[swapIndex]] = [order[swapIndex], order[last]];
  }
  return order;
}
