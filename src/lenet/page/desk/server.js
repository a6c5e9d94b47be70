/**
 * Requests to the server, and the entries that wait for it.
 *
 * Entries are sent one after the other, in their order, until the server has taken each; they stand in the tab's
 * storage meanwhile, so that neither a server that is started again nor a page that is loaded again loses one.
 */

const UNSENT_KEY = "lenet-desk-waiting", WHO_KEY = "lenet-desk-who";
const RETRY_MS = 500;
/** Statuses of an entry that is wrong. Others, as of a full disk or a missing token, may pass: the entry waits. */
const REFUSED_STATUSES = [404, 409, 413, 415, 422];

/** The name by which the server knows this tab. */
export const tabName = sessionStorage.getItem(WHO_KEY) ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
sessionStorage.setItem(WHO_KEY, tabName);

/** The entries that the server has not taken yet. */
const unsentEntries = JSON.parse(sessionStorage.getItem(UNSENT_KEY) ?? "[]");
let isSending = false;
let reportTrouble = () => {};

/** Fetches a JSON answer; rejects with an Error of the server's sentence and `status` if the server refuses. */
export async function fetchJson(path) {
  return jsonOf(await fetch(`desk/${path}`));
}

/** Calls `listener` with the number of entries that wait because the server is silent, and with each refusal. */
export function onTrouble(listener) {
  reportTrouble = listener;
}

/**
 * Sends an entry behind those that wait.
 *
 * @param {string} path - `answer`, `draft`, `postpone`, `take-back`, `reopen` or `lease`
 * @param {Object} values
 * @returns {Promise<*>} the server's JSON answer; null if it refuses
 */
export function sendEntry(path, values) {
  return new Promise((resolve) => {
    unsentEntries.push({ path, values: { who: tabName, ...values }, resolve });
    storeUnsent();
    sendUnsent();
  });
}

/** Sends what an earlier page of this tab has left. */
export async function sendUnsent() {
  if (isSending) return;
  isSending = true;
  while (unsentEntries.length) {
    const { path, values, resolve } = unsentEntries[0];
    try {
      const answer = await jsonOf(await fetch(`desk/${path}`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(values),
      }));
      reportTrouble({ count: 0 });
      resolveFirst(resolve, answer);
    } catch (error) {
      if (REFUSED_STATUSES.includes(error.status)) {
        reportTrouble({ why: error.message });
        resolveFirst(resolve, null);
      } else {
        reportTrouble({ count: unsentEntries.length, why: error.status && error.message });
        await new Promise((resolveDelay) => setTimeout(resolveDelay, RETRY_MS));
      }
    }
  }
  isSending = false;
}

/** Sends a file, to be put on the stack. */
export async function sendFile(file) {
  const form = new FormData();
  form.append("picture", file, file.name);
  return jsonOf(await fetch("desk/files", { method: "POST", body: form }));
}

function resolveFirst(resolve, answer) {
  unsentEntries.shift();
  storeUnsent();
  resolve?.(answer);
}

function storeUnsent() {
  sessionStorage.setItem(UNSENT_KEY, JSON.stringify(unsentEntries));
}

async function jsonOf(response) {
  const values = await response.json().catch(() => ({}));
  if (response.ok) return values;
  throw Object.assign(new Error(values.detail ?? `status ${response.status}`), { status: response.status });
}
