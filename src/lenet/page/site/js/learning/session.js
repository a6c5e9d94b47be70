/** The training of the chapter: what the worker reports, the network of the moment, and the run before it. */

import { createNetwork } from "lenet/network.js";
import { describeNetwork, planOf } from "lenet/learning/choices.js";
import { unpackDigits } from "lenet/learning/digits.js";
import { linkScript, sourceInPage } from "lenet/learning/linking.js";

const BINS_A_PASS = 25;

/**
 * @typedef {Object} Run
 * @property {Object} choices
 * @property {Network} network - with the weights of this moment
 * @property {number} updates
 * @property {number} passes - over the digits to train on
 * @property {{passes: number, loss: number, wrong: number}[]} losses - means over a twenty-fifth of a pass each
 * @property {Object} bin - of the losses, the one that is being filled
 * @property {{passes: number, misread: number[]}[]} readings - of the test digits
 * @property {?WatchedGradient} watched - of the last update
 * @property {boolean} isLost - whether a loss has grown beyond all numbers
 */

/**
 * Opens a worker and unpacks the digits.
 *
 * @param {Object} packed - the document's digits
 * @param {number[][]} codes - of the RBF outputs
 * @param {() => void} changed - called after every report
 */
export async function openSession(packed, codes, changed) {
  const digits = await unpackDigits(packed);
  const worker = await startWorker();
  worker.postMessage({ digits });
  let run = null;
  let earlier = null;
  let number = 0;
  let copy = null;

  worker.onmessage = ({ data }) => {
    if (data.run !== number) return; // of a training that is no more
    copy(data.parameters);
    run.updates = data.updates;
    run.passes = data.passes;
    data.losses.forEach((loss) => addLoss(run, loss));
    run.readings.push(...data.readings);
    run.watched = data.watched;
    changed();
  };

  /** Goes to the first weights of these choices; the run so far stays as the earlier one. */
  function begin(choices) {
    if (run?.updates) earlier = run;
    number += 1;
    const network = makeNetwork(describeNetwork(choices, codes), choices);
    copy = network.copy;
    run = { choices, network: network.network, updates: 0, passes: 0, losses: [], bin: { place: -1 }, readings: [],
      watched: null, isLost: false };
    worker.postMessage({ begin: network.plan, run: number, going: false });
  }

  return {
    digits,
    begin,
    go: () => worker.postMessage({ going: true }),
    pause: () => worker.postMessage({ going: false }),
    step: () => worker.postMessage({ going: false, step: true }),
    watch: (weight) => worker.postMessage({ watch: weight }),
    forgetEarlier: () => { earlier = null; },
    get run() { return run; },
    get earlier() { return earlier; },
  };
}

/** A worker that runs: a module of the server that gave out the page, or in a file a script linked from its modules. */
async function startWorker() {
  const isServed = !import.meta.url.startsWith("data:");
  if (isServed) return begun(new Worker(new URL("worker.js", import.meta.url), { type: "module" }));
  const script = linkScript("lenet/learning/worker.js", sourceInPage);
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = await begun(new Worker(address));
  URL.revokeObjectURL(address);
  return worker;
}

/** Waits until a worker runs. */
function begun(worker) {
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve(worker);
    worker.onerror = reject;
  });
}

/** A network whose arrays lie in one buffer, in the order of the plan. */
function makeNetwork(description, choices) {
  const { stages } = createNetwork(description, {});
  const plan = planOf(choices, stages);
  const lengthOf = (shape) => shape.reduce((product, length) => product * length);
  const entries = plan.stages.flatMap(({ name, shapes }) =>
    Object.entries(shapes).map(([array, shape]) => [`${name}.${array}`, lengthOf(shape)]));
  const flat = new Float32Array(entries.reduce((sum, [, length]) => sum + length, 0));
  let start = 0;
  const arrays = Object.fromEntries(entries.map(([name, length]) => [name, flat.subarray(start, (start += length))]));
  return { plan, network: createNetwork(description, arrays), copy: (parameters) => flat.set(parameters) };
}

/** Adds an update's loss to the mean of its part of the pass. */
function addLoss(run, { loss, wrong, batch, passes }) {
  run.isLost ||= !Number.isFinite(loss);
  const place = Math.ceil(passes * BINS_A_PASS - 1e-9);
  if (run.bin.place !== place) {
    run.bin = { place, loss: 0, wrong: 0, digits: 0 };
    run.losses.push(null);
  }
  const { bin } = run;
  bin.loss += loss * batch;
  bin.wrong += wrong;
  bin.digits += batch;
  run.losses[run.losses.length - 1] = { passes, loss: bin.loss / bin.digits, wrong: bin.wrong / bin.digits };
}
