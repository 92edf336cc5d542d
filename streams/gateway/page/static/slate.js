// A slate with each score as a waterfall in words: what lifts an article, what holds it back.

import { h, svg } from "./dom.js";
import { ago, count, fixed, plural, signed } from "./format.js";

const SOURCES = {
  most_clicked: "clicked most of the hour",
  rising: "rising",
  newest: "among the newest",
  near: "near the last reads",
  alike: "readers alike went on to it",
  readers_topics: "of the reader's topics",
  editors: "trusted by the editors",
  most_viewed: "shown most",
};
const STAGES = {
  newest: "by the newest of every section, as nobody has seen any of them",
  news_value: "by the news value, as no model has learned yet",
  prior: "by the first model, shrunk towards the news value",
  learned: "by the learned score",
};
const OTHERS = "others";

// Says what a contribution is about and what it does, as a sentence; with the value that is behind it,
// where the slate holds it or the page has counted it itself.
export function sentence(phrases, { name, value }, item, known, nowS) {
  const phrase = (phrases[name] ?? name).replace("{category}", known?.category || "its section");
  const counted = held(name, item) ?? (known ? fact(name, known, nowS) : null);
  return `${value > 0 ? "Lifted" : "Held back"} by ${phrase}${counted ? `: ${counted}` : ""}.`;
}

function held(name, item) {
  if (name === "evaluation" && item.evaluation != null) return `${fixed(item.evaluation, 2)} of 1`;
  return name === "news_value" ? fixed(item.news_value, 2) : null;
}

function fact(name, known, nowS) {
  const [, kind, span] = /^(?:catalogue_)?(ctr|rate|clicks|views)_(10m|1h|hour)$/.exec(name) ?? [];
  if (span) {
    const life = span === "hour" ? "1h" : span;
    const [clicks, views, base] = [known[`clicks_${life}`], known[`views_${life}`], known[`base_${life}`]];
    if (kind === "clicks") return `${count(clicks)} did`;
    if (kind === "views") return `${count(views)} ${views === 1 ? "was" : "were"}`;
    if (!views) return null;
    const beside = clicks / views - base;
    return `${count(clicks)} of ${plural(views, "view")}, ${beside ? `${beside > 0 ? "more" : "less"} than` : "as"} most`;
  }
  const isAge = /^(catalogue_)?(age|freshness)$/.test(name);
  return isAge && known.published_s !== null ? `published ${ago(Math.max(0, nowS - known.published_s))}` : null;
}

// The steps of a score, the largest first and the rest last; each begins where the one before ended.
// What is said in the same words is one step: a feature and the signal of its name.
export function steps(item, phrases) {
  const order = ([name, value]) => (name === OTHERS ? -1 : Math.abs(value));
  const named = new Map();
  const sums = new Map();
  for (const [name, value] of Object.entries(item.contributions)) {
    const key = phrases[name] ?? name;
    if (!named.has(key)) named.set(key, name);
    sums.set(named.get(key), (sums.get(named.get(key)) ?? 0) + value);
  }
  let sum = 0;
  return [...sums].filter(([, value]) => value)
    .sort((a, b) => order(b) - order(a) || (a[0] < b[0] ? -1 : 1))
    .map(([name, value]) => ({ name, value, from: sum, to: (sum += value) }));
}

export function waterfall(item, { phrases, known, nowS }) {
  const found = steps(item, phrases);
  if (!found.length) return h("p", { class: "note" }, "Nothing sets it apart from the others of this slate: all its contributions are 0.");
  const ends = found.flatMap((one) => [one.from, one.to]);
  const low = Math.min(0, ...ends);
  const span = Math.max(0, ...ends) - low || 1;
  const x = (value) => (1000 * (value - low)) / span;
  return h("div", { class: "waterfall" }, found.map((one) => {
    const way = one.value > 0 ? "lift" : "hold";
    return h("div", { class: "fall" },
      h("p", { title: one.name }, sentence(phrases, one, item, known, nowS)),
      h("span", { class: `amount ${way}` }, signed(rounded(one.to) - rounded(one.from))),
      svg("svg", { viewBox: "0 0 1000 8", preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("line", { x1: x(0), x2: x(0), y1: -2, y2: 10 }),
        svg("rect", { class: way, x: x(Math.min(one.from, one.to)), width: Math.max(4, x(Math.max(one.from, one.to)) - x(Math.min(one.from, one.to))), height: 8, rx: 1 })));
  }),
  h("p", { class: "total" }, h("span", {}, "Score, against this slate's average"), h("span", {}, signed(rounded(found.at(-1).to)))));
}

// Amounts are differences of rounded ends, so that what is shown adds up to the total that is shown.
const rounded = (value) => Math.round(1000 * value) / 1000;

export function titleOf(id, titles, known) {
  return titles?.[id] || known?.[id]?.title || id;
}

// A slate as a list whose places open to their waterfalls; `moved` says how a place has changed.
export function slateList(slate, { phrases, known, titles, nowS, moved }) {
  return h("ol", { class: "slate" }, slate.map((item) => {
    const about = known?.[item.article_id];
    const strongest = steps(item, phrases).find((one) => one.name !== OTHERS);
    const why = strongest ? sentence(phrases, strongest, item, about, nowS) : "";
    const change = moved?.(item);
    const summary = h("summary", {},
      h("span", { class: "at" }, String(item.position + 1)),
      h("span", {}, h("h3", {}, titleOf(item.article_id, titles, known)),
        h("span", { class: "about" },
          about ? h("span", {}, about.category) : null,
          item.source ? h("span", { class: "chip" }, SOURCES[item.source] ?? item.source) : null,
          item.is_trial ? h("span", { class: "chip warm" }, "on trial, to become known") : null,
          item.evaluation != null ? h("span", { class: "chip" }, `language model ${fixed(item.evaluation, 2)}`) : null,
          change ? h("span", { class: `moved ${change.way}` }, change.text) : null),
        h("p", { class: "why" }, why)),
      h("span", { class: "score" }, signed(item.score), h("u", {}, "Why")));
    const details = h("details", {}, summary);
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(waterfall(item, { phrases, known: about, nowS }));
    });
    return h("li", { class: "place" }, details);
  }));
}

// Says how each article of one slate stood among those of another, `before`.
export function movesFrom(before) {
  const places = new Map(before.map((item, k) => [item.article_id, k]));
  return (item) => {
    if (!places.has(item.article_id)) return { way: "new", text: "new" };
    const up = places.get(item.article_id) - item.position;
    if (!up) return null;
    return up > 0 ? { way: "up", text: `▲ ${up}` } : { way: "down", text: `▼ ${-up}` };
  };
}

// Whether two slates rank alike, but for one that was opened: trials are drawn anew for each request,
// and so is the order of equal scores.
export function isSameOrder(one, other, opened) {
  const [first, second] = [ranked(one, opened), ranked(other, opened)];
  const n = Math.min(first.length, second.length);
  return first.slice(0, n).join(" ") === second.slice(0, n).join(" ");
}

// The ids by score, equal ones in the order of their names; of those that tie at the end, not all
// may be there.
function ranked({ slate }, opened) {
  const ties = [];
  for (const { article_id: id, score, is_trial: isTrial } of slate) {
    if (isTrial || id === opened) continue;
    const key = score.toFixed(9);
    if (ties.at(-1)?.key === key) ties.at(-1).ids.push(id);
    else ties.push({ key, ids: [id] });
  }
  if (ties.at(-1)?.ids.length > 1) ties.pop();
  return ties.flatMap(({ ids }) => ids.sort());
}

export function rankedBy(stage) {
  return STAGES[stage] ?? "by what is popular";
}
