// The quick-look page: asks /api/status for present values, /api/series for the plot and /api/health for what is wrong, again and again.

import { Unreachable, ask, bytes, repeat } from "./bridge.js";
import { Channels } from "./channels.js";
import { byId, element, fill, mark } from "./dom.js";
import { List } from "./list.js";
import { Plot, unitsWithoutAxis } from "./plot.js";
import { continued, gapOf } from "./samples.js";
import { clock, duration, fromLocal, local, moment, quantity, zone } from "./text.js";
import { Values } from "./values.js";
import { RANGES, interval, isLive, read, within, written } from "./view.js";

const EVERY_MS = 1000, HEALTH_MS = 10_000, SLOWEST_MS = 60_000;
const OVERLAP_S = 20; // samples may come this late and still be plotted at once
const ANEW_S = 300; // those that come later are plotted after this time
const MOST_PLOTTED = 50;
const WIDE_SPREAD = 100;
const calm = matchMedia("(prefers-reduced-motion: reduce)"); // a plot that moves less often
const CALM_MS = 5000;

let view = read(location.hash);
let lastRange = view.range;
let channels = null;
let clockOffset = 0; // seconds by which the bridge's clock is ahead of this one
let problems = [];
let awaySince = null;
let notice = ""; // what is wrong with the plot
let loaded = { key: "", reached: 0, since: 0, range: null, samples: new Map() };
const slots = new Map(); // colours, by the channels' ids

const now = () => Date.now() / 1000 + clockOffset;
const place = byId("plot");
const plot = place && new Plot(place, { cursor: showCursor, zoom: (from, until) => go({ from, until }), back: () => goBack() });
const list = new List(byId("nodes"), toggle);
const values = new Values(byId("values"), byId("at"), (id) => toggle(id, false));

// --- what is chosen ---------------------------------------------------------------------------------------------------------------------

function chosen() {
  if (!channels) return [];
  if (!view.fields) return channels.atFirst();
  const found = view.fields.map((name) => channels.find(name)).filter((one) => one && one.type !== "string");
  return [...new Set(found)].slice(0, MOST_PLOTTED);
}

// A link may name a channel that has gone since.
const missing = () => (channels && view.fields ? view.fields.filter((name) => !channels.find(name)) : []);

function toggle(id, on) {
  const one = channels.byId.get(id);
  const others = [...(view.fields || chosen().map((each) => each.name))].filter((name) => channels.find(name) !== one);
  change({ fields: on ? [...others, one.name] : others, log: isLog() });
  loadPlot();
}

