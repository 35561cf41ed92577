// The quick-look page: asks /api/status for present values and /api/series for the plot, again and again. Paths are relative, so
// that the page works behind any prefix. What is chosen stands in the URL's fragment, which makes every view a link.
"use strict";

const EVERY_MS = 1000;
const ANSWER_MS = 8000;
const STALE_S = 60, DEAD_S = 180; // a scanned 372 is fresh only once in a scan
const POINTS = 800;
const COLOURS = ["#1769c4", "#d1495b", "#2a9d5c", "#e08e0b", "#7d4fc4", "#0aa3a3", "#b8578f", "#7a8a1c", "#5b6ee1", "#c4622d", "#3d8b7d", "#99566b"];

const byId = (id) => document.getElementById(id);
const CHOOSE = byId("hint").textContent; // the same place tells faults
const dark = matchMedia("(prefers-color-scheme: dark)");
let view = readFragment();
let status = null;
let plot = null;
let plotted = "";

function readFragment() {
  const words = new URLSearchParams(location.hash.slice(1));
  const range = Number(words.get("range"));
  return {
    range: [600, 3600, 21600, 86400].includes(range) ? range : 600,
    log: words.get("log") === "1",
    // null: nothing chosen yet, so the instruments' temperatures are shown.
    fields: words.has("fields") ? words.get("fields").split(",").filter(Boolean) : null,
  };
}

function writeFragment() {
  const words = new URLSearchParams({ range: view.range });
  if (view.log) words.set("log", "1");
  if (view.fields) words.set("fields", view.fields.join(","));
  history.replaceState(null, "", "#" + words);
}

// A link may name a channel that has gone since.
const isThere = (id) => status !== null && status.nodes.some((node) => node.fields.some((field) => id === `${node.name}::${field.name}`));

function chosen() {
  if (view.fields) return view.fields.filter(isThere);
  const temperatures = [];
  for (const node of status ? status.nodes : []) {
    for (const field of node.fields) {
      if (field.units === "K" && field.value !== null && field.value !== 0) temperatures.push(`${node.name}::${field.name}`);
    }
  }
  return temperatures;
}

function significant(value, units) {
  if (typeof value !== "number") return value === null ? "–" : String(value);
  if (units === "K" && value !== 0 && Math.abs(value) < 1) return `${Number((value * 1000).toPrecision(4))} mK`;
  const size = Math.abs(value);
  const text = size === 0 ? "0" : size >= 1e6 || size < 1e-4 ? value.toExponential(3) : String(Number(value.toPrecision(5)));
  return units ? `${text} ${units === "ohm" ? "Ω" : units}` : text;
}

function duration(seconds) {
  if (seconds === null) return "never";
  if (seconds < 0.95) return "now";
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

const ageClass = (age) => (age === null || age > DEAD_S ? "dead" : age > STALE_S ? "stale" : "fresh");

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function say(state, text) {
  const place = byId("state");
  if (place.textContent !== text) place.textContent = text;
  place.dataset.state = state;
  document.title = state === "good" ? "livemon" : "⚠ livemon";
}

function showState() {
  if (!status.router.connected) return say("dead", "The bridge has lost the router; values below are the last ones known.");
  if (!status.nodes.length) return say("stale", "No data nodes yet: hub and nodes may be starting.");
  const ages = status.nodes.flatMap((node) => node.fields.map((field) => field.age)).filter((age) => age !== null);
  const faults = status.nodes.filter((node) => node.error).length;
  const channels = status.nodes.reduce((sum, node) => sum + node.fields.length, 0);
  const newest = ages.length ? Math.min(...ages) : null;
  const text = `${status.nodes.length} data nodes, ${channels} channels, newest sample ${newest === null ? "never" : duration(newest) + (newest < 0.95 ? "" : " ago")}`;
  if (faults) return say("dead", `${text}; ${faults} of the nodes do not answer`);
  say(ageClass(newest) === "fresh" ? "good" : ageClass(newest), text);
}

// Rows are made once and then only filled in: the keyboard's focus and a screen reader's place stay where they are.
function showNodes() {
  const place = byId("nodes");
  const layout = JSON.stringify(status.nodes.map((node) => [node.name, node.description, node.fields.map((f) => [f.name, f.label, f.units])]));
  if (place.dataset.layout !== layout) {
    place.dataset.layout = layout;
    place.replaceChildren(...status.nodes.map(makeNode));
  }
  const picked = chosen();
  for (const node of status.nodes) {
    const sheet = document.querySelector(`[data-node="${CSS.escape(node.name)}"]`);
    const about = sheet.querySelector("p");
    about.textContent = node.error ? `${node.description}: ${node.error}` : node.description;
    about.className = node.error ? "fault" : "";
    for (const field of node.fields) {
      const id = `${node.name}::${field.name}`;
      const row = document.querySelector(`[data-field="${CSS.escape(id)}"]`);
      row.querySelector(".value").textContent = significant(field.value, field.units);
      row.querySelector(".age").textContent = duration(field.age);
      row.dataset.age = ageClass(field.age);
      const index = picked.indexOf(id);
      row.querySelector("input").checked = index >= 0;
      row.querySelector(".swatch").style.backgroundColor = index >= 0 ? COLOURS[index % COLOURS.length] : "transparent";
    }
  }
}

function makeNode(node) {
  const rows = node.fields.map((field) => {
    const id = `${node.name}::${field.name}`;
    const box = element("input", { type: "checkbox" });
    if (field.type === "string") box.disabled = true;
    box.addEventListener("change", () => {
      const fields = chosen().filter((other) => other !== id);
      view.fields = box.checked ? [...fields, id] : fields;
      writeFragment();
      showNodes();
      updatePlot();
    });
    const title = element("span", {}, field.label || field.name, element("span", { class: "name" }, field.name));
    const label = element("label", { title: field.path }, box, element("span", { class: "swatch", "aria-hidden": "true" }), title);
    return element("tr", { "data-field": id }, element("td", {}, label), element("td", { class: "value" }), element("td", { class: "age" }));
  });
  const head = element("tr", {}, element("th", { scope: "col" }, "Channel"), element("th", { scope: "col", class: "value" }, "Value"), element("th", { scope: "col", class: "age" }, "Age"));
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
  return element("article", { class: "node", "data-node": node.name }, element("h2", {}, node.name), element("p"), table);
}

async function ask(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS), cache: "no-store" });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error || `the bridge answers ${answer.status}`);
  return content;
}

