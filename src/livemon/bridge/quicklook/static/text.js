// Numbers, times and durations as a person reads them at night: the site's time, 24 hours, and only significant digits.

const MEASURED = [[1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"]];
const PREFIXES = { K: [[1, ""], [1e-3, "m"]], ohm: MEASURED.slice(0, 4), V: MEASURED.slice(1), A: MEASURED.slice(1), W: MEASURED.slice(1) };
const SYMBOLS = { ohm: "Ω" };
export const NOTHING = "–";

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
  return plain(value / factor, digits) + shown;
}

// Two values, with the unit once if both have the same: "448 to 452.8 mK".
export function span(low, high, unit, digits = 4) {
  if (low === null || high === null) return "";
  const [from, to] = [low, high].map((value) => scaled(Math.abs(value), unit));
  const same = from.factor === to.factor;
  return `${same ? plain(low / from.factor, digits) : quantity(low, unit, digits)} to ${quantity(high, unit, digits)}`;
}

function plain(number, digits) {
  const size = Math.abs(number);
  const far = size !== 0 && (size >= 1e7 || size < 1e-4);
  return far ? number.toExponential(3) : String(Number(number.toPrecision(digits)));
}

// Ticks of an axis. Equidistant ones have the same number of decimals and the same prefix.
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

export const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

// --- times ---------------------------------------------------------------------------------------------------------------

const BROWSERS = Intl.DateTimeFormat().resolvedOptions().timeZone;
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const PARTS = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" };
let formats = null;

// Show times in a zone, by its IANA name; in the browser's own if that is null or unknown to the browser.
export function tellTimesIn(name) {
  try {
    formats = formatsOf(name || BROWSERS);
  } catch {
    formats = formatsOf(BROWSERS);
  }
}

function formatsOf(timeZone) {
  const format = (options, locale = []) => new Intl.DateTimeFormat(locale, { ...options, timeZone });
  return {
    timeZone,
    seconds: format(CLOCK),
    minutes: format({ ...CLOCK, second: undefined }),
    day: format({ day: "numeric", month: "short" }),
    abbreviation: format({ timeZoneName: "short" }),
    parts: format(PARTS, "en-US"),
  };
}

tellTimesIn(null);

export const clock = (time, seconds = true) => (seconds ? formats.seconds : formats.minutes).format(Math.round(time) * 1000);
export const day = (time) => formats.day.format(time * 1000);
export const moment = (time) => `${day(time)} ${clock(time)}`;
export const zone = () => formats.timeZone;
export const isBrowsersZone = () => formats.timeZone === BROWSERS;

// "CET", "GMT+1", in the browser's language.
export const abbreviation = (time) => formats.abbreviation.formatToParts(time * 1000).find((part) => part.type === "timeZoneName").value;
export const zoneAt = (time) => (abbreviation(time) === zone() ? zone() : `${zone()} (${abbreviation(time)})`);

// When something began, for a person: with the day unless it is today, and the zone.
export function since(time, now) {
  return `${day(time) === day(now) ? clock(time) : moment(time)} ${abbreviation(time)}`;
}

// Seconds by which the zone's clocks are ahead of UTC.
function offset(time) {
  const part = Object.fromEntries(formats.parts.formatToParts(time * 1000).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) / 1000 - Math.floor(time);
}

// The values of <input type="datetime-local">.
export const local = (time) => new Date((Math.floor(time) + offset(time)) * 1000).toISOString().slice(0, 19);
export function fromLocal(text) {
  const wall = Date.parse(`${text}Z`) / 1000;
  return wall - offset(wall - offset(wall));
}
