// The quick-look page: polls /api/status for current values, /api/series for the plot, /api/health for problems and /api/gaps for holes in the
// archive.

import { Agents } from "./agents.js";
import { Unreachable, ask, bytes, repeat } from "./bridge.js";
import { Channels, tellApart } from "./channels.js";
import { byId, element, fill, mark } from "./dom.js";
import { holesOf, showHoles } from "./holes.js";
import { limitLines } from "./limits.js";
import { List } from "./list.js";
import { Plot, unitsWithoutAxis } from "./plot.js";
import { continued, gapOf } from "./samples.js";
import { count, duration, fromLocal, local, moment, quantity, tellTimesIn, zone, zoneAt } from "./text.js";
import { Values } from "./values.js";
import { Verdict, statesByPath } from "./verdict.js";
import { RANGES, interval, isLive, read, within, written } from "./view.js";

const EVERY_MS = 1000, HEALTH_MS = 10_000, HOLES_MS = 30_000, SLOWEST_MS = 60_000;
const OVERLAP_S = 20; // samples may come this late and still be plotted at once
const RELOAD_S = 300; // samples that come later are plotted after this time
const MOST_PLOTTED = 50;
const WIDE_SPREAD = 100;
const calm = matchMedia("(prefers-reduced-motion: reduce)"); // a plot that moves less often
const CALM_MS = 5000;

let view = read(location.hash);
let lastRange = view.range;
let channels = null;
let clockOffset = 0; // seconds by which the bridge's clock is ahead of this one
let site = { name: null, time_zone: null };
let health = null; // the last response of /api/health, and when it came
let heard = 0;
let holes = [];
let away = null; // since when the bridge has not answered, or with what error
let notice = ""; // a problem of the plot
let loaded = { key: "", reached: 0, since: 0, range: null, samples: new Map() };
const slots = new Map(); // colours, by the channels' ids

const now = () => Date.now() / 1000 + clockOffset;
const place = byId("plot");
const plot = place && new Plot(place, { cursor: showCursor, zoom: (from, until) => go({ from, until }), back: () => goBack() });
const list = new List(byId("nodes"), toggle);
const agents = new Agents(byId("agents"));
const values = new Values(byId("values"), byId("at"), (id) => toggle(id, false));
const verdict = new Verdict({ state: byId("state"), cryostat: byId("cryostat"), alarms: byId("alarms"), problems: byId("problems") }, plotAlone);

// --- selection ---------------------------------------------------------------------------------------------------------------------

function chosen() {
  if (!channels) return [];
  if (!view.fields) return tellApart(channels.atFirst(beyond()));
  const found = view.fields.map((name) => channels.find(name)).filter((one) => one && one.type !== "string");
  return tellApart([...new Set(found)].slice(0, MOST_PLOTTED));
}

// The states of alarms that are beyond their limits, by their channels' paths.
const beyond = () => statesByPath(health?.alarms || []);

// A link may name a channel that no longer exists.
const missing = () => (channels && view.fields ? view.fields.filter((name) => !channels.find(name)) : []);

function toggle(id, on) {
  const one = channels.byId.get(id);
  const others = [...(view.fields || chosen().map((each) => each.name))].filter((name) => channels.find(name) !== one);
  change({ fields: on ? [...others, one.name] : others, log: isLog() });
  loadPlot();
}

function plotAlone(path) {
  const one = channels?.find(path);
  if (!one) return;
  go({ fields: [one.name], log: false });
  showControls();
  place?.scrollIntoView({ block: "center" });
}

// Stages from millikelvin to room temperature can be distinguished on a logarithmic axis only.
function isLog(shown = chosen()) {
  if (view.log !== null) return view.log;
  const sizes = shown.map((one) => one.value);
  return Math.min(...sizes) > 0 && Math.max(...sizes) > WIDE_SPREAD * Math.min(...sizes);
}

// A channel keeps its colour while others come and go.
function giveColours(shown) {
  const ids = new Set(shown.map((one) => one.id));
  for (const id of [...slots.keys()]) if (!ids.has(id)) slots.delete(id);
  for (const id of ids) {
    if (slots.has(id)) continue;
    const taken = new Set(slots.values());
    let slot = 0;
    while (taken.has(slot)) slot += 1;
    slots.set(id, slot);
  }
}

// --- the interval; the browser's "back" returns to the previous one -----------------------------------------------------------------------------------

const depth = () => history.state?.depth || 0;

function change(parts) {
  view = { ...view, ...parts };
  history.replaceState(history.state, "", written(view));
  draw();
}

function go(parts) {
  const next = { ...view, ...parts };
  if (written(next) === written(view)) return;
  view = next;
  if (isLive(view)) lastRange = view.range;
  history.pushState({ depth: depth() + 1 }, "", written(view));
  draw();
  loadPlot();
  askHoles();
}

