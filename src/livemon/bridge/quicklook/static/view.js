// The view, as written in the URL's fragment: every view is a link.
//   range=600                  seconds up to now; or
//   from=..&until=..           ISO 8601 or UNIX seconds: a fixed view
//   log=1  search=..           logarithmic axes (0: not), the search in the list
//   field=..&field=..          channels, by their permanent names or NODE::field; older links write fields=a,b

export const RANGES = [[600, "10 min"], [3600, "1 h"], [21600, "6 h"], [86400, "24 h"], [604800, "7 d"], [2592000, "30 d"]];
const SHORTEST = 2, LONGEST = 20 * 365 * 86400;

export const within = (seconds) => Math.min(Math.max(seconds, SHORTEST), LONGEST);

export function read(fragment) {
  const words = new URLSearchParams(fragment.replace(/^#/, ""));
  const range = Number(words.get("range"));
  const [from, until] = [secondsOf(words.get("from")), secondsOf(words.get("until"))];
  const fixed = from !== null && until !== null && from < until;
  const named = words.getAll("field").concat((words.get("fields") || "").split(",")).filter(Boolean);
  return {
    range: range > 0 && Number.isFinite(range) ? within(range) : RANGES[0][0],
    from: fixed ? from : null,
    until: fixed ? until : null,
    // null: not chosen yet, so that the page may choose.
    log: words.has("log") ? words.get("log") === "1" : named.length ? false : null,
    search: words.get("search") || "",
    // null: nothing chosen yet, so that the page may choose.
    fields: words.has("field") || words.has("fields") ? [...new Set(named)] : null,
  };
}

export function written(view) {
  const words = new URLSearchParams();
  if (isLive(view)) words.set("range", String(round(view.range)));
  else [["from", view.from], ["until", view.until]].forEach(([name, time]) => words.set(name, iso(time, view.until - view.from < 60)));
  if (view.log || (view.log === false && !view.fields)) words.set("log", view.log ? "1" : "0");
  if (view.search) words.set("search", view.search);
  if (view.fields && !view.fields.length) words.set("field", "");
  for (const name of view.fields || []) words.append("field", name);
  return "#" + String(words).replaceAll("%3A", ":");
}

export const isLive = (view) => view.from === null;

// [start, end) in UNIX seconds.
export const interval = (view, now) => (isLive(view) ? [now - view.range, now] : [view.from, view.until]);

const round = (seconds) => Number(seconds.toPrecision(4));
const iso = (time, fine) => new Date(fine ? time * 1000 : Math.round(time) * 1000).toISOString().replace(fine ? "" : ".000", "");

function secondsOf(text) {
  if (!text) return null;
  const time = Number.isFinite(Number(text)) ? Number(text) : Date.parse(text) / 1000;
  return Number.isFinite(time) && Math.abs(time) < 4e10 ? time : null;
}
