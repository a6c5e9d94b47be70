/** What the steps from a stroke to the last view took, in milliseconds, the latest last. */
export const timings = { reading: [], passes: [], stroke: [] };

const MAX_KEPT = 500;

/** Does the work and notes how long it took. */
export function timed(name, work) {
  const start = performance.now();
  const result = work();
  timings[name].push(performance.now() - start);
  if (timings[name].length > MAX_KEPT) timings[name].shift();
  return result;
}
