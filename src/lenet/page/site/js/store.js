/**
 * Observable state. Views read `state` and subscribe to changes of keys.
 *
 * @param {Object} initial
 * @param {(state: Object, patch: Object) => Object} [complete] adds to a patch all that follows from it
 * @returns {{state: Object, set: (patch: Object) => void,
 *   subscribe: (keys: string[], listener: (state: Object) => void) => () => void}}
 */
export function createStore(initial, complete = (_, patch) => patch) {
  const state = { ...initial };
  const subscriptions = new Set();

  function set(change) {
    const patch = complete(state, change);
    const changed = Object.keys(patch).filter((key) => !Object.is(state[key], patch[key]));
    if (!changed.length) return;
    Object.assign(state, patch);
    for (const subscription of [...subscriptions]) {
      if (changed.some((key) => subscription.keys.has(key))) subscription.listener(state);
    }
  }

  function subscribe(keys, listener) {
    const subscription = { keys: new Set(keys), listener };
    subscriptions.add(subscription);
    return () => subscriptions.delete(subscription);
  }

  return { state, set, subscribe };
}

/** Neutral slider positions: the initial `changes`, as robustness/changes.js describes them. */
export const UNCHANGED = Object.freeze({
  shiftX: 0, shiftY: 0, rotation: 0, scale: 1, thickness: 0, noise: 0, noiseSeed: 1,
});