const goBack = () => { if (depth()) history.back(); };
const goLive = (range) => go({ from: null, until: null, range: within(range) });

function goTo(from, until) {
  if (until >= now()) goLive(until - from);
  else go({ from, until });
}

function shift(part) {
  const [start, end] = interval(view, now());
  goTo(start + part * (end - start), end + part * (end - start));
}

function zoom(factor) {
  const [start, end] = interval(view, now());
  const at = plot?.time() ?? (isLive(view) ? end : (start + end) / 2);
  const span = within((end - start) * factor);
  if (isLive(view) && at === end) return goLive(span);
  const from = at - span * ((at - start) / (end - start));
  return goTo(from, from + span);
}

addEventListener("popstate", () => { view = read(location.hash); showControls(); draw(); loadPlot(); askHoles(); });

// --- requests -------------------------------------------------------------------------------------------------------------------------------

const askStatus = repeat(async (signal) => {
  try {
    const status = await ask("api/status", signal);
    if (signal.aborted) return;
    clockOffset = status.time - Date.now() / 1000;
    const first = channels === null;
    if (status.time_zone !== site.time_zone) tellTimesIn(status.time_zone);
    site = { name: status.name, time_zone: status.time_zone };
    channels = new Channels(status.nodes);
    agents.show(status.nodes, now());
    if (away !== null) askHealth();
    away = null;
    if (first) {
      loadPlot();
      askHoles();
    }
  } catch (fault) {
    if (signal.aborted) return;
    away = { since: away?.since ?? now(), fault: fault instanceof Unreachable ? null : fault.message };
  }
  draw();
}, () => EVERY_MS);

const askHealth = repeat(async (signal) => {
  try {
    const said = await ask("api/health", signal);
    if (signal.aborted) return;
    health = said;
    heard = now();
  } catch {
    // askStatus shows that the bridge is away; the last response grows old.
  }
  if (!signal.aborted) draw();
}, () => HEALTH_MS);

const askHoles = repeat(async (signal) => {
  const [from, until] = interval(view, now());
  try {
    const said = await ask(`api/gaps?${new URLSearchParams({ from, until })}`, signal);
    if (signal.aborted) return;
    holes = said.gaps;
  } catch {
    if (signal.aborted) return;
    holes = [];
  }
  draw();
}, () => HOLES_MS);

// The whole range at first, then new samples.
const loadPlot = repeat(async (signal) => {
  const shown = chosen();
  if (!plot || !shown.length) {
    draw();
    return;
  }
  const [start, end] = interval(view, now());
  const key = JSON.stringify([view.range, view.from, view.until, shown.map((one) => one.name)]);
  const reload = key !== loaded.key || !isLive(view) || now() - loaded.since > RELOAD_S;
  const from = reload ? start : Math.max(start, loaded.reached - OVERLAP_S);
  const points = Math.max(2, Math.ceil((pointsAcross() * (end - from)) / (end - start)));
  const words = new URLSearchParams({ from, until: end, points });
  shown.forEach((one) => words.append("field", one.name));
  try {
    const answer = await ask(`api/series?${words}`, signal);
    if (signal.aborted) return;
    const samples = new Map();
    answer.series.forEach((next, i) => {
      const { id } = shown[i], old = loaded.samples.get(id);
      const kept = old && answer.silent.includes(next.node) ? { ...old, gap: old.gap } : null;
      if (kept) samples.set(id, kept);
      else samples.set(id, reload || !old ? { ...next, gap: gapOf(next.times) } : continued(old, next, from, start, end));
    });
    const reached = answer.silent.length ? loaded.reached : end;
    loaded = { key, reached: reload ? end : reached, since: reload ? now() : loaded.since, range: [start, end], samples };
    notice = answer.silent.length ? `No answer from ${answer.silent.join(", ")}: its plot is out of date.` : "";
  } catch (fault) {
    if (signal.aborted) return;
    notice = fault instanceof Unreachable ? "" : `No plot: ${fault.message}`;
  }
  draw(true);
}, () => {
  const [start, end] = interval(view, now());
  if (!isLive(view)) return SLOWEST_MS;
  const pixel = (1000 * (end - start)) / pointsAcross();
  return Math.min(Math.max(pixel, calm.matches ? CALM_MS : EVERY_MS), SLOWEST_MS);
});

const pointsAcross = () => Math.min(Math.max(place?.clientWidth || 0, 300), 1600);

// --- display ------------------------------------------------------------------------------------------------------------------------------

