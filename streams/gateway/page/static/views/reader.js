// Reader: what is known of one, the newest slate in words, and what another reader would get.

import { articles, newestSlate, phrases, Problem, problemBox, profile, recommend, whatIf } from "../api.js";
import { announce, empty, h, part, say, svg } from "../dom.js";
import { ago, count, fixed, plural, share } from "../format.js";
import { movesFrom, rankedBy, slateList, titleOf } from "../slate.js";

// What can be left out, in both stages: features of the score, and signals of the first look.
const PARTS = {
  "features:reading knrs:near knrs:readers_topics knrs:alike": "what the reader reads",
  "features:exposure": "what the reader was shown",
  "features:attention knrs:rising knrs:most_clicked knrs:views": "what everyone does",
  "features:slate": "what earlier slates say",
  "features:article knrs:newest": "the article's age",
  "features:knrs": "the news value and its metrics",
};

export function reader([user]) {
  const input = h("input", { type: "text", id: "user", maxlength: 256, autocomplete: "off", value: user ?? "", required: true });
  const form = h("form", { class: "asking" },
    h("div", {}, h("label", { for: "user" }, "Reader's id"), input), h("button", { type: "submit" }, "Look"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = `#/reader/${encodeURIComponent(input.value.trim())}`;
    if (location.hash === wanted) show(input.value.trim());
    else location.hash = wanted;
  });
  const body = h("div", {});
  const element = h("div", {}, h("div", { class: "lead" }, h("div", {}, h("h1", {}, "Reader"),
    h("p", {}, "What the system knows of one reader, what it would show now, and why."))), form, body);
  const ending = { closed: false };
  if (user) show(user);
  else body.append(part("Nobody chosen yet", empty("Whom shall it be?", "Type the id that your site sends as user_id.", "#/reader/U1")));
  return { element, update() {}, close() { ending.closed = true; } };

  async function show(name) {
    const known = h("div", {}, h("p", { class: "waiting" }, "Reading the profile …"));
    const slate = h("div", {}, h("p", { class: "waiting" }, "Looking for the newest slate …"));
    const change = h("div", {});
    body.replaceChildren(h("div", { class: "columns after" }, part("Newest slate", slate), part("Profile", known)), part("What if", change));
    const results = await Promise.all([showProfile(name, known), showSlate(name, slate)]);
    if (!ending.closed) showChange(name, change, results[0]);
  }

  async function showProfile(name, place) {
    try {
      const answer = await profile(name);
      const found = answer.profile ?? answer;
      if (answer.outcome && answer.outcome !== "answered") throw new Problem(0, "The workers have not answered", answer.reason ?? answer.outcome);
      place.replaceChildren(...described(found, answer.titles ?? {}));
      return { found, titles: answer.titles ?? {} };
    } catch (error) {
      place.replaceChildren(problemBox(error));
      return null;
    }
  }

  async function showSlate(name, place) {
    try {
      const slate = await newestSlate(name);
      if (!slate) { showNone(name, place); return; }
      const [table, known] = await Promise.all([phrases(), articles(slate.slate.map((one) => one.article_id))]);
      const nowS = Date.now() / 1000;
      const asked = (nowS - Date.parse(slate.requested_at) / 1000);
      place.replaceChildren(
        h("p", { class: "note" }, `Ranked ${rankedBy(slate.stage)}, ${slate.rung ?? "refused"}${slate.degraded ? ` (${slate.degraded})` : ""}, model ${slate.versions?.models ?? "none"}, as of ${ago(Math.max(0, asked))}. Open a story to read its score.`),
        slate.slate.length ? slateList(slate.slate, { phrases: table.phrases, known, nowS })
          : empty("An empty slate", slate.refused ?? "No article was live."));
    } catch (error) {
      place.replaceChildren(problemBox(error));
    }
  }

  function showNone(name, place) {
    const ask = h("button", { type: "button" }, "Ask for one");
    ask.addEventListener("click", async () => {
      ask.disabled = true;
      try {
        await recommend({ user_id: name });
        await showSlate(name, place);
      } catch (error) {
        place.append(problemBox(error));
        ask.disabled = false;
      }
    });
    place.replaceChildren(empty("No slate is published for this reader", "One is, once the site has asked for it."), h("p", { class: "acts" }, ask));
  }

  function showChange(name, place, known) {
    const history = h("textarea", { id: "history", spellcheck: "false" });
    history.value = known ? [...(known.found.history ?? [])].reverse().map((one) => one.article_id).join(" ") : "";
    const before = history.value;
    const boxes = Object.entries(PARTS).map(([key, words]) => h("label", {}, h("input", { type: "checkbox", value: key }), words));
    const out = h("div", {});
    const button = h("button", { type: "submit" }, "What would it be?");
    const asking = h("form", { class: "whatif" },
      h("p", { class: "note" }, "Ask for the slate of now with another history, or as if a part of the system knew nothing. Nothing of it is stored or learned from, and the language model is not asked."),
      h("div", {}, h("label", { for: "history" }, "History: ids of articles, the oldest first"), history),
      h("fieldset", {}, h("legend", {}, "Without"), h("div", { class: "checks" }, boxes)),
      h("div", {}, button), out);
    asking.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      out.replaceChildren(h("p", { class: "waiting" }, "Asking the workers …"));
      const without = boxes.map((box) => box.firstChild).filter((box) => box.checked).flatMap((box) => box.value.split(" "));
      const ids = history.value.split(/[\s,]+/).filter(Boolean);
      const question = { without, ...(history.value.trim() !== before.trim() ? { history: ids } : {}) };
      try {
        const answer = await whatIf(name, question);
        if (answer.outcome && answer.outcome !== "answered") throw new Problem(0, "The workers have not answered", answer.reason ?? answer.outcome);
        await showCompared(answer, out);
        announce("The other slate is there");
      } catch (error) {
        out.replaceChildren(problemBox(error));
      }
      button.disabled = false;
    });
    place.replaceChildren(asking);
  }

  async function showCompared(answer, place) {
    const slates = [answer.slate ?? [], answer.changed ?? answer.slate ?? []];
    const ids = slates.flat().map((one) => one.article_id);
    const [table, known] = await Promise.all([phrases(), articles(ids)]);
    const shared = { phrases: table.phrases, known, titles: answer.titles, nowS: Date.now() / 1000 };
    const isSame = JSON.stringify(slates[0].map((one) => one.article_id)) === JSON.stringify(slates[1].map((one) => one.article_id));
    const unknown = answer.unknown?.length ? [h("p", { class: "note" }, `No article ${answer.unknown.join(", ")} is known: left out.`)] : [];
    place.replaceChildren(...unknown, h("div", { class: "columns" },
      part("As it is", slateList(slates[0], shared)),
      part("As it would be", answer.changed ? [isSame ? h("p", { class: "note" }, "The same order: it does not hang on that.") : null,
        slateList(slates[1], { ...shared, moved: movesFrom(slates[0]) })]
        : empty("Nothing changed", "Change the history, or leave a part out."))));
  }
}

