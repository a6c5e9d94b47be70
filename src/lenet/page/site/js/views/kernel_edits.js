/** Kernels that the reader has changed; a network's weights are changed in place, and put back by undo. */

/**
 * @typedef {Object} KernelEdit
 * @property {number} network - index of the network
 * @property {number} stage - of a convolution
 * @property {number} outputMap - the map of the stage that the kernel belongs to
 * @property {number} start - of the kernel in the stage's weights
 * @property {Float32Array} original - the kernel as it was learned
 */

/**
 * Sets one kernel; the first change of a kernel notes what it was.
 *
 * @param {Object} store
 * @param {{network: number, stage: number, outputMap: number, start: number}} address
 * @param {ArrayLike<number>} kernel
 */
export function editKernel(store, address, kernel) {
  const { edits } = store.state;
  const weight = weightsOf(store, address);
  const known = findEdit(edits, address);
  const original = known?.original ?? weight.slice(address.start, address.start + kernel.length);
  weight.set(kernel, address.start);
  const others = edits.filter((edit) => edit !== known);
  const isOriginal = original.every((value, index) => value === weight[address.start + index]);
  store.set({ edits: isOriginal ? others : [...others, { ...address, original }] });
}

/** Puts a kernel back as it was learned. */
export function undoEdit(store, edit) {
  weightsOf(store, edit).set(edit.original, edit.start);
  store.set({ edits: store.state.edits.filter((other) => other !== edit) });
}

/** The edit of a kernel, if it has one. */
export const findEdit = (edits, { network, stage, start }) =>
  edits.find((edit) => edit.network === network && edit.stage === stage && edit.start === start);

const weightsOf = (store, { network, stage }) => store.state.networks[network].network.stages[stage].arrays.weight;

/** The result of `work`, called while a network has its kernels as they were learned. */
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
