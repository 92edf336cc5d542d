// Why not: an article and a reader, the stage at which it fell out, and by what.

import { phrases, Problem, problemBox, whyNot as ask } from "../api.js";
import { announce, empty, h, part } from "../dom.js";
import { count, fixed, signed } from "../format.js";

// The stages in their order, and which fates fall at each.
const STAGES = [
  ["Known", "A message of it has come.", ["unknown"]],
  ["Published", "Its time has come, and nobody has pulled it.", ["not_published", "embargoed", "retracted"]],
  ["Live", "It is fresh enough to recommend.", ["too_old"]],
  ["Open to this reader", "Not excluded by the request, and not read already.", ["excluded", "read"]],
  ["Kept by KnRS", "The first stage keeps a few of all that is live.", ["not_a_candidate", "not_kept"]],
  ["Ranked high enough", "The learned score gives it a place.", ["outranked", "displaced"]],
  ["In the slate", "The reader sees it.", []],
];

export function whyNot([user, article]) {
  const who = h("input", { type: "text", id: "who", maxlength: 256, autocomplete: "off", required: true, value: user ?? "" });
  const what = h("input", { type: "text", id: "what", maxlength: 256, autocomplete: "off", required: true, value: article ?? "" });
  const button = h("button", { type: "submit" }, "Why not?");
  const form = h("form", { class: "asking" },
    h("div", {}, h("label", { for: "what" }, "Article's id"), what),
    h("div", {}, h("label", { for: "who" }, "Reader's id"), who), button);
  const out = h("div", { "aria-live": "polite" });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = `#/why-not/${encodeURIComponent(who.value.trim())}/${encodeURIComponent(what.value.trim())}`;
    if (location.hash === wanted) show();
    else location.hash = wanted;
  });
  const element = h("div", {}, h("div", { class: "lead" }, h("div", {}, h("h1", {}, "Why not"),
    h("p", {}, "Why a reader does not see an article: the stage at which it falls out of the slate of now, and by how much."))), form, out);
  if (user && article) show();
  else out.append(part("Nothing asked yet", empty("An article and a reader", "Both by the ids that your site sends.", "#/why-not/U1/A1")));
  return { element, update() {} };

  async function show() {
    out.replaceChildren(h("p", { class: "waiting" }, "Asking the workers …"));
    button.disabled = true;
    try {
      const [answer, table] = await Promise.all([ask(who.value.trim(), what.value.trim()), phrases()]);
      const found = answer.why_not ?? answer;
      if (!found.fate) throw new Problem(0, "The workers have not answered", answer.reason ?? answer.outcome);
      out.replaceChildren(...described(found, answer.titles ?? {}, table.phrases));
      announce(found.sentence);
    } catch (error) {
      out.replaceChildren(part("No answer", problemBox(error)));
    }
    button.disabled = false;
  }
}

function described(found, titles, words) {
  const fell = STAGES.findIndex(([, , fates]) => fates.includes(found.fate));
  const end = fell === -1 ? STAGES.length - 1 : fell;
  const steps = STAGES.map(([title, text], k) => {
    const state = k < end || fell === -1 ? "passed" : k === end ? "fell" : "unasked";
    const mark = { passed: "✓", fell: "✕", unasked: "" }[state];
    const said = { passed: "passed", fell: "fell out here", unasked: "not reached" }[state];
    return h("li", { class: `step ${state}` }, h("span", { class: "mark", role: "img", "aria-label": said }, mark),
      h("div", {}, h("h3", {}, title), h("p", {}, state === "fell" ? found.sentence : text)));
  });
  return [
    h("p", { class: "verdict" }, `“${titles[found.article_id] || found.article_id}”: ${found.sentence}`),
    h("ol", { class: "path" }, steps),
    found.kept ? standing("Among what the first stage looked at", found.kept, titles, words, "catalogue_") : null,
    found.ranked ? standing("Among what was ranked", found.ranked, titles, words, "") : null,
  ].filter(Boolean);
}

function standing(title, found, titles, words, prefix) {
  const other = found.other_id ? `“${titles[found.other_id] || found.other_id}”` : "the last that goes on";
  const rows = (found.compared ?? []).map((one) => {
    const phrase = words[`${prefix}${one.name}`] ?? words[one.name] ?? one.name;
    return h("tr", {}, h("td", {}, phrase.replace("{category}", "its section")),
      h("td", { class: "number" }, fixed(one.own, 3)), h("td", { class: "number" }, fixed(one.other, 3)),
      h("td", { class: "number" }, one.difference == null ? "" : signed(one.difference)));
  });
  return part(title,
    h("p", { class: "note" }, `Rank ${count(found.rank)} of ${count(found.n)}; ${count(found.n_places)} go on. Its value is ${fixed(found.value, 3)}${found.other_value == null ? "" : `, that of ${other}, the last that goes on, ${fixed(found.other_value, 3)}`}.`),
    rows.length ? h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "What sets them apart"),
      ["Its own", "The other's", "Difference"].map((name) => h("th", { scope: "col", class: "number" }, name)))), h("tbody", {}, rows))) : null);
}
