// Play: be a reader. Open a story of the slate and watch what comes next.

import { articles, phrases, problemBox, profile, recommend, send } from "../api.js";
import { announce, empty, h, part, say } from "../dom.js";
import { isSameOrder, movesFrom, rankedBy, sentence, steps } from "../slate.js";

const SIZE = 10;
const TRIES = 30;
const PAUSE_MS = 60;

export function play() {
  let user = sessionStorage.getItem("cherryrec-player");
  let isNew = !user;
  if (isNew) {
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
      if (!isNew) await remember();
      await show(await ask(), () => null, isNew ? "Made for someone nobody knows" : "Made for who you are by now");
    } catch (error) { fail(error); }
  }

  // A player who comes back has read before.
  async function remember() {
    const answer = await profile(user);
    const read = answer.profile.history ?? [];
    if (!read.length) return;
    none.remove();
    history.replaceChildren(...read.map((one) => readRow(answer.titles?.[one.article_id] ?? one.article_id, one.category)));
  }

  function readRow(title, category) {
    return h("li", {}, h("span", {}, title), h("span", {}, category ?? ""));
  }

  function ask() {
    return recommend({ user_id: user, slate_size: SIZE, deadline_ms: 0 });
  }

  async function show(next, moved, said) {
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
    const place = [...list.children].findIndex((row) => row.contains(document.activeElement));
    list.replaceChildren(...next.slate.map((item) => {
      const about = known[item.article_id];
      const strongest = steps(item, table.phrases).find((one) => one.name !== "others" && one.value > 0);
      const change = item.is_trial ? { way: "new", text: "on trial" } : moved(item);
      const button = h("button", { type: "button" },
        h("span", { class: "at" }, String(item.position + 1)),
        h("span", {}, h("h3", {}, about?.title ?? item.article_id),
          h("p", { class: "note" }, `${about?.category ?? ""}${strongest ? `. ${sentence(table.phrases, strongest, item, about, Date.now() / 1000)}` : ""}`)),
        h("span", { class: `moved ${change?.way ?? ""}` }, change?.text ?? ""));
      button.addEventListener("click", () => open(item, about));
      return h("li", { class: change ? "arrives" : null }, button);
    }));
    if (place >= 0) list.children[Math.min(place, ids.length - 1)].firstChild.focus();
    say(note, `${said}. Ranked ${rankedBy(next.stage)}.`);
    announce(said);
  }

  // Says that the slate was shown and the story opened, then asks until an answer knows of it. What
  // the click did is told against a slate asked for right before it: time and others' clicks, which
  // may have moved what stood here for a while, are in both.
  async function open(item, about) {
    if (isBusy) return;
    isBusy = true;
    list.setAttribute("aria-busy", "true");
    say(note, "Your click is on its way …");
    try {
      const control = await ask();
      const now = new Date();
      const shown = crypto.randomUUID();
      await send([
        { topic: "impressions", impression_id: shown, user_id: user, articles: slate.slate.map((one) => one.article_id), shown_at: now.toISOString(), request_id: slate.request_id },
        { topic: "clicks", event_id: crypto.randomUUID(), user_id: user, article_id: item.article_id, clicked_at: now.toISOString(), impression_id: shown },
      ]);
      isNew = false;
      const { next, took } = await askUntilKnown(item.article_id, control);
      const isKnown = took !== null;
      none.remove();
      history.prepend(readRow(about?.title ?? item.article_id, about?.category));
      const isSame = isSameOrder(control, next, item.article_id);
      const moved = movesFrom(control.slate.filter((one) => one.article_id !== item.article_id));
      await show(next, (one) => (isKnown && (!isSame || moved(one)?.way === "new") ? moved(one) : null),
        isKnown ? `Your click counts, ${took} ms after it was in Kafka: the story has left, ${outcome(isSame, control, next)}` : "No slate knows of your click yet");
    } catch (error) { fail(error); }
    isBusy = false;
    list.removeAttribute("aria-busy");
  }

  function outcome(isSame, control, next) {
    if (isSame) return "and the others keep their order";
    const isLearned = JSON.stringify(control.versions) !== JSON.stringify(next.versions);
    return `and others have moved${isLearned ? ", some maybe by a model that came meanwhile" : ""}`;
  }

  // What was read is in no later slate: the first answer without it knows of the click, and the
  // profile says that it is not missing for another reason. One on trial may have been missing before.
  async function askUntilKnown(opened, control) {
    const isRanked = control.slate.some((one) => one.article_id === opened && !one.is_trial);
    const began = performance.now();
    let next = control;
    for (let n = 0; n < TRIES && !closed.is; n += 1) {
      if (n) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      next = await ask();
      if (next.slate.some((one) => one.article_id === opened)) continue;
      let took = performance.now() - began;
      const read = (await profile(user)).profile.history ?? [];
      if (!read.some((one) => one.article_id === opened)) continue;
      if (!isRanked) {
        next = await ask();
        took = performance.now() - began;
      }
      return { next, took: Math.round(took) };
    }
    return { next, took: null };
  }

  function fail(error) {
    say(note, "");
    const retry = h("button", { type: "button", class: "quiet" }, "Try again");
    retry.addEventListener("click", start);
    trouble.replaceChildren(problemBox(error), h("p", {}, retry));
  }
}
