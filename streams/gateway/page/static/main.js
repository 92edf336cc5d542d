// The frame: tabs, theme, the state of the stream; each view is a module of its own.

import { askForKey, begin } from "./api.js";
import { announce, h, say } from "./dom.js";
import { ago } from "./format.js";
import { follow } from "./live.js";
import { now } from "./views/now.js";
import { play } from "./views/play.js";
import { ranking } from "./views/ranking.js";
import { reader } from "./views/reader.js";
import { stories } from "./views/stories.js";
import { whyNot } from "./views/whynot.js";

const VIEWS = [
  ["now", "Now", now, "now"],
  ["ranking", "Ranking", ranking, "ranking"],
  ["stories", "Stories", stories, "stories"],
  ["reader", "Reader", reader, null],
  ["why-not", "Why not", whyNot, null],
];
const PLAY = ["play", "Play", play, null];
const STATES = { live: "Live", stale: "Cut off", down: "No answer", locked: "No key" };

const panel = document.getElementById("panel");
const tabs = document.getElementById("tabs");
const banner = document.getElementById("banner");
let views = VIEWS;
let leave = () => {};
let shown = null;
let warned = "";
let isLocked = false;

function route() {
  const [name, ...rest] = location.hash.replace(/^#\//, "").split("/").map(decoded);
  return [views.find((view) => view[0] === name) ?? views[0], rest];
}

function decoded(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

function show() {
  const [view, parts] = route();
  const [name, title, create, topic] = view;
  leave();
  shown = name;
  document.title = `${title} · CherryRec`;
  for (const tab of tabs.children) {
    const isThis = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", isThis);
    tab.tabIndex = isThis ? 0 : -1;
    if (isThis) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  panel.setAttribute("aria-labelledby", `tab-${name}`);
  panel.dataset.view = name;
  const { element, update, close } = create(parts);
  const hadFocus = panel.contains(document.activeElement);
  panel.replaceChildren(element);
  if (hadFocus) panel.focus({ preventScroll: true });
  isLocked = false;
  const end = follow(topic ?? "now", (state, snapshot) => {
    tell(state, snapshot);
    return topic && snapshot && state === "live" ? update(snapshot) : null;
  });
  leave = () => { end(); close?.(); };
}

// Says how the stream stands, in the corner and, where it matters, over the view.
function tell(state, snapshot) {
  const isKafkaAway = state === "live" && (snapshot.kafka_error || Object.keys(snapshot.waiting_for).length > 0);
  document.getElementById("state").dataset.is = isKafkaAway ? "stale" : state;
  const silent = snapshot?.silent_s;
  const quiet = state === "live" && silent > 10 ? `, last event ${ago(silent)}` : "";
  say(document.getElementById("state-text"), isKafkaAway ? "Waits for Kafka" : STATES[state]);
  say(document.getElementById("state-quiet"), isKafkaAway ? "" : quiet);
  isLocked = state === "locked";
  warn(isKafkaAway ? "away" : state, warning(state, snapshot, isKafkaAway));
}

// Shows what is wrong over the view. It is said once: the seconds in it go on.
function warn(kind, text) {
  if (warned !== kind) {
    if (banner.contains(document.activeElement)) panel.focus();
    banner.replaceChildren(...(text ? [h("p", {}), isLocked ? giveKey() : null].filter(Boolean) : []));
    banner.hidden = !text;
    if (text) announce(text);
    warned = kind;
  }
  if (text) say(banner.firstChild, text);
}

function giveKey() {
  return h("button", { type: "button", class: "quiet", onclick: () => askForKey() }, "Give a key");
}

function warning(state, snapshot, isKafkaAway) {
  if (state === "stale") return "The gateway does not answer. What you see is how it stood; this page tries again by itself.";
  if (state === "down") return "The gateway does not answer. This page tries again by itself: is `cherryrec serve` running?";
  if (state === "locked") return "Nothing can be shown without a key that may read.";
  if (!isKafkaAway) return null;
  const why = Object.values(snapshot.waiting_for)[0] ?? snapshot.kafka_error;
  return `The gateway waits for Kafka: ${why}. Numbers stand still until it is there; nothing is lost.`;
}

function buildTabs() {
  tabs.replaceChildren(...views.map(([name, title]) =>
    h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", onclick: () => go(name) }, title)));
}

function go(name) {
  if (location.hash === `#/${name}`) return;
  location.hash = `#/${name}`;
}

tabs.addEventListener("keydown", (event) => {
  const names = views.map((view) => view[0]);
  const at = names.indexOf(shown);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const name = names[(to + names.length) % names.length];
  go(name);
  document.getElementById(`tab-${name}`).focus();
});

const THEMES = { auto: "as the system", light: "light", dark: "dark" };
const theme = document.getElementById("theme");

function dress(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  say(document.getElementById("theme-text"), name);
  theme.setAttribute("aria-label", `Theme: ${THEMES[name]}`);
  localStorage.setItem("cherryrec-theme", name);
}

theme.addEventListener("click", () => {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(localStorage.getItem("cherryrec-theme") ?? "auto") + 1) % names.length];
  dress(next);
  announce(`Theme ${THEMES[next]}`);
});

async function start() {
  dress(localStorage.getItem("cherryrec-theme") in THEMES ? localStorage.getItem("cherryrec-theme") : "auto");
  let settings = { demo: false };
  try { settings = await begin(); } catch { /* the banner says so */ }
  if (settings.demo) views = [...VIEWS, PLAY];
  buildTabs();
  addEventListener("hashchange", show);
  addEventListener("key-given", () => { if (isLocked) show(); });
  document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); panel.focus(); });
  if (!location.hash) history.replaceState(null, "", settings.demo ? "#/play" : "#/now");
  show();
}

start();