// Stages from millikelvin to room temperature are told apart on a logarithmic axis only.
function isLog() {
  if (view.log !== null) return view.log;
  const sizes = chosen().map((one) => one.value);
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

// --- where we are in time; the browser's "back" goes back -----------------------------------------------------------------------------------

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

addEventListener("popstate", () => { view = read(location.hash); showControls(); draw(); loadPlot(); });

// --- asking -------------------------------------------------------------------------------------------------------------------------------

const askStatus = repeat(async (signal) => {
  try {
    const status = await ask("api/status", signal);
    if (signal.aborted) return;
    clockOffset = status.time - Date.now() / 1000;
    const first = channels === null;
    channels = new Channels(status.nodes);
    if (awaySince !== null) askHealth();
    awaySince = null;
    if (first) loadPlot();
  } catch (fault) {
    if (signal.aborted) return;
    awaySince ??= now();
    if (!(fault instanceof Unreachable)) problems = [fault.message];
  }
  draw();
}, () => EVERY_MS);

const askHealth = repeat(async (signal) => {
  try {
    const health = await ask("api/health", signal);
    if (!signal.aborted) problems = health.problems;
  } catch {
    // That the bridge is away, askStatus says.
  }
  if (!signal.aborted) draw();
}, () => HEALTH_MS);

// All of the range at first, then what is new.
const loadPlot = repeat(async (signal) => {
  const shown = chosen();
  if (!plot || !shown.length) return draw();
  const [start, end] = interval(view, now());
  const key = JSON.stringify([view.range, view.from, view.until, shown.map((one) => one.name)]);
  const anew = key !== loaded.key || !isLive(view) || now() - loaded.since > ANEW_S;
  const from = anew ? start : Math.max(start, loaded.reached - OVERLAP_S);
  const points = Math.max(2, Math.ceil((pointsAcross() * (end - from)) / (end - start)));
  const words = new URLSearchParams({ from, until: end, points });
  shown.forEach((one) => words.append("field", one.name));
  try {
    const answer = await ask(`api/series?${words}`, signal);
    if (signal.aborted) return draw();
    const samples = new Map();
    answer.series.forEach((next, i) => {
      const { id } = shown[i], old = loaded.samples.get(id);
      const kept = old && answer.silent.includes(next.node) ? { ...old, gap: old.gap } : null;
      if (kept) samples.set(id, kept);
      else samples.set(id, anew || !old ? { ...next, gap: gapOf(next.times) } : continued(old, next, from, start, end));
    });
    const reached = answer.silent.length ? loaded.reached : end;
    loaded = { key, reached: anew ? end : reached, since: anew ? now() : loaded.since, range: [start, end], samples };
    notice = answer.silent.length ? `No answer of ${answer.silent.join(", ")}: what is plotted of it is old.` : "";
  } catch (fault) {
    if (signal.aborted) return draw();
    notice = fault instanceof Unreachable ? "" : `No plot: ${fault.message}`;
  }
  return draw(true);
}, () => {
  const [start, end] = interval(view, now());
  if (!isLive(view)) return SLOWEST_MS;
  const pixel = (1000 * (end - start)) / pointsAcross();
  return Math.min(Math.max(pixel, calm.matches ? CALM_MS : EVERY_MS), SLOWEST_MS);
});

const pointsAcross = () => Math.min(Math.max(place?.clientWidth || 0, 300), 1600);

// --- showing ------------------------------------------------------------------------------------------------------------------------------

function draw(samplesAreNew = false) {
  const shown = chosen();
  giveColours(shown);
  showState();
  showTimes();
  showHint(shown);
  if (channels) showList();
  showValues(shown);
  if (!plot) return;
  if (!shown.length) return plot.clear();
  const series = shown.map((one) => ({ ...one, label: one.title, slot: slots.get(one.id), ...(loaded.samples.get(one.id) || { times: [], values: [], gap: Infinity }) }));
  const layout = JSON.stringify([...slots.entries(), isLog()]);
  if ((samplesAreNew || layout !== draw.layout) && loaded.range) {
    plot.show(series, loaded.range, isLog());
    byId("log").checked = isLog();
    draw.layout = layout;
    mark(place, "points", String(series.reduce((sum, one) => sum + one.times.length, 0)));
    mark(place, "newest", String(Math.max(0, ...series.map((one) => one.times.at(-1) || 0))));
    mark(place, "oldest", String(Math.min(...series.map((one) => one.times[0] ?? Infinity))));
    mark(place, "from", String(loaded.range[0]));
    mark(place, "until", String(loaded.range[1]));
  }
  return undefined;
}

function showState() {
  const [state, text] = stateInWords();
  fill(byId("state"), text);
  mark(byId("state"), "state", state);
  mark(document.body, "away", String(awaySince !== null));
  const title = state === "good" ? "livemon" : "⚠ livemon";
  if (document.title !== title) document.title = title;
  const details = byId("problems"), sentences = awaySince === null ? problems : [];
  if (details.hidden !== sentences.length === 0) details.hidden = sentences.length === 0;
  if (details.dataset.said !== sentences.join("\n")) {
    details.dataset.said = sentences.join("\n");
    details.querySelector("ul").replaceChildren(...sentences.map((sentence) => element("li", {}, sentence)));
  }
  if (!channels) return;
  const times = channels.all.filter((one) => one.time !== null && !one.isAge).map((one) => one.time);
  const age = times.length ? now() - Math.max(...times) : null;
  const newest = age === null ? "never a sample" : `newest ${duration(age)}${age < 0.95 ? "" : " ago"}`;
  fill(byId("freshness"), `${count(channels.nodes.length, "data node")}, ${count(channels.all.length, "channel")}, ${newest}`);
}

const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

function stateInWords() {
  if (awaySince !== null) {
    const tunnel = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname) ? ` Is the tunnel (ssh -L ${location.port}:127.0.0.1:5000) open?` : "";
    return ["dead", `The bridge does not answer since ${clock(awaySince)}; trying again. Values below are old.${tunnel}`];
  }
  if (!channels) return ["waiting", "asking the bridge …"];
  if (!channels.nodes.length) return ["stale", "No data nodes yet: hub and nodes may be starting."];
  if (problems.length) return ["dead", problems.length === 1 ? `Problem: ${problems[0]}` : count(problems.length, "problem")];
  return ["good", "All is well"];
}

