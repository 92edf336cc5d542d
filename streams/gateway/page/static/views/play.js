// Play: be a reader. Open a story of the slate and watch what comes next.

import { articles, phrases, problemBox, recommend, send } from "../api.js";
import { announce, empty, h, part, say } from "../dom.js";
import { movesFrom, rankedBy, sentence, steps } from "../slate.js";

const SIZE = 10;
const TRIES = 30;
const PAUSE_MS = 60;

export function play() {
  let user = sessionStorage.getItem("cherryrec-player");
  if (!user) {
    user = `player-${crypto.randomUUID().slice(0, 8)}`;
    sessionStorage.setItem("cherryrec-player", user);
  }
  let slate = null;
  let isBusy = false;
  const closed = { is: false };
  const list = h("ol", { class: "playing" });
  const note = h("p", { class: "note", role: "status" }, "Asking for a slate …");
  const trouble = h("div", {});
  const history = h("ol", { class: "history" });
  const none = empty("Nothing read yet", "The first slate is made for anyone. Open what you like.");
  const again = h("button", { type: "button", class: "quiet" }, "Be someone new");
  again.addEventListener("click", () => {
    sessionStorage.removeItem("cherryrec-player");
    dispatchEvent(new HashChangeEvent("hashchange"));
  });
  const element = h("div", {},
    h("div", { class: "lead" }, h("div", {}, h("h1", {}, "Play a reader"),
      h("p", {}, "Open a story. The click goes to Kafka as any reader's would, and the next slate is asked for at once: see what moves.")), again),
    h("div", { class: "stage" }, h("div", {}, note, trouble, list),
      h("div", {}, part("You have read", none, history),
        h("p", { class: "note" }, "You are ", h("a", { href: `#/reader/${encodeURIComponent(user)}` }, user), ": your profile and your scores stand there."))));
  start();
  return { element, update() {}, close() { closed.is = true; } };

  async function start() {
    try {
      await show(await ask(), null, "Made for someone nobody knows");
    } catch (error) { fail(error); }
  }

  function ask() {
    return recommend({ user_id: user, slate_size: SIZE, deadline_ms: 0 });
  }

  async function show(next, before, said) {
    const ids = next.slate.map((one) => one.article_id);
    const [table, known] = await Promise.all([phrases(), articles(ids)]);
    if (closed.is) return;
    slate = next;
    trouble.replaceChildren();
    if (!ids.length) {
      list.replaceChildren();
      trouble.replaceChildren(empty("An empty slate", "No article is live. Send some first.", "cherryrec generate log && cherryrec backfill log"));
      say(note, "");
      return;
    }
    const moved = before ? movesFrom(before.slate) : () => null;
    list.replaceChildren(...next.slate.map((item) => {
      const about = known[item.article_id];
      const strongest = steps(item, table.phrases).find((one) => one.name !== "others" && one.value > 0);
      const change = moved(item);
      const button = h("button", { type: "button" },
        h("span", { class: "at" }, String(item.position + 1)),
        h("span", {}, h("h3", {}, about?.title ?? item.article_id),
          h("p", { class: "note" }, `${about?.category ?? ""}${strongest ? `. ${sentence(table.phrases, strongest.name, strongest.value, about, Date.now() / 1000)}` : ""}`)),
        h("span", { class: `moved ${change?.way ?? ""}` }, change?.text ?? ""));
      button.addEventListener("click", () => open(item, about));
      return h("li", { class: change ? "arrives" : null }, button);
    }));
    say(note, `${said}. Ranked ${rankedBy(next.stage)}.`);
    announce(said);
  }

  // Says that the slate was shown and the story opened, then asks until the slate has changed.
  async function open(item, about) {
    if (isBusy) return;
    isBusy = true;
    const before = slate;
    const now = new Date();
    const shown = crypto.randomUUID();
    say(note, "Your click is on its way …");
    try {
      await send([
        { topic: "impressions", impression_id: shown, user_id: user, articles: before.slate.map((one) => one.article_id), shown_at: now.toISOString(), request_id: before.request_id },
        { topic: "clicks", event_id: crypto.randomUUID(), user_id: user, article_id: item.article_id, clicked_at: now.toISOString(), impression_id: shown },
      ]);
      const began = performance.now();
      let next = await ask();
      for (let n = 0; n < TRIES && isSame(before, next); n += 1) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        next = await ask();
      }
      const took = Math.round(performance.now() - began);
      none.remove();
      history.prepend(h("li", {}, h("span", {}, about?.title ?? item.article_id), h("span", {}, about?.category ?? "")));
      await show(next, before, isSame(before, next) ? "Nothing moved by that" : `Changed ${took} ms after your click was in Kafka`);
    } catch (error) { fail(error); }
    isBusy = false;
  }

  function isSame(one, other) {
    return one.slate.map((item) => item.article_id).join() === other.slate.map((item) => item.article_id).join();
  }

  function fail(error) {
    say(note, "");
    const retry = h("button", { type: "button", class: "quiet" }, "Try again");
    retry.addEventListener("click", start);
    trouble.replaceChildren(problemBox(error), h("p", {}, retry));
  }
}
