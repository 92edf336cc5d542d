// Lines over time and sparklines, as SVG: no library, no inline style, colours from the palette.

import { at } from "./format.js";
import { h, set, svg } from "./dom.js";

const HEIGHT = 208;
const LEFT = 40;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 24;

function ticks(low, high) {
  const span = high - low || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9; n += 1) found.push(n * step);
  return found;
}

function bounds(lines, floor, ceiling) {
  const values = lines.flatMap((line) => line.points.map((point) => point[1]));
  let low = Math.min(...values);
  let high = Math.max(...values);
  const room = Math.max((high - low) * 0.1, 0.02 * Math.abs(high), 1e-6);
  low = floor === null ? low - room : Math.max(floor, low - room);
  high = ceiling === null ? high + room : Math.min(ceiling, high + room);
  return [low, high];
}

// Draws lines: [{name, points: [[seconds, value], …]}], by colours 1 to 7 in their order.
export function lineChart({ label, lines, format, marks = [], floor = null, ceiling = null, width = 600 }) {
  const drawn = lines.filter((line) => line.points.length);
  if (!drawn.length) return null;
  const times = drawn.flatMap((line) => line.points.map((point) => point[0]));
  const first = Math.min(...times);
  const last = Math.max(...times, first + 1);
  const [low, high] = bounds(drawn, floor, ceiling);
  const x = (s) => LEFT + ((s - first) / (last - first)) * (width - LEFT - RIGHT);
  const y = (value) => TOP + (1 - (value - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
  const grid = ticks(low, high).map((value) => [
    svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
    svg("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, format(value)),
  ]);
  const n = width < 420 ? 2 : 4;
  const clocks = Array.from({ length: n }, (_, k) => {
    const s = first + (k / (n - 1)) * (last - first);
    const anchor = k === 0 ? "start" : k === n - 1 ? "end" : "middle";
    return svg("text", { x: x(s), y: HEIGHT - 4, "text-anchor": anchor }, at(s));
  });
  const alarms = marks
    .filter((s) => s >= first && s <= last)
    .map((s) => svg("line", { class: "alarm", x1: x(s), x2: x(s), y1: TOP, y2: HEIGHT - BOTTOM }));
  const paths = drawn.map((line) => {
    const places = line.points.map((point) => [x(point[0]).toFixed(1), y(point[1]).toFixed(1)]);
    return [
      svg("polyline", { class: `l${line.colour}`, points: places.map((p) => p.join(",")).join(" ") }),
      svg("circle", { class: `l${line.colour}`, cx: places.at(-1)[0], cy: places.at(-1)[1], r: 3 }),
    ];
  });
  const box = { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label };
  return svg("svg", box, ...grid.flat(), ...clocks, ...alarms, ...paths.flat());
}

// A chart that fits its place, redrawn when its data or the width of its place changes.
export function livingChart(describe) {
  const place = h("div");
  let known = "";
  let width = 0; // as the browser has laid it out: to ask for it would have it lay out at once
  const draw = () => {
    if (!width) return;
    const described = describe(width);
    const key = JSON.stringify([width, described]);
    if (!described || key === known) return;
    known = key;
    const drawn = lineChart({ ...described, ...formats(described), width });
    place.replaceChildren(...(drawn ? [drawn] : []));
  };
  new ResizeObserver(([entry]) => {
    const next = Math.max(280, Math.round(entry.contentRect.width || 600));
    if (next === width) return;
    width = next;
    draw();
  }).observe(place);
  return { place, draw };
}

const formats = (described) => ({ format: (n) => n.toFixed(described.digits ?? 2) });

export function sparkline(values, label) {
  const line = curve(values);
  return svg(
    "svg",
    { class: "spark", viewBox: "0 0 100 28", preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("path", { class: "area", d: `${line}L100 28L0 28Z` }),
    svg("path", { class: "line", d: line }),
  );
}

// Changes a sparkline's curve in place.
export function respark(element, values, label) {
  const line = curve(values);
  set(element, "aria-label", label);
  if (element.lastChild.getAttribute("d") === line) return;
  element.firstChild.setAttribute("d", `${line}L100 28L0 28Z`);
  element.lastChild.setAttribute("d", line);
}

function curve(values) {
  const top = Math.max(...values, 1);
  const x = (k) => (100 * k) / Math.max(values.length - 1, 1);
  return values.map((n, k) => `${k ? "L" : "M"}${x(k).toFixed(2)} ${(27 - (25 * n) / top).toFixed(2)}`).join("");
}

export function legend(entries) {
  return h("ul", { class: "legend" }, entries.map(([colour, name, value]) =>
    h("li", {}, h("i", { class: `c${colour}` }), h("b", {}, name), value ? h("span", {}, value) : null)));
}