// One timeline for all series: uPlot wants that. A series has a gap where it has no sample of its own.
function join(series) {
  const times = [...new Set(series.flatMap((one) => one.times))].sort((a, b) => a - b);
  const index = new Map(times.map((time, position) => [time, position]));
  const columns = series.map((one) => {
    const column = new Array(times.length); // undefined: bridge it; null: a gap
    one.times.forEach((time, position) => {
      const value = one.values[position];
      column[index.get(time)] = view.log && !(value > 0) ? null : value;
    });
    return column;
  });
  return [times, ...columns];
}

// The legend comes below and takes what room it needs.
const plotSize = (place) => ({ width: place.clientWidth, height: Math.max(260, Math.round(innerHeight * 0.46)) });

// A night shift reads 24 hours.
const clock = (time) => new Date(time * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const date = (time) => new Date(time * 1000).toLocaleDateString([], { day: "numeric", month: "short" });

function makePlot(series, place) {
  const ink = dark.matches ? "#94a1ad" : "#5c6773", line = dark.matches ? "#2c343d" : "#e3e7eb";
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const units = [...new Set(series.map((one) => one.units || ""))];
  const format = (value) => significant(value, units.length === 1 ? units[0] : null);
  return new uPlot({
    ...plotSize(place),
    scales: { y: view.log ? { distr: 3 } : {} },
    axes: [{ ...axis, space: 70, incrs: [60, 120, 300, 600, 1800, 3600, 7200, 14400], values: (_, times) => times.map((time, i) => (i ? clock(time) : `${clock(time)}\n${date(time)}`)) }, { ...axis, size: 78, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : format(tick))) }],
    series: [
      { label: "Time", value: (_, time) => (time === null ? "–" : `${date(time)} ${new Date(time * 1000).toLocaleTimeString([], { hourCycle: "h23" })}`) },
      ...series.map((one, position) => ({
        label: `${one.node} ${one.label || one.field.split("::")[1]}`,
        stroke: COLOURS[position % COLOURS.length],
        width: 1.5,
        points: { show: one.times.length < 40, size: 4 },
        value: (_, value) => significant(value === undefined ? null : value, one.units),
      })),
    ],
    legend: { live: true },
  }, join(series), place);
}

let asking = false;
async function updatePlot() {
  const place = byId("plot"), hint = byId("hint");
  if (!place || !status || asking) return;
  asking = true;
  try {
    const fields = chosen();
    const missing = (view.fields || []).filter((field) => !isThere(field));
    hint.hidden = fields.length > 0 && !missing.length;
    hint.textContent = missing.length ? `Not there at the moment: ${missing.join(", ")}` : CHOOSE;
    if (!fields.length) {
      if (plot) plot.destroy();
      plot = null;
      return;
    }
    const words = new URLSearchParams({ from: -view.range, until: 0, points: POINTS });
    fields.forEach((field) => words.append("field", field));
    const { series } = await ask(`api/series?${words}`);
    const layout = JSON.stringify([fields, view.log, dark.matches, series.map((one) => [one.label, one.units])]);
    if (plot && plotted === layout) plot.setData(join(series));
    else {
      if (plot) plot.destroy();
      plot = makePlot(series, place);
      plotted = layout;
    }
    plot.setScale("x", { min: Date.now() / 1000 - view.range, max: Date.now() / 1000 });
    place.dataset.points = String(series.reduce((sum, one) => sum + one.times.length, 0));
    place.dataset.newest = String(Math.max(0, ...series.map((one) => one.times.at(-1) || 0)));
  } catch (fault) {
    hint.hidden = false;
    hint.textContent = fault.message;
  } finally {
    asking = false;
  }
}

async function update() {
  if (!byId("pause").checked && !document.hidden) {
    try {
      status = await ask("api/status");
      showState();
      showNodes();
      await updatePlot();
    } catch {
      say("dead", "The bridge does not answer; trying again every second. Is the tunnel (ssh -L 5000:127.0.0.1:5000) open?");
    }
  }
  setTimeout(update, EVERY_MS);
}

function showControls() {
  for (const radio of document.querySelectorAll('input[name="range"]')) radio.checked = Number(radio.value) === view.range;
  byId("log").checked = view.log;
}

byId("controls").addEventListener("change", (event) => {
  if (event.target.name === "range") view.range = Number(event.target.value);
  if (event.target.id === "log") view.log = event.target.checked;
  writeFragment();
  updatePlot();
});
byId("controls").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", () => { view = readFragment(); showControls(); if (status) { showNodes(); updatePlot(); } });
addEventListener("resize", () => { const place = byId("plot"); if (plot) plot.setSize(plotSize(place)); });
dark.addEventListener("change", updatePlot);
showControls();
update();
