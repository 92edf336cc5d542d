// Now: how much comes, how fast it is answered, on which rung, what was refused, who works.

import { h, keyed, part, say, empty } from "../dom.js";
import { respark, sparkline } from "../chart.js";
import { ago, atExactly, count, millis, plural, rate, share } from "../format.js";

const RUNGS = [
  ["evaluated", 1, "judged by the language model"],
  ["cached", 4, "by its earlier judgement"],
  ["unevaluated", 2, "ranked without it"],
  ["popular", 5, "what is popular stood in"],
  ["refused", 6, "request could not be used"],
];
const WHY = {
  evaluation_late: "the language model was late",
  evaluation_failed: "the language model failed",
  evaluation_over_budget: "its budget was spent",
  evaluation_user_limit: "the reader had asked often enough",
  request_late: "the deadline had passed",
  catalogue_cold: "no article was live",
  request_refused: "the request could not be used",
};
const GROUPS = { stream: "Stream worker", learner: "Learner", "gpu-worker": "Language model" };

function figure(title) {
  const value = h("dd", {}, "–");
  const note = h("p", {}, "");
  return { element: h("div", { class: "figure" }, h("dt", {}, title), value, note), value, note };
}

function put(one, value, unit, note) {
  const key = `${value}|${unit}`;
  if (one.key !== key) {
    one.key = key;
    one.value.replaceChildren(value, unit ? h("small", {}, unit) : "");
  }
  say(one.note, note);
}

