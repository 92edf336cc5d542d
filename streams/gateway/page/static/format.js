// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const count = (n) => whole.format(n);
export const rate = (n) => (n === 0 ? "0" : n < 10 ? n.toFixed(1) : whole.format(n));
export const share = (n) => (n > 0 && n < 0.001 ? "< 0.1 %" : `${(100 * n).toFixed(1)} %`);
export const millis = (ms) => (ms < 10 ? ms.toFixed(1) : whole.format(ms));
export const percent = (n) => (100 * n).toFixed(1);
export const at = (s) => clock.format(new Date(1000 * s));
export const atExactly = (s) => exact.format(new Date(1000 * s));
export const signed = (n, digits = 3) => `${n < 0 ? "−" : "+"}${Math.abs(n).toFixed(digits)}`;
export const fixed = (n, digits) => `${n < 0 ? "−" : ""}${Math.abs(n).toFixed(digits)}`;

export function duration(s) {
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  return s < 172800 ? `${(s / 3600).toFixed(1)} h` : `${(s / 86400).toFixed(1)} days`;
}

export const ago = (s) => (s < 2 ? "just now" : `${duration(s)} ago`);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

// 0 is steady; the log of how many times as many as evenness would bring.
export function trend(slope) {
  const times = Math.exp(Math.abs(slope));
  if (times < 1.05) return "steady";
  const said = Math.exp(slope);
  return `${slope > 0 ? "▲" : "▼"} ${said < 10 ? said.toFixed(1) : whole.format(said)} ×`;
}
