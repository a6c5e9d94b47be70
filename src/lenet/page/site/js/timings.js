/** Milliseconds that reading a picture, the passes, and all that follows a stroke took; the latest last. */
export const timings = { reading: [], passes: [], stroke: [] };

const MAX_TIMINGS = 500;

/** Calls `work` and keeps how long it took under a name. */
export function timed(name, work) {
  const start = performance.now();
  const result = work();
  timings[name].push(performance.now() - start);
  if (timings[name].length > MAX_TIMINGS) timings[name].shift();
  return result;
}
