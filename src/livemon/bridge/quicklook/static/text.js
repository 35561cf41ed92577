// Numbers, times and durations as a person reads them at night: local time, 24 hours, and no more digits than tell something.

const MEASURED = [[1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"]];
const PREFIXES = { K: [[1, ""], [1e-3, "m"]], ohm: MEASURED.slice(0, 4), V: MEASURED.slice(1), A: MEASURED.slice(1), W: MEASURED.slice(1) };
const SYMBOLS = { ohm: "Ω" };
const NOTHING = "–";

function scaled(size, unit) {
  const prefixes = PREFIXES[unit] || [[1, ""]];
  const fits = prefixes.find(([factor]) => size >= factor) || prefixes.at(-1);
  const [factor, prefix] = size ? fits : [1, ""];
  return { factor, unit: unit ? ` ${prefix}${SYMBOLS[unit] || unit}` : "" };
}

export const symbol = (unit) => SYMBOLS[unit] || unit;

// A value with its unit: "4.0213 K", "123.4 mK", "12.3 kΩ".
export function quantity(value, unit, digits = 5) {
  if (typeof value !== "number") return value === null || value === undefined ? NOTHING : String(value);
  const { factor, unit: shown } = scaled(Math.abs(value), unit);
  const number = value / factor, size = Math.abs(number);
  const far = size !== 0 && (size >= 1e7 || size < 1e-4);
  return (far ? number.toExponential(3) : String(Number(number.toPrecision(digits)))) + shown;
}

// Ticks of an axis. Those at equal distances have equal decimals and one prefix.
export function ticks(values, unit) {
  const known = values.filter((value) => value !== null);
  const largest = Math.max(...known.map(Math.abs));
  const steps = known.slice(1).map((value, i) => value - known[i]);
  const step = Math.min(...steps);
  if (!(steps.length && Math.max(...steps) < 1.01 * step)) return values.map((value) => (value === null ? "" : quantity(value, unit, 3)));
  const { factor, unit: shown } = scaled(largest, unit);
  const decimals = [0, 1, 2, 3, 4, 5, 6].find((digits) => isWhole((step / factor) * 10 ** digits)) ?? 7;
  const far = largest / factor >= 1e6 || decimals > 6;
  return values.map((value) => (value === null ? "" : (far ? (value / factor).toExponential(2) : (value / factor).toFixed(decimals)) + shown));
}

const isWhole = (number) => number > 0.9 && Math.abs(number - Math.round(number)) < 1e-3 * number;

export function duration(seconds) {
  if (seconds < 0.95) return "now";
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

const HOURS = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
export const clock = (time, seconds = true) => new Date(Math.round(time) * 1000).toLocaleTimeString([], seconds ? { ...HOURS, second: "2-digit" } : HOURS);
export const day = (time) => new Date(time * 1000).toLocaleDateString([], { day: "numeric", month: "short" });
export const moment = (time) => `${day(time)} ${clock(time)}`;

// What <input type="datetime-local"> takes and gives.
export const local = (time) => new Date((time - 60 * new Date(time * 1000).getTimezoneOffset()) * 1000).toISOString().slice(0, 19);
export const fromLocal = (text) => new Date(text).getTime() / 1000;
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