function showTimes() {
  const [start, end] = interval(view, now());
  const same = RANGES.find(([seconds]) => seconds === view.range);
  const text = isLive(view) ? `Last ${same ? same[1] : duration(view.range)}, live` : `${moment(start)} to ${moment(end)}, standing still`;
  fill(byId("when"), text);
  mark(byId("when"), "live", String(isLive(view)));
  fill(byId("live"), isLive(view) ? "Pause" : "Live");
  byId("back").disabled = !depth();
  const words = new URLSearchParams(isLive(view) ? { from: String(-view.range), until: "0" } : { from: String(view.from), until: String(view.until) });
  chosen().forEach((one) => words.append("field", one.name));
  byId("csv-all").href = `api/series.csv?${words}`;
  words.set("points", String(pointsAcross()));
  byId("csv").href = `api/series.csv?${words}`;
}

function showHint(shown) {
  const gone = missing();
  const hints = [];
  if (notice) hints.push(notice);
  if (gone.length) hints.push(`Not there at the moment: ${gone.join(", ")}.`);
  if (view.fields && view.fields.length - gone.length > MOST_PLOTTED) hints.push(`Only the first ${MOST_PLOTTED} channels are plotted.`);
  if (channels && !shown.length && !gone.length) hints.push("Choose channels in the list below to plot them.");
  if (shown.length && loaded.samples.size) {
    const known = shown.map((one) => loaded.samples.get(one.id)).filter(Boolean);
    if (known.every((one) => !one.times.length)) hints.push("No samples in this range.");
    const below = isLog() ? shown.filter((one) => loaded.samples.get(one.id)?.values.some((value) => value !== null && value <= 0)) : [];
    if (below.length) hints.push(`Zero and below have no place on a logarithmic axis: ${below.map((one) => one.title).join(", ")}.`);
  }
  const bare = place ? unitsWithoutAxis(shown, place.clientWidth) : [];
  if (bare.length) hints.push(`Without an axis of their own: ${bare.join(", ")}.`);
  fill(byId("hint"), hints.join(" "));
}

function showList() {
  const listed = list.show({ channels, slots, now: now(), search: view.search, which: byId("which").value });
  const all = !view.search && byId("which").value === "all";
  showList.said = all ? "" : `${listed} of ${count(channels.all.length, "channel")}`;
  clearTimeout(showList.timer); // a screen reader speaks of it once somebody has written
  showList.timer = setTimeout(() => fill(byId("found"), showList.said), 400);
}

function showValues(shown) {
  const [start, end] = interval(view, now());
  values.show({ chosen: shown, samples: loaded.samples, slots, now: now(), time: plot ? plot.time() : null, span: end - start });
}

function showCursor(time) {
  const shown = chosen();
  showValues(shown);
  const [start, end] = loaded.range || interval(view, now());
  place.setAttribute("aria-valuemin", Math.round(start));
  place.setAttribute("aria-valuemax", Math.round(end));
  place.setAttribute("aria-valuenow", Math.round(time ?? end));
  const told = shown.map((one) => `${one.title} ${values.rows.get(one.id)?.value.textContent}`);
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
  fill(byId("zone"), `Times here are of ${zone()}; links and tables have UTC.`);
});
byId("exact").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const [from, until] = [fromLocal(form.from.value), fromLocal(form.until.value)];
  form.until.setCustomValidity(from < until ? "" : "The end must be after the begin.");
  if (!form.reportValidity()) return;
  go({ from, until });
  showControls();
});
byId("exact").querySelector("form").addEventListener("input", (event) => event.currentTarget.until.setCustomValidity(""));

byId("copy").addEventListener("click", async () => {
  // What the page chose by itself must stand in the link, or it would be another view when channels have changed.
  if (!view.fields) change({ fields: chosen().map((one) => one.name), log: isLog() });
  try {
    await navigator.clipboard.writeText(location.href);
    done("The link is copied.");
  } catch { // browsers let only HTTPS and this machine write there
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
      done(silent.length ? `The table lacks what did not answer: ${silent.join(", ")}.` : `The table is saved: ${quantity(blob.size / 1000, "kB", 3)}.`);
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
