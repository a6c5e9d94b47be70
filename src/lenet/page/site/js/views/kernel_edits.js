/** Kernels that the user has edited: a network's weights are changed in place, and put back by undo. */

/**
 * @typedef {Object} KernelEdit
 * @property {number} modelIndex - in the store's `models`
 * @property {number} stageIndex - of a convolution
 * @property {number} outputMap - the map of the stage that the kernel belongs to
 * @property {number} start - of the kernel in the stage's weights
 * @property {Float32Array} original - the kernel as it was learned
 */

/**
 * Sets one kernel; its first edit keeps the kernel as it was learned.
 *
 * @param {Object} store
 * @param {{modelIndex: number, stageIndex: number, outputMap: number, start: number}} address
 * @param {ArrayLike<number>} kernel
 */
export function editKernel(store, address, kernel) {
  const { edits } = store.state;
  const weight = weightsOf(store, address);
  const existingEdit = findEdit(edits, address);
  const original = existingEdit?.original ?? weight.slice(address.start, address.start + kernel.length);
  weight.set(kernel, address.start);
  const otherEdits = edits.filter((edit) => edit !== existingEdit);
  const isOriginal = original.every((value, index) => value === weight[address.start + index]);
  store.set({ edits: isOriginal ? otherEdits : [...otherEdits, { ...address, original }] });
}

/** Puts a kernel back as it was learned. */
export function undoEdit(store, edit) {
  weightsOf(store, edit).set(edit.original, edit.start);
  store.set({ edits: store.state.edits.filter((other) => other !== edit) });
}

/** The edit of a kernel, if it has one. */
export const findEdit = (edits, { modelIndex, stageIndex, start }) =>
  edits.find((edit) => edit.modelIndex === modelIndex && edit.stageIndex === stageIndex && edit.start === start);

const weightsOf = (store, { modelIndex, stageIndex }) =>
  store.state.models[modelIndex].network.stages[stageIndex].arrays.weight;

/** The result of `compute`, called while a model has its kernels as they were learned. */
export function withoutEdits(store, modelIndex, compute) {
  const edits = store.state.edits.filter((edit) => edit.modelIndex === modelIndex);
  const editedKernels = edits.map((edit) => {
    const weight = weightsOf(store, edit);
    const kernel = weight.slice(edit.start, edit.start + edit.original.length);
    weight.set(edit.original, edit.start);
    return kernel;
  });
  const result = compute();
  edits.forEach((edit, index) => weightsOf(store, edit).set(editedKernels[index], edit.start));
  return result;
}
