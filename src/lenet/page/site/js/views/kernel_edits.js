/** Kernels that the reader has changed; a network's weights are changed in place, and put back by undo. */

/**
 * @typedef {Object} KernelEdit
 * @property {number} network - index of the network
 * @property {number} stage - of a convolution
 * @property {number} map - of the stage
 * @property {number} start - of the kernel in the stage's weights
 * @property {Float32Array} original - the kernel as it was learned
 */

/**
 * Sets one kernel; the first change of a kernel notes what it was.
 *
 * @param {Object} store
 * @param {{network: number, stage: number, map: number, start: number}} place
 * @param {ArrayLike<number>} kernel
 */
export function editKernel(store, place, kernel) {
  const { edits } = store.state;
  const weight = weightsOf(store, place);
  const known = editAt(edits, place);
  const original = known?.original ?? weight.slice(place.start, place.start + kernel.length);
  weight.set(kernel, place.start);
  const others = edits.filter((edit) => edit !== known);
  const isBack = original.every((value, at) => value === weight[place.start + at]);
  store.set({ edits: isBack ? others : [...others, { ...place, original }] });
}

/** Puts a kernel back as it was learned. */
export function undoEdit(store, edit) {
  weightsOf(store, edit).set(edit.original, edit.start);
  store.set({ edits: store.state.edits.filter((other) => other !== edit) });
}

/** The edit of a kernel, if it has one. */
export const editAt = (edits, { network, stage, start }) =>
  edits.find((edit) => edit.network === network && edit.stage === stage && edit.start === start);

const weightsOf = (store, { network, stage }) => store.state.networks[network].network.stages[stage].arrays.weight;

/** What `work` gives with a network as it was learned. */
export function withoutEdits(store, network, work) {
  const edits = store.state.edits.filter((edit) => edit.network === network);
  const edited = edits.map((edit) => {
    const weight = weightsOf(store, edit);
    const kernel = weight.slice(edit.start, edit.start + edit.original.length);
    weight.set(edit.original, edit.start);
    return kernel;
  });
  const result = work();
  edits.forEach((edit, index) => weightsOf(store, edit).set(edited[index], edit.start));
  return result;
}
