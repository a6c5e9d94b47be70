/**
 * What is asked of the server, and the entries that wait for it.
 *
 * Entries are sent one after the other, in their order, until the server has taken each; they stand in the tab's
 * storage meanwhile, so that neither a server that is started again nor a page that is loaded again loses one.
 */

const WAITING = "lenet-desk-waiting", WHO = "lenet-desk-who";
const RETRY_MS = 500;

/** Who sits at this desk: this tab. */
export const who = sessionStorage.getItem(WHO) ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
sessionStorage.setItem(WHO, who);

const waiting = JSON.parse(sessionStorage.getItem(WAITING) ?? "[]");
let isSending = false;
let told = () => {};

/** A JSON answer; an Error with the server's sentence, and its `status`, if it refuses. */
export async function get(path) {
  return answered(await fetch(`desk/${path}`));
}

/** Calls `listener` with the number of entries that wait because the server is silent, and with each refusal. */
export function onTrouble(listener) {
  told = listener;
}

/** The entries that the server has not taken yet. */
export function unsent() {
  return waiting;
}

/**
 * Sends an entry behind those that wait.
 *
 * @param {string} path - `answer`, `type`, `later`, `back`, `ask` or `claim`
 * @param {Object} values
 * @returns {Promise<*>} what the server says to it; null if it refuses
 */
export function enter(path, values) {
  return new Promise((resolve) => {
    waiting.push({ path, values: { who, ...values }, resolve });
    keep();
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
      const answer = await answered(await fetch(`desk/${path}`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(values),
      }));
      told({ count: 0 });
      settle(resolve, answer);
    } catch (error) {
      if (error.status && error.status < 500) {
        told({ why: error.message });
        settle(resolve, null);
      } else {
        told({ count: waiting.length });
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
  return answered(await fetch("desk/files", { method: "POST", body: form }));
}

function settle(resolve, answer) {
  waiting.shift();
  keep();
  resolve?.(answer);
}

function keep() {
  sessionStorage.setItem(WAITING, JSON.stringify(waiting));
}

async function answered(response) {
  const values = await response.json().catch(() => ({}));
  if (response.ok) return values;
  throw Object.assign(new Error(values.detail ?? `status ${response.status}`), { status: response.status });
}
