// Ranking: how good the order is, beside recent popularity; what the models are made of.

import { empty, h, keyed, part, say } from "../dom.js";
import { legend, livingChart } from "../chart.js";
import { ago, atExactly, count, duration, fixed, percent, plural } from "../format.js";

const NAMES = { ours: "CherryRec", popularity: "Recent popularity" };
const METRICS = { auc: "AUC", "ndcg@10": "nDCG@10" };

function figure(title) {
  return { title, value: h("dd", {}, "–"), note: h("p", {}, "") };
}

export function ranking() {
  let newest = null;
  const figures = [figure("AUC, last hour"), figure("nDCG@10, last hour"), figure("Model"), figure("Drift alarms")];
  const said = h("p", { class: "note" });
  const nothing = h("div", {});
  const quality = livingChart(() => newest && newest.minutes.length > 1 && {
    label: "AUC by minute, CherryRec and recent popularity",
    digits: 2,
    floor: 0,
    ceiling: 1,
    lines: Object.keys(NAMES).map((name, k) => ({
      name,
      colour: k + 1,
      points: newest.minutes.filter((one) => one[2][name]).map((one) => [one[0], one[2][name][0]]),
    })),
  });
  const charts = ["ensemble", "knrs"].map((kind) => ({ kind, keys: h("div", {}), ...weightChart(kind) }));
  const alarms = h("ul", { class: "history" });
  const drift = h("div", {});

  const element = h("div", {},
    h("h1", { class: "unseen" }, "Ranking"),
    h("dl", { class: "figures" }, figures.map((one) => h("div", { class: "figure" }, h("dt", {}, one.title), one.value, one.note))),
    part("How well readers are served, by the minute", said, nothing, quality.place,
      legend(Object.values(NAMES).map((name, k) => [k + 1, name, ""]))),
    h("div", { class: "columns after" },
      part("What the score is made of", h("p", { class: "note" }, "The ensemble's weights: how much each member's opinion counts, learned from clicks."), charts[0].place, charts[0].keys),
      part("What the news value is made of", h("p", { class: "note" }, "KnRS's weights of the five metrics by which articles are kept."), charts[1].place, charts[1].keys)),
    part("Drift", drift));

  return { element, update };

  function weightChart(kind) {
    return livingChart(() => newest && {
      label: `${kind} weights over time`,
      digits: 2,
      floor: kind === "ensemble" ? 0 : null,
      marks: newest.alarms,
      lines: namesOf(newest, kind).map((name, k) => ({
        name,
        colour: (k % 7) + 1,
        points: newest.points.filter((point) => name in point[kind]).map((point) => [point.at_s, point[kind][name]]),
      })),
    });
  }

  function* update(snapshot) {
    newest = snapshot;
    const { means, model } = snapshot;
    snapshot.metrics.forEach((metric, k) => {
      const ours = means.ours?.[k];
      put(figures[k], ours === undefined ? "–" : percent(ours), ours === undefined ? "no labels yet"
        : `${gap(ours - means.popularity[k])} recent popularity, ${percent(means.popularity[k])}`);
    });
    put(figures[2], model ? `v${count(model.version)}` : "–", model
      ? `${plural(model.n_examples, "example")}, ${duration(snapshot.model_age_s)} old` : "none was published");
    put(figures[3], model ? count(model.n_alarms) : "–", snapshot.alarms.length
      ? `the last ${ago(snapshot.at_s - snapshot.alarms.at(-1))}` : "none since this page's gateway began");
    const delay = snapshot.label_after_s ? `${duration(snapshot.label_after_s)} after it was shown` : "as soon as the clicks are in";
    const passed = snapshot.n_passed_over ? ` ${count(snapshot.n_passed_over)} were passed over, as more waited for labels than are held.` : "";
    say(said, `${METRICS[snapshot.metrics[0]]} of ${plural(snapshot.n_judged, "slate")} whose labels came in the last hour; a slate is labelled ${delay}. Both orders are of the same slates. Readers saw ours, which favours it; popularity knows all clicks up to the labels, which favours that.${passed}`);
    if (snapshot.minutes.length < 2) {
      if (!nothing.firstChild) nothing.append(empty("No curve yet", "It begins once labels have come in two different minutes: a slate needs one article that was opened and one that was not."));
    } else nothing.replaceChildren();
    yield;
    quality.draw();
    for (const chart of charts) {
      yield;
      chart.draw();
      const entries = namesOf(snapshot, chart.kind).map((name, k) => [(k % 7) + 1, name, model ? fixed(model[chart.kind][name] ?? 0, 2) : ""]);
      const key = JSON.stringify(entries);
      if (chart.keys.dataset.key !== key) {
        chart.keys.dataset.key = key;
        chart.keys.replaceChildren(entries.length ? legend(entries) : empty("No weights yet", "The learner tells them with its first state, after some examples.", "cherryrec worker learner"));
      }
    }
    if (snapshot.alarms.length) {
      if (!alarms.parentElement) drift.replaceChildren(alarms);
      keyed(alarms, [...snapshot.alarms].reverse(), (s) => s, (s) => h("li", {},
        h("span", {}, "The error rose well above its usual level: everything learns faster again"), h("span", {}, atExactly(s))), () => {});
    } else if (!drift.firstChild) {
      drift.append(empty("No drift", "The error of the last hundred slates is compared with the usual one; where it rises well above it, an alarm stands here and in the charts, and all members learn faster again."));
    }
  }
}

function namesOf(snapshot, kind) {
  return Object.keys(snapshot.model?.[kind] ?? {});
}

function put(one, value, note) {
  say(one.value, value);
  say(one.note, note);
}

function gap(difference) {
  const points = Math.abs(100 * difference).toFixed(1);
  return difference >= 0 ? `${points} above` : `${points} below`;
}