function draw(samplesAreNew = false) {
  const shown = chosen();
  giveColours(shown);
  showState();
  const log = isLog(shown);
  showTimes(shown);
  showHint(shown, log);
  if (channels) showList();
  showValues(shown);
  const holed = holesOf(holes, shown);
  showHoles(byId("holes"), holed);
  if (!plot) return;
  if (!shown.length) {
    plot.clear();
    return;
  }
  const series = shown.map((one) => ({ ...one, label: one.shownAs, slot: slots.get(one.id), ...(loaded.samples.get(one.id) || { times: [], values: [], gap: Infinity }) }));
  const states = beyond();
  const limits = limitLines([...shown].sort((a, b) => states.has(b.path) - states.has(a.path))); // their labels are placed first
  const layout = JSON.stringify([...slots.entries(), log, limits, holed, zone()]);
  if ((samplesAreNew || layout !== draw.layout) && loaded.range) {
    plot.show(series, loaded.range, { log, limits, holes: holed });
    byId("log").checked = log;
    draw.layout = layout;
    mark(place, "points", String(series.reduce((sum, one) => sum + one.times.length, 0)));
    mark(place, "newest", String(Math.max(0, ...series.map((one) => one.times.at(-1) || 0))));
    mark(place, "oldest", String(Math.min(...series.map((one) => one.times[0] ?? Infinity))));
    mark(place, "from", String(loaded.range[0]));
    mark(place, "until", String(loaded.range[1]));
  }
}

function showState() {
  const isWell = verdict.show({ health, heard, away, now: now(), nodes: channels && channels.nodes.length });
  mark(document.body, "away", String(away !== null));
  fill(byId("site"), site.name || "livemon");
  byId("product").hidden = !site.name;
  const title = `${isWell ? "" : "⚠ "}${site.name ? `${site.name} · livemon` : "livemon"}`;
  if (document.title !== title) document.title = title;
  if (!channels) return;
  const times = channels.all.filter((one) => one.time !== null && !one.isAge).map((one) => one.time);
  const age = times.length ? now() - Math.max(...times) : null;
  const newest = age === null ? "no samples yet" : `newest ${duration(age)}${age < 0.95 ? "" : " ago"}`;
  fill(byId("freshness"), `${count(channels.nodes.length, "data node")}, ${count(channels.all.length, "channel")}, ${newest}`);
}

function showTimes(shown) {
  const [start, end] = interval(view, now());
  const same = RANGES.find(([seconds]) => seconds === view.range);
  const text = isLive(view) ? `Last ${same ? same[1] : duration(view.range)}, live` : `${moment(start)} to ${moment(end)}, fixed`;
  fill(byId("when"), text);
  mark(byId("when"), "live", String(isLive(view)));
  fill(byId("live"), isLive(view) ? "Pause" : "Live");
  byId("back").disabled = !depth();
  const words = new URLSearchParams(isLive(view) ? { from: String(-view.range), until: "0" } : { from: String(view.from), until: String(view.until) });
  shown.forEach((one) => words.append("field", one.name));
  byId("csv-all").href = `api/series.csv?${words}`;
  words.set("points", String(pointsAcross()));
  byId("csv").href = `api/series.csv?${words}`;
}

function showHint(shown, log) {
  const gone = missing();
  const hints = [];
  if (notice) hints.push(notice);
  if (gone.length) hints.push(`Not available at the moment: ${gone.join(", ")}.`);
  if (view.fields && view.fields.length - gone.length > MOST_PLOTTED) hints.push(`Only the first ${MOST_PLOTTED} channels are plotted.`);
  if (channels && !shown.length && !gone.length) hints.push("Choose channels in the list below to plot them.");
  if (shown.length && loaded.samples.size) {
    const known = shown.map((one) => loaded.samples.get(one.id)).filter(Boolean);
    if (known.every((one) => !one.times.length)) hints.push("No samples in this range.");
    const below = log ? shown.filter((one) => loaded.samples.get(one.id)?.values.some((value) => value !== null && value <= 0)) : [];
    if (below.length) hints.push(`Values of zero and below cannot be shown on a logarithmic axis: ${below.map((one) => one.shownAs).join(", ")}.`);
  }
  const bare = place ? unitsWithoutAxis(shown, place.clientWidth) : [];
  if (bare.length) hints.push(`No axis for: ${bare.join(", ")}.`);
  fill(byId("hint"), hints.join(" "));
}

function showList() {
  const listed = list.show({ channels, slots, now: now(), search: view.search, which: byId("which").value, beyond: beyond() });
  const all = !view.search && byId("which").value === "all";
  showList.said = all ? "" : `${listed} of ${count(channels.all.length, "channel")}`;
  clearTimeout(showList.timer); // a screen reader announces it once the user has stopped typing
  showList.timer = setTimeout(() => fill(byId("found"), showList.said), 400);
}

function showValues(shown) {
  const [start, end] = interval(view, now());
  values.show({ chosen: shown, samples: loaded.samples, slots, now: now(), time: plot ? plot.time() : null, seconds: end - start, beyond: beyond() });
}