function described(found, titles) {
  if (!found.is_known) {
    return [empty("Not known", "No click, no impression and no profile of this reader has come. Their slates are made for anyone.")];
  }
  const said = [found.role, ...(found.fields ?? []), ...(found.collections ?? [])].filter(Boolean);
  const interests = (found.categories ?? []).filter((one) => one.share > 0).slice(0, 8);
  const top = Math.max(...interests.map((one) => one.share), 0.01);
  const history = found.history ?? [];
  return [
    h("p", { class: "note" }, `${plural(found.n_clicks ?? 0, "click")}, ${plural(found.n_slates ?? 0, "slate")} shown${found.clicked_at ? `, last click ${ago(Math.max(0, Date.now() / 1000 - Date.parse(found.clicked_at) / 1000))}` : ""}.`),
    h("h3", {}, "Interests"),
    interests.length ? h("div", {}, interests.map((one) => h("div", { class: "interest", title: `${plural(one.n_reads, "read")}, ${one.lift >= 0 ? "more" : "less"} than everyone by e^${fixed(one.lift, 2)}` },
      h("span", {}, one.name),
      svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "ground", width: 100, height: 8 }), svg("rect", { width: (100 * one.share) / top, height: 8 })),
      h("span", { class: "number" }, share(one.share))))) : h("p", { class: "note" }, "Nothing was read yet."),
    said.length ? h("div", {}, h("h3", {}, "What the site says"), h("div", { class: "chips" }, said.map((one) => h("span", { class: "chip" }, one)))) : null,
    h("h3", {}, "Last reads"),
    history.length ? h("ol", { class: "history" }, history.slice(0, 10).map((one) => h("li", {},
      h("span", {}, titleOf(one.article_id, titles)), h("span", {}, one.clicked_at ? ago(Math.max(0, (Date.now() - Date.parse(one.clicked_at)) / 1000)) : "imported"))))
      : h("p", { class: "note" }, "None."),
    history.length > 10 ? h("p", { class: "note" }, `and ${count(history.length - 10)} more.`) : null,
  ].filter(Boolean);
}
