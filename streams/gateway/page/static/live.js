// Server-sent events read by fetch, so that the key goes along; begins again by itself.

import { call, isLocked } from "./api.js";

const SILENT_MS = 25000;
const WAITS_MS = [500, 1000, 2000, 5000];

// Calls `changed(state, snapshot)` with live, stale or down; returns what ends it. What it returns is
// gone through, a step a frame. It ends by itself
// with locked, where it may not read: who gives a key begins it again.
export function follow(view, changed) {
  const ending = new AbortController();
  run(view, changed, ending.signal);
  return () => ending.abort();
}

async function run(view, changed, signal) {
  let n = 0;
  let newest = null;
  let pending = null;
  // Pictures are drawn when the browser draws: the newest only, and none in a hidden tab. A view that
  // yields between its parts gets a frame for each, so that no frame waits for all of them.
  const show = (snapshot) => {
    newest = snapshot;
    pending ??= requestAnimationFrame(() => draw(newest, changed("live", newest)));
  };
  const draw = (drawn, parts) => {
    pending = null;
    if (signal.aborted) return;
    if (parts && !parts.next().done) pending = requestAnimationFrame(() => draw(drawn, parts));
    else if (newest !== drawn) show(newest);
  };
  const hold = () => { cancelAnimationFrame(pending); pending = null; };
  while (!signal.aborted) {
    try {
      const response = await call(`/page/live/${view}`, { signal, stream: true });
      await read(response.body, signal, (snapshot) => { n = 0; show(snapshot); });
    } catch (error) {
      if (signal.aborted) return;
      if (isLocked(error)) { hold(); changed("locked", newest); return; }
    }
    if (signal.aborted) return;
    hold();
    changed(newest ? "stale" : "down", newest);
    await new Promise((resolve) => setTimeout(resolve, WAITS_MS[Math.min(n, WAITS_MS.length - 1)]));
    n += 1;
  }
}

// Reads events until the stream ends; one that says nothing for too long is cut off.
async function read(body, signal, take) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await within(reader.read());
      if (done || signal.aborted) return;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      const datas = events.map((event) => event.split("\n").find((line) => line.startsWith("data: ")));
      const last = datas.filter(Boolean).at(-1);
      if (last) take(JSON.parse(last.slice(6)));
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function within(promise) {
  let timer = 0;
  const silent = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error("silent")), SILENT_MS); });
  try {
    return await Promise.race([promise, silent]);
  } finally {
    clearTimeout(timer);
  }
}
