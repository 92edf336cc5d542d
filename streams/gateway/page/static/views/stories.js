// Stories: what rises and falls, and a way to pull one.

import { problemBox, pull } from "../api.js";
import { respark, sparkline } from "../chart.js";
import { announce, empty, h, keyed, part, say, set } from "../dom.js";
import { ago, atExactly, count, duration, plural, trend } from "../format.js";

const HORIZONS = { "10m": "10 minutes", "1h": "1 hour" };
const LISTS = [
  ["rising", "Rising", "Nothing rises", "More clicks in the last tenth of the time than its even share."],
  ["most", "Opened most", "No clicks yet", "Send one, and its story stands here within the second."],
  ["falling", "Falling", "Nothing falls", "Fewer clicks in the last tenth of the time than its even share."],
];
const CLICK = "echo '{\"event_id\": \"e1\", \"user_id\": \"U1\", \"article_id\": \"A1\", \"clicked_at\": \"…\"}' | cherryrec send clicks";

export function stories() {
  let horizon = "10m";
  let newest = null;
  const leaving = new Set();
  const segments = h("div", { class: "segments", role: "group", "aria-label": "How far back" }, Object.entries(HORIZONS).map(([key, name]) =>
    h("button", { type: "button", "aria-pressed": key === horizon, "data-key": key, onclick: () => choose(key) }, name)));
  const summary = h("p", {});
  const lists = LISTS.map(([key, title, none, hint]) => ({ key, list: h("div", {}), title, none, hint }));
  const gone = h("ul", { class: "history" });
  const pulled = h("div", {});
  const element = h("div", {},
    h("div", { class: "lead" }, h("div", {}, h("h1", {}, "Stories"), summary), segments),
    h("div", { class: "thirds" }, lists.map((one) => part(one.title, one.list))),
    part("Pulled lately", pulled));
  return { element, update };

  function choose(key) {
    horizon = key;
    for (const button of segments.children) button.setAttribute("aria-pressed", button.dataset.key === key);
    draw();
  }

  function draw() {
    if (newest) for (const _ of update(newest)) { /* all at once: somebody has pressed something */ }
  }

  function* update(snapshot) {
    newest = snapshot;
    const shownNow = snapshot.horizons[horizon];
    say(summary, `${plural(snapshot.n_articles, "article")} known. A curve shows clicks by ${duration(shownNow.bucket_s)} over the last ${HORIZONS[horizon]}.`);
    for (const { key, list, none, hint } of lists) {
      yield;
      if (snapshot.horizons[horizon] !== shownNow) return; // another was chosen, and drawn
      const found = shownNow[key];
      if (!found.length) {
        if (!list.querySelector(".empty")) list.replaceChildren(empty(none, hint, key === "most" ? CLICK : null));
        continue;
      }
      list.querySelector(".empty")?.remove();
      keyed(list, found, (one) => one.article_id, create, refresh);
    }
    for (const one of snapshot.gone) {
      if (leaving.delete(one.article_id)) announce(`${one.title} has left`);
    }
    if (!snapshot.gone.length) {
      if (!pulled.firstChild) pulled.append(empty("None", "A story that is pulled leaves every later slate within the second, and this page with it."));
      return;
    }
    if (!gone.parentElement) pulled.replaceChildren(gone);
    keyed(gone, snapshot.gone, (one) => `${one.article_id} ${one.at_s}`,
      (one) => h("li", {}, h("span", {}, `${one.title} (${one.article_id})`), h("span", {}, atExactly(one.at_s))), () => {});
  }

  function create(one) {
    return h("article", { class: "story" },
      h("h3", {}, ""), h("p", { class: "trend" }),
      h("p", { class: "about" }),
      h("div", { class: "acts" }, h("button", { class: "quiet small", type: "button", "aria-label": `Pull ${one.title}`, onclick: (event) => confirm(one, event.target) }, "Pull")),
      sparkline(smooth(one.clicks), ""));
  }

  function refresh(element_, one) {
    const [title, slope, about, , spark] = element_.children;
    say(title, one.title);
    say(slope, trend(one.trend));
    set(slope, "class", `trend ${one.trend > 0 ? "up" : one.trend < 0 ? "down" : ""}`);
    const age = one.published_s === null ? "" : `, published ${ago(Math.max(0, newest.at_s - one.published_s))}`;
    say(about, `${one.category}, ${plural(one.n_clicks, "click")} of ${plural(one.n_views, "view")}${age}`);
    respark(spark, smooth(one.clicks), `clicks over the last ${HORIZONS[horizon]}, ${count(one.n_clicks)} in all`);
    element_.classList.toggle("leaving", leaving.has(one.article_id));
  }

  function confirm(one, opener) {
    const trouble = h("div", {});
    const yes = h("button", { type: "button" }, "Pull the story");
    const no = h("button", { type: "button", class: "quiet" }, "Keep it");
    const dialog = h("dialog", { "aria-labelledby": "pull-title" },
      h("h2", { id: "pull-title" }, "Pull this story?"),
      h("blockquote", {}, one.title),
      h("p", {}, "It leaves every later slate of every reader. What was shown already stays shown. To bring it back, send the article again."),
      trouble, h("div", { class: "actions" }, no, yes));
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", async () => {
      yes.disabled = true;
      say(yes, "Pulling");
      try {
        await pull(one.article_id);
        leaving.add(one.article_id);
        announce(`${one.title} is being pulled`);
        dialog.close();
      } catch (error) {
        trouble.replaceChildren(problemBox(error));
        yes.disabled = false;
        say(yes, "Try again");
      }
      draw();
    });
    dialog.addEventListener("close", () => { dialog.remove(); opener.focus(); });
    document.body.append(dialog);
    dialog.showModal();
  }
}

// A curve of few clicks is all spikes: each bucket is shown with a quarter of its neighbours.
function smooth(values) {
  return values.map((n, k) => ((values[k - 1] ?? n) + 2 * n + (values[k + 1] ?? n)) / 4);
}
