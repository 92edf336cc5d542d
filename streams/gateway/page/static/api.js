// Calls to the gateway, with the key where one is wanted; what it refuses is an error with its words.

import { h } from "./dom.js";

const STORED = "cherryrec-key";
const PATIENCE_MS = 20000;
let asking = null;

export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail || title);
    this.status = status;
    this.title = title;
  }
}

export function headers() {
  const key = sessionStorage.getItem(STORED);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

// Asks for a key once, however many calls want one; kept until the tab is closed.
export function askForKey(reason) {
  asking ??= new Promise((resolve) => {
    const input = h("input", { type: "password", id: "key", autocomplete: "off", required: true });
    const dialog = h("dialog", { "aria-labelledby": "key-title" }, h("form", { method: "dialog" },
      h("h2", { id: "key-title" }, "A key, please"),
      h("p", {}, reason),
      h("div", {}, h("label", { for: "key" }, "Key"), input),
      h("div", { class: "actions" }, h("button", { type: "submit" }, "Go on"))));
    dialog.addEventListener("close", () => {
      if (input.value) sessionStorage.setItem(STORED, input.value);
      dialog.remove();
      asking = null;
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}

async function problemOf(response) {
  let said = {};
  try { said = await response.json(); } catch { /* no document came with it */ }
  return new Problem(response.status, said.title ?? `answered ${response.status}`, said.detail);
}

const REASONS = {
  401: "This gateway answers callers with a key. It is kept in this tab alone, and forgotten with it.",
  403: "The key that was given may not do this: give one that may.",
};

// Asks for the key before the first call, where the gateway wants one.
export async function begin() {
  const settings = await call("/page/settings.json");
  if (settings.wants_key && !sessionStorage.getItem(STORED)) await askForKey(REASONS[401]);
  return settings;
}

// Fetches, asks for a key where one is wanted, and goes on waiting for a slow answer up to 20 s.
export async function call(path, { method = "GET", body, signal, stream = false } = {}) {
  for (;;) {
    const patience = stream ? null : AbortSignal.timeout(PATIENCE_MS);
    const signals = [signal, patience].filter(Boolean);
    let response;
    try {
      response = await fetch(path, {
        method,
        headers: { ...headers(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signals.length ? AbortSignal.any(signals) : undefined,
        cache: "no-store",
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      const slow = error.name === "TimeoutError";
      throw new Problem(0, slow ? "No answer within 20 s" : "The gateway does not answer",
        slow ? "It may be busy, or Kafka is slow: try again." : "Is it running? The page tries again by itself.");
    }
    if (REASONS[response.status]) {
      await askForKey(REASONS[response.status]);
      if (!sessionStorage.getItem(STORED)) throw await problemOf(response);
      continue;
    }
    if (!response.ok) throw await problemOf(response);
    if (stream) return response;
    const text = await response.text();
    return text ? JSON.parse(text) : null;
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
