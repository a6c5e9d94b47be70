/**
 * Requests to the server, and the entries that wait for it.
 *
 * Entries are sent one after the other, in their order, until the server has taken each; they stand in the tab's
 * storage meanwhile, so that neither a server that is started again nor a page that is loaded again loses one.
 */

const UNSENT_KEY = "lenet-desk-waiting", WHO_KEY = "lenet-desk-who";
const RETRY_MS = 500;
/** Statuses of an entry that is wrong. Others, as of a full disk or a missing token, may pass: the entry waits. */
const NEVER_TAKEN = [404, 409, 413, 415, 422];

/** The name by which the server knows this tab. */
export const who = sessionStorage.getItem(WHO_KEY) ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
sessionStorage.setItem(WHO_KEY, who);

const waiting = JSON.parse(sessionStorage.getItem(UNSENT_KEY) ?? "[]");
let isSending = false;
let report = () => {};

/** A JSON answer; an Error with the server's sentence, and its `status`, if it refuses. */
export async function get(path) {
  return jsonOf(await fetch(`desk/${path}`));
}

/** Calls `listener` with the number of entries that wait because the server is silent, and with each refusal. */
export function onTrouble(listener) {
  report = listener;
}

/** The entries that the server has not taken yet. */
export function unsent() {
  return waiting;
}

/**
 * Sends an entry behind those that wait.
 *
 * @param {string} path - `answer`, `draft`, `postpone`, `take-back`, `reopen` or `lease`
 * @param {Object} values
 * @returns {Promise<*>} the server's JSON answer; null if it refuses
 */
export function enter(path, values) {
  return new Promise((resolve) => {
    waiting.push({ path, values: { who, ...values }, resolve });
    store();
    sendAll();
  });
}

/** Sends what an earlier page of this tab has left. */
export async function sendAll() {
  if (isSending) return;
  isSending = true;
  while (waiting.length) {
    const { path, values, resolve } = waiting[0];
    try {
      const answer = await jsonOf(await fetch(`desk/${path}`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(values),
      }));
      report({ count: 0 });
      finish(resolve, answer);
    } catch (error) {
      if (NEVER_TAKEN.includes(error.status)) {
        report({ why: error.message });
        finish(resolve, null);
      } else {
        report({ count: waiting.length, why: error.status && error.message });
        await new Promise((wake) => setTimeout(wake, RETRY_MS));
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

function finish(resolve, answer) {
  waiting.shift();
  store();
  resolve?.(answer);
}

function store() {
  sessionStorage.setItem(UNSENT_KEY, JSON.stringify(waiting));
}

async function jsonOf(response) {
  const values = await response.json().catch(() => ({}));
  if (response.ok) return values;
  throw Object.assign(new Error(values.detail ?? `status ${response.status}`), { status: response.status });
}