export function now() {
  const events = figure("Events a second");
  const wait = figure("Request to slate, p50");
  const tail = figure("Request to slate, p99");
  const refused = figure("Refused in the last hour");
  const bar = h("div", { class: "bar", role: "img" });
  const rungs = h("ul", { class: "legend" });
  const why = h("p", { class: "note" });
  const ladder = h("div", {});
  const rows = h("tbody", {});
  const reasons = h("tbody", {});
  const letters = h("ul", { class: "history" });
  const refusals = h("div", {});
  const members = h("tbody", {});
  const workers = h("div", {});
  const unasked = h("p", { class: "note" });

  const element = h("div", {},
    h("h1", { class: "unseen" }, "Now"),
    h("dl", { class: "figures" }, events.element, wait.element, tail.element, refused.element),
    part("The ladder, last five minutes", ladder),
    h("div", { class: "columns after" },
      part("Topics", h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, ["Topic", "Last minute", "A second", "Waiting"].map((name, k) =>
          h("th", { scope: "col", class: k > 1 ? "number" : null }, name)))), rows)),
        h("p", { class: "note" }, "Waiting is what a group of workers has not committed yet, by the second or two.")),
      part("Who owns what", workers, unasked)),
    part("Dead letters", refusals));

  return { element, update };

  function* update(snapshot) {
    const total = snapshot.topics.reduce((sum, one) => sum + one.per_s, 0);
    put(events, rate(total), "", snapshot.silent_s === null ? "none yet" : `newest ${ago(snapshot.silent_s)}`);
    const waits = snapshot.wait_ms;
    put(wait, waits ? millis(waits.p50) : "–", waits ? "ms" : "", "by the broker's clock");
    put(tail, waits ? millis(waits.p99) : "–", waits ? "ms" : "", waits ? "of five minutes" : "no slate in five minutes");
    put(refused, count(snapshot.n_dead_letters), "", snapshot.n_dead_letters ? "with their reasons below" : "everything could be used");
    refused.value.classList.toggle("is-cherry", snapshot.n_dead_letters > 0);
    showLadder(snapshot);
    yield;
    showTopics(snapshot);
    yield;
    showWorkers(snapshot.groups);
    showLetters(snapshot);
  }

  function showLadder({ ladder: counts, degraded }) {
    const n = Object.values(counts).reduce((a, b) => a + b, 0);
    if (!n) {
      swap(ladder, empty("No slate in the last five minutes",
        "Send a request and watch it climb.", "curl -d '{\"user_id\": \"U1\"}' -H 'Content-Type: application/json' localhost:6070/v1/recommendations"));
      return;
    }
    swap(ladder, [bar, rungs, why]);
    const known = RUNGS.filter(([name]) => counts[name]);
    keyed(bar, known, (rung) => rung[0], ([, colour]) => h("i", { class: `c${colour}` }),
      (piece, [name]) => { piece.style.flexGrow = counts[name]; });
    bar.setAttribute("aria-label", known.map(([name]) => `${name} ${share(counts[name] / n)}`).join(", "));
    keyed(rungs, known, (rung) => rung[0],
      ([name, colour, words]) => h("li", {}, h("i", { class: `c${colour}` }), h("b", {}), h("span", {}, `${name}, ${words}`)),
      (row, [name]) => say(row.children[1], share(counts[name] / n)));
    const reasonsWhy = Object.entries(degraded).map(([name, k]) => `${count(k)} because ${WHY[name] ?? name}`);
    say(why, `${plural(n, "slate")}. ${reasonsWhy.length ? `Lower than wanted: ${reasonsWhy.join(", ")}.` : "None lower than wanted."}`);
  }

  function showTopics({ topics, groups }) {
    const waiting = {};
    for (const lag of groups.lags) waiting[lag.topic] = Math.max(waiting[lag.topic] ?? 0, lag.n ?? 0);
    keyed(rows, topics, (one) => one.topic,
      (one) => h("tr", {}, h("th", { scope: "row" }, one.topic), h("td", { class: "wide" }, sparkline(one.series, "")),
        h("td", { class: "number" }), h("td", { class: "number" })),
      (row, one) => {
        const [, spark, perSecond, lag] = row.children;
        respark(spark.firstChild, one.series, `${one.topic}, events by second`);
        say(perSecond, rate(one.per_s));
        say(lag, one.topic in waiting ? count(waiting[one.topic]) : "");
      });
  }

  function showWorkers(groups) {
    const trouble = groups.error || groups.failure;
    const since = groups.at_s ? ` This, and what waits, is of ${atExactly(groups.at_s)}.` : "";
    say(unasked, trouble ? `Kafka could not be asked: ${trouble}.${since}` : "");
    if (!groups.members.length) {
      swap(workers, trouble ? empty("Not known", "Kafka has not said yet who works.")
        : groups.at_s ? empty("Nobody works", "No stream worker, no learner and no language model is in its group.", "cherryrec up")
          : empty("Asking", "Kafka is being asked who works."));
      return;
    }
    if (!members.parentElement) {
      swap(workers, h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {},
        ["Process", "Where", "Partitions"].map((name) => h("th", { scope: "col" }, name)))), members)));
    }
    keyed(members, groups.members, (one) => `${one.group}|${one.name}|${one.host}`,
      (one) => h("tr", {}, h("td", {}, GROUPS[one.group] ?? one.group), h("td", {}, one.host), h("td", {}, h("span", { class: "chips" }))),
      (row, one) => {
        // Topics whose partitions go together are said together.
        const owned = {};
        for (const [topic, partitions] of Object.entries(one.partitions)) {
          const key = partitions.join(", ");
          (owned[key] ??= []).push(topic);
        }
        const entries = Object.entries(owned);
        const text = JSON.stringify(entries);
        if (row.dataset.owned === text) return;
        row.dataset.owned = text;
        row.children[2].firstChild.replaceChildren(...(entries.length
          ? entries.map(([partitions, topics]) => h("span", { class: "chip", title: topics.join(", ") },
            `${partitions} of ${topics.length > 2 ? `${topics.length} topics` : topics.join(" and ")}`))
          : [h("span", { class: "chip warm" }, "none: a standby")]));
      });
  }

  function showLetters({ reasons: found, letters: newest }) {
    if (!found.length) {
      swap(refusals, empty("No dead letters", "What a worker cannot use lands here with its reason. Send it something wrong to see one.",
        "echo '{}' | cherryrec send clicks"));
      return;
    }
    if (!reasons.parentElement) {
      swap(refusals, [h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {},
        h("th", { scope: "col" }, "What was wanted"), h("th", { scope: "col", class: "number" }, "Times"))), reasons)),
      h("details", {}, h("summary", {}, "The newest, each with its place"), letters)]);
    }
    keyed(reasons, found, (one) => one[0], (one) => h("tr", {}, h("td", {}, one[0]), h("td", { class: "number" })),
      (row, one) => say(row.children[1], count(one[1])));
    keyed(letters, newest, (one) => `${one.topic} ${one.place} ${one.at_s}`,
      (one) => h("li", {}, h("span", {}, `${one.topic} ${one.place}${one.key ? `, key ${one.key}` : ""}: ${one.reason}`), h("span", {}, atExactly(one.at_s))),
      () => {});
  }
}

// Puts other children in a place, where they are not there already.
function swap(place, children) {
  const wanted = [children].flat();
  const text = wanted.length === 1 && wanted[0].classList?.contains("empty") ? wanted[0].textContent : null;
  if (text !== null && place.firstChild?.classList?.contains("empty") && place.textContent === text) return;
  if (text === null && place.firstChild === wanted[0]) return;
  place.replaceChildren(...wanted);
}
