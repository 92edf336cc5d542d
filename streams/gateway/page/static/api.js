// Calls to the gateway, with the key where one is wanted; what it refuses is an error with its words.

import { h } from "./dom.js";

const STORED = "cherryrec-key";
const PATIENCE_MS = 20000;
const GIVEN = "given";
const REASONS = {
  401: "This gateway answers callers with a key. It is kept in this tab alone, and forgotten with it.",
  403: "The key that was given may not do this: give one that may.",
};
const WRONG = "The gateway does not know that key. Give another, or go on without one.";

let asking = null;
let isDeclined = false;

export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail || title);
    this.status = status;
    this.title = title;
  }
}

// Whether a call was refused for want of a key, or of its rights.
export const isLocked = (error) => error?.status === 401 || error?.status === 403;

// Asks for a key once, however many calls want one, and says whether one was given. It is kept until
// the tab is closed. Escape goes on without, and nothing but a press asks by itself again.
export function askForKey(reason = REASONS[401]) {
  asking ??= new Promise((resolve) => {
    const input = h("input", { type: "password", id: "key", autocomplete: "off", required: true,
      pattern: "\\s*[\\x21-\\x7e]+\\s*", title: "letters, digits and signs, without a space" });
    const without = h("button", { type: "button", class: "quiet" }, "Without a key");
    const dialog = h("dialog", { "aria-labelledby": "key-title", "aria-describedby": "key-why" }, h("form", { method: "dialog" },
      h("h2", { id: "key-title" }, "A key, please"),
      h("p", { id: "key-why" }, reason),
      h("div", {}, h("label", { for: "key" }, "Key"), input),
      h("div", { class: "actions" }, without, h("button", { type: "submit", value: GIVEN }, "Go on"))));
    without.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      const isGiven = dialog.returnValue === GIVEN;
      if (isGiven) sessionStorage.setItem(STORED, input.value.trim());
      isDeclined = !isGiven;
      asking = null;
      dialog.remove();
      if (document.activeElement === document.body) document.getElementById("panel").focus();
      resolve(isGiven);
      if (isGiven) dispatchEvent(new Event("key-given"));
    });
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
  return asking;
}

function problemOf(response, text) {
  let said = {};
  try { said = JSON.parse(text); } catch { /* no document came with it */ }
  return new Problem(response.status, said?.title ?? `answered ${response.status}`, said?.detail);
}

// Says whether a refused call is to be made again: with a key that came meanwhile, or is given now.
async function hasNewKey(status, key, isPressed) {
  const stored = sessionStorage.getItem(STORED);
  if (stored && stored !== key) return true;
  const isWrong = status === 401 && key;
  if (isWrong) sessionStorage.removeItem(STORED);
  if (isDeclined && !(isPressed && status === 403)) return false;
  return askForKey(isWrong ? WRONG : REASONS[status]);
}

// Asks for the key before the first call, where the gateway wants one.
export async function begin() {
  const settings = await call("/page/settings.json");
  if (settings.wants_key && !sessionStorage.getItem(STORED)) await askForKey();
  return settings;
}

// Fetches, asks for a key where one is wanted, and goes on waiting for a slow answer up to 20 s.
export async function call(path, { method = "GET", body, signal, stream = false } = {}) {
  for (;;) {
    const key = sessionStorage.getItem(STORED);
    const ending = new AbortController();
    const patience = setTimeout(() => ending.abort(), PATIENCE_MS);
    try {
      const response = await fetch(path, {
        method,
        headers: {
          ...(key ? { Authorization: `Bearer ${key}` } : {}),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, ending.signal]) : ending.signal,
        cache: "no-store",
      });
      if (response.ok && stream) return response;
      const text = await response.text();
      if (response.ok) return text ? JSON.parse(text) : null;
      const problem = problemOf(response, text);
      clearTimeout(patience);
      if (!isLocked(problem) || !(await hasNewKey(response.status, key, method !== "GET"))) throw problem;
    } catch (error) {
      if (error instanceof Problem || signal?.aborted) throw error;
      throw new Problem(0, ending.signal.aborted ? "No answer within 20 s" : "The gateway does not answer",
        ending.signal.aborted ? "It may be busy, or Kafka is slow: try again." : "Is it running? The page tries again by itself.");
    } finally {
      clearTimeout(patience);
    }
  }
}

const path = (...names) => names.map(encodeURIComponent).join("/");

// The newest slate of a reader, null where none is published: that is no fault.
export const newestSlate = (user) => call(`/page/slates/${path(user)}`);
export const profile = (user) => call(`/v1/users/${path(user)}/profile`);
export const whatIf = (user, change) => call(`/v1/users/${path(user)}/what-if`, { method: "POST", body: change });
export const whyNot = (user, article) => call(`/v1/users/${path(user)}/why-not/${path(article)}`);
export const recommend = (question) => call("/v1/recommendations", { method: "POST", body: question });
export const send = (events) => call("/v1/events", { method: "POST", body: events });
export const pull = (article) => call(`/v1/articles/${path(article)}`, { method: "DELETE" });

let words = null;

// What contributions are about, from the table of features.
export const phrases = async () => (words ??= await call("/page/words.json"));

// Titles, sections and counts of articles, as far as they are known.
export async function articles(ids) {
  const wanted = [...new Set(ids)].slice(0, 100);
  if (!wanted.length) return {};
  return call(`/page/articles?${wanted.map((id) => `id=${encodeURIComponent(id)}`).join("&")}`);
}

export function problemBox(error) {
  const title = error instanceof Problem ? error.title : "That did not work";
  return h("div", { class: "problem", role: "alert" }, h("b", {}, `${title}. `), error.message);
}