function showCursor(time) {
  const shown = chosen();
  showValues(shown);
  const [start, end] = loaded.range || interval(view, now());
  place.setAttribute("aria-valuemin", Math.round(start));
  place.setAttribute("aria-valuemax", Math.round(end));
  place.setAttribute("aria-valuenow", Math.round(time ?? end));
  const told = shown.map((one) => `${one.shownAs} ${values.rows.get(one.id)?.value.textContent}`);
  place.setAttribute("aria-valuetext", time === null ? "no cursor" : `${moment(time)}: ${told.join(", ")}`);
}

function showControls() {
  for (const radio of document.querySelectorAll('input[name="range"]')) radio.checked = isLive(view) && Number(radio.value) === view.range;
  byId("log").checked = isLog();
  if (byId("search").value !== view.search) byId("search").value = view.search;
}

// --- controls -----------------------------------------------------------------------------------------------------------------------------

byId("ranges").append(...RANGES.map(([seconds, text]) => element("label", { class: "button" }, element("input", { type: "radio", name: "range", value: seconds }), text)));
byId("ranges").addEventListener("change", (event) => goLive(Number(event.target.value)));

const clicks = {
  earlier: () => shift(-0.5),
  later: () => shift(0.5),
  in: () => zoom(0.5),
  out: () => zoom(2),
  back: goBack,
  choose: () => byId("search").focus(),
  live() {
    const [from, until] = interval(view, now());
    if (isLive(view)) go({ from, until });
    else goLive(lastRange);
  },
};
for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", () => { act(); showControls(); });

const keys = {
  ArrowLeft: (event) => (event.shiftKey ? shift(-0.1) : plot.moveTo((plot.part() ?? 1) - 0.01)),
  ArrowRight: (event) => (event.shiftKey ? shift(0.1) : plot.moveTo((plot.part() ?? 0.99) + 0.01)),
  PageUp: () => shift(-0.5),
  PageDown: () => shift(0.5),
  Home: () => plot.moveTo(0),
  End: () => plot.moveTo(1),
  Escape: () => plot.moveTo(null),
  "+": () => zoom(0.5),
  "-": () => zoom(2),
};
place?.addEventListener("keydown", (event) => {
  const act = event.ctrlKey || event.altKey || event.metaKey ? null : keys[event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
  showControls();
});

byId("log").addEventListener("change", (event) => change({ log: event.target.checked }));
byId("which").addEventListener("change", () => draw());
byId("search").addEventListener("input", (event) => change({ search: event.target.value.trim() }));

byId("exact").addEventListener("toggle", () => {
  const form = byId("exact").querySelector("form");
  const [start, end] = interval(view, now());
  form.from.value = local(start);
  form.until.value = local(end);
  fill(byId("zone"), `Times are in ${zoneAt(now())}; links and tables use UTC.`);
});
byId("exact").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const [from, until] = [fromLocal(form.from.value), fromLocal(form.until.value)];
  form.until.setCustomValidity(from < until ? "" : "The end must be after the start.");
  if (!form.reportValidity()) return;
  go({ from, until });
  showControls();
});
byId("exact").querySelector("form").addEventListener("input", (event) => event.currentTarget.until.setCustomValidity(""));

byId("copy").addEventListener("click", async () => {
  // The page's own choice must be part of the link, or the view would differ once channels have changed.
  if (!view.fields) change({ fields: chosen().map((one) => one.name), log: isLog() });
  try {
    await navigator.clipboard.writeText(location.href);
    done("The link is copied.");
  } catch { // browsers allow this only over HTTPS and on the local machine
    const address = byId("address"), text = address.querySelector("input");
    address.hidden = false;
    text.value = location.href;
    text.select();
  }
});

for (const id of ["csv", "csv-all"]) {
  byId(id).addEventListener("click", async (event) => {
    event.preventDefault();
    if (!chosen().length) return done("Nothing is plotted.");
    done("Fetching the table …");
    try {
      const { blob, silent, name } = await bytes(byId(id).href);
      const link = element("a", { href: URL.createObjectURL(blob), download: name || "livemon.csv" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), SLOWEST_MS);
      done(silent.length ? `The table is incomplete, without an answer from ${silent.join(", ")}.` : `The table is saved: ${quantity(blob.size / 1000, "kB", 3)}.`);
    } catch (fault) {
      done(`No table: ${fault.message}.`);
    }
    return undefined;
  });
}

function done(text) {
  fill(byId("done"), text);
  clearTimeout(done.timer);
  done.timer = setTimeout(() => fill(byId("done"), ""), 15_000);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { draw.layout = null; draw(); });
showControls();
draw();
askStatus();
askHealth();
