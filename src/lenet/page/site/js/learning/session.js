/** The chapter's training session: the current run as the worker reports it, and the run before it. */

import { createNetwork } from "lenet/network.js";
import { describeNetwork, planOf } from "lenet/learning/settings.js";
import { unpackDigits } from "lenet/learning/digits.js";
import { bundleScript, sourceFromImportMap } from "lenet/learning/bundling.js";

const BINS_PER_EPOCH = 25;

/**
 * @typedef {Object} Run
 * @property {Object} settings - a value for each key of SETTINGS
 * @property {Network} network - with the weights as last reported
 * @property {number} updates - how many were made
 * @property {number} epochs - passes over the training digits so far, with fractions
 * @property {{epochs: number, loss: number, errorRate: number}[]} losses - of the batches trained on, averaged over a
 *     twenty-fifth of an epoch each; the error rate is a share from 0 to 1
 * @property {{index: number, lossSum: number, misreadCount: number, digitCount: number}} bin - running sums of the bin
 *     whose averages are the last of `losses`
 * @property {{epochs: number, misread: number[]}[]} evaluations - on the test digits: indexes of those misread
 * @property {?WeightGradient} weightGradient - of the last update
 * @property {boolean} hasDiverged - whether a loss was NaN or infinite
 */

/**
 * Opens a worker and unpacks the digits.
 *
 * @param {Object} packedDigits - the document's digits
 * @param {number[][]} prototypes - of the RBF outputs
 * @param {() => void} onReport - called after every report of the worker
 * @returns {Promise<{digits: Object, begin: (settings: Object) => void, train: () => void, pause: () => void,
 *     step: () => void, selectWeight: (weight: {stageIndex: number, index: number}) => void,
 *     discardPreviousRun: () => void, run: ?Run, previousRun: ?Run}>} `step` makes one update
 */
export async function openSession(packedDigits, prototypes, onReport) {
  const digits = await unpackDigits(packedDigits);
  const worker = await startWorker();
  worker.postMessage({ digits });
  let run = null;
  let previousRun = null;
  let runNumber = 0;
  let setParameters = null;

  worker.onmessage = ({ data }) => {
    if (data.runNumber !== runNumber) return; // a report on a run that has been replaced
    setParameters(data.parameters);
    run.updates = data.updates;
    run.epochs = data.epochs;
    data.losses.forEach((loss) => addLoss(run, loss));
    run.evaluations.push(...data.evaluations);
    run.weightGradient = data.weightGradient;
    onReport();
  };

  /** Begins a run with the initial weights of these settings; the run so far becomes the previous one. */
  function begin(settings) {
    if (run?.updates) previousRun = run;
    runNumber += 1;
    const trainable = makeTrainable(describeNetwork(settings, prototypes), settings);
    setParameters = trainable.setParameters;
    run = { settings, network: trainable.network, updates: 0, epochs: 0, losses: [], bin: { index: -1 }, evaluations: [],
      weightGradient: null, hasDiverged: false };
    worker.postMessage({ plan: trainable.plan, runNumber, isTraining: false });
  }

  return {
    digits,
    begin,
    train: () => worker.postMessage({ isTraining: true }),
    pause: () => worker.postMessage({ isTraining: false }),
    step: () => worker.postMessage({ isTraining: false, step: true }),
    selectWeight: (weight) => worker.postMessage({ selectedWeight: weight }),
    discardPreviousRun: () => { previousRun = null; },
    get run() { return run; },
    get previousRun() { return previousRun; },
  };
}

/** Starts the worker: from a module of the server, or, where the page is a file, from a script bundled of its modules. */
async function startWorker() {
  const isServed = !import.meta.url.startsWith("data:");
  if (isServed) return whenReady(new Worker(new URL("worker.js", import.meta.url), { type: "module" }));
  const script = bundleScript("lenet/learning/worker.js", sourceFromImportMap);
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = await whenReady(new Worker(address));
  URL.revokeObjectURL(address);
  return worker;
}

/** Waits for a worker's first message, which it sends once it runs. */
function whenReady(worker) {
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve(worker);
    worker.onerror = reject;
  });
}

/**
 * Creates a training plan and its network, whose arrays are views of one buffer, in the order of the plan.
 *
 * @returns {{plan: TrainingPlan, network: Network, setParameters: (parameters: Float32Array) => void}}
 */
function makeTrainable(description, settings) {
  const { stages } = createNetwork(description, {});
  const plan = planOf(settings, stages);
  const lengthOf = (shape) => shape.reduce((product, length) => product * length);
  const entries = plan.stages.flatMap(({ name, shapes }) =>
    Object.entries(shapes).map(([array, shape]) => [`${name}.${array}`, lengthOf(shape)]));
  const buffer = new Float32Array(entries.reduce((sum, [, length]) => sum + length, 0));
  let start = 0;
  const arrays = Object.fromEntries(entries.map(([name, length]) =>
    [name, buffer.subarray(start, (start += length))]));
  return { plan, network: createNetwork(description, arrays), setParameters: (parameters) => buffer.set(parameters) };
}

/** Adds an update to the loss curve: to its bin, a twenty-fifth of an epoch, whose averages are computed again. */
function addLoss(run, { loss, misreadCount, batchSize, epochs }) {
  run.hasDiverged ||= !Number.isFinite(loss);
  const binIndex = Math.ceil(epochs * BINS_PER_EPOCH - 1e-9);
  if (run.bin.index !== binIndex) {
    run.bin = { index: binIndex, lossSum: 0, misreadCount: 0, digitCount: 0 };
    run.losses.push(null);
  }
  const { bin } = run;
  bin.lossSum += loss * batchSize;
  bin.misreadCount += misreadCount;
  bin.digitCount += batchSize;
  run.losses[run.losses.length - 1] = {
    epochs, loss: bin.lossSum / bin.digitCount, errorRate: bin.misreadCount / bin.digitCount,
  };
}
