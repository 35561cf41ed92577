// The list of all channels, node by node. Rows are made once a node comes near the window, then only filled in: the keyboard's focus and
// a screen reader's place stay where they are, and of many channels only the visible ones cost anything.

import { hasReading, matches, reading, staleness } from "./channels.js";
import { element, fill, mark, swatch } from "./dom.js";
import { duration } from "./text.js";

const NEAR = "600px";
const ROW_PX = 45;

export class List {
  // `toggle(channel, on)` is called for a box that the user ticks.
  constructor(place, toggle) {
    this.place = place;
    this.toggle = toggle;
    this.layout = "";
    this.parts = new Map();
    this.watch = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const part = this.parts.get(entry.target.dataset.node);
        if (!part || part.place !== entry.target) continue;
        part.near = entry.isIntersecting;
        if (part.near && this.shown) this.fillPart(part, this.shown);
      }
    }, { rootMargin: NEAR });
  }

  // Show channels as they are now. `state` is {channels, slots (by id), now, search, which, beyond (states of alarms by path)}. Returns how many are listed.
  show(state) {
    const layout = JSON.stringify(state.channels.nodes.map((node) => [node.name, node.channels.map((one) => [one.name, one.title, one.units])]));
    if (layout !== this.layout) this.make(state.channels, layout);
    this.shown = state;
    let listed = 0;
    for (const node of state.channels.nodes) {
      const part = this.parts.get(node.name);
      part.node = node;
      part.listed = new Set(node.channels.filter((one) => isListed(one, state)).map((one) => one.id));
      listed += part.listed.size;
      const isEmpty = !node.channels.length && !node.error;
      const hidden = !part.listed.size && Boolean(state.search || state.which !== "all" || isEmpty);
      if (part.place.hidden !== hidden) part.place.hidden = hidden;
      // Space for rows that are still to be made, so that nothing moves when they are.
      if (!part.rows) part.room.style.minHeight = `${ROW_PX * part.listed.size}px`;
      if (part.near) this.fillPart(part, state);
    }
    return listed;
  }

  make(channels, layout) {
    this.layout = layout;
    this.watch.disconnect();
    const old = this.parts;
    this.parts = new Map();
    for (const node of channels.nodes) {
      const own = JSON.stringify(node.channels.map((one) => [one.name, one.title, one.units]));
      const kept = old.get(node.name);
      this.parts.set(node.name, kept && kept.own === own ? kept : makePart(node, own, kept));
    }
    const places = [...this.parts.values()].map((part) => part.place);
    if (places.some((place, i) => this.place.children[i] !== place) || this.place.children.length !== places.length) this.place.replaceChildren(...places);
    places.forEach((place) => this.watch.observe(place));
  }

  fillPart(part, { slots, now, beyond }) {
    const { node } = part;
    fill(part.about, node.error ? `${node.description}: ${node.error}` : node.description);
    mark(part.place, "fault", String(Boolean(node.error)));
    if (!part.place.open) return;
    if (!part.rows) this.makeRows(part);
    for (const one of node.channels) {
      const row = part.rows.get(one.id);
      const hidden = !part.listed.has(one.id);
      if (row.place.hidden !== hidden) row.place.hidden = hidden;
      if (hidden) continue;
      fill(row.value, reading(one));
      mark(row.place, "reading", String(one.type === "string" || hasReading(one)));
      mark(row.place, "alarm", beyond.get(one.path) || "none");
      const state = staleness(one, now);
      fill(row.age, ageText(one, state, now));
      mark(row.place, "age", state);
      const slot = slots.get(one.id);
      if (row.box.checked !== (slot !== undefined)) row.box.checked = slot !== undefined;
      if (row.slot !== slot) {
        row.slot = slot;
        const next = swatch(slot);
        row.swatch.replaceWith(next);
        row.swatch = next;
      }
    }
  }

  makeRows(part) {
    part.rows = new Map();
    const rows = part.node.channels.map((one) => {
      const box = element("input", { type: "checkbox" });
      box.disabled = one.type === "string";
      box.addEventListener("change", () => this.toggle(one.id, box.checked));
      const row = { box, swatch: swatch(), value: element("td", { class: "number" }), age: element("td", { class: "age" }) };
      const title = element("span", { class: "title" }, one.title, ...(one.title === one.field ? [] : [element("span", { class: "name" }, one.field)]));
      row.place = element("tr", { "data-field": one.id }, element("th", { scope: "row" }, element("label", { title: one.path }, box, row.swatch, title)), row.value, row.age);
      part.rows.set(one.id, row);
      return row.place;
    });
    const head = element("tr", {}, element("th", { scope: "col" }, "Channel"), element("th", { scope: "col", class: "number" }, "Value"), element("th", { scope: "col", class: "age" }, "Age"));
    const caption = element("caption", { class: "unseen" }, `Channels of ${part.node.name}`);
    part.room.append(element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...rows)));
    part.room.style.minHeight = "";
  }
}

// A node with a new channel is made again, in the same place and state.
function makePart(node, own, before) {
  const about = element("p", { class: "about" }), room = element("div");
  const place = element("details", { class: "node", "data-node": node.name }, element("summary", {}, element("h3", {}, node.name)), about, room);
  place.open = before ? before.place.open : !node.channels.every((one) => one.isAge) || !node.channels.length;
  return { node, own, about, room, place, rows: null, near: Boolean(before?.near), listed: new Set() };
}

function isListed(one, { slots, now, search, which, beyond }) {
  if (which === "plotted" && !slots.has(one.id)) return false;
  if (which === "alarm" && !beyond.has(one.path)) return false;
  if (which === "silent" && !["silent", "never"].includes(staleness(one, now))) return false;
  if (which === "unlisted" && one.expected !== false) return false;
  return matches(one, search);
}

export function ageText(one, state, now) {
  if (state === "never") return "no samples";
  const age = duration(now - one.time);
  return state === "silent" ? `silent ${age}` : state === "off" ? `unlisted, ${age}` : age;
}
