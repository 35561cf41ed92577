// The channels, from /api/status.

import { NOTHING, quantity } from "./text.js";

const SILENT_S = 300; // a 372 that scans all its channels returns to one after 208 s
const EXPECTED_S = 120; // within which a node sends a sample, unless it says otherwise
const MOST_AT_FIRST = 12;
const AGE = "age.";
const UNNAMED = /^channel[ _]([a-z]\d?|\d+)([ _]|$)/i; // Channel 1, Channel_01_T, Channel D2

export class Channels {
  constructor(nodes) {
    this.nodes = nodes.map((node) => ({ ...node, channels: node.fields.map((field) => channel(node, field)) }));
    this.all = this.nodes.flatMap((node) => node.channels);
    this.byId = new Map(this.all.map((one) => [one.id, one]));
    this.byPath = new Map();
    for (const one of this.all) if (!this.byPath.has(one.path)) this.byPath.set(one.path, one);
    // Links contain the permanent name, unless two nodes claim it.
    for (const one of this.all) one.name = this.byPath.get(one.path) === one ? one.path : one.id;
  }

  find(name) {
    return this.byId.get(name) || this.byPath.get(name) || this.ageOf(name);
  }

  // The age of a channel is a channel, too, but it is not listed.
  ageOf(name) {
    const one = name.startsWith(AGE) ? this.byPath.get(name.slice(AGE.length)) : undefined;
    if (one) this.byId.set(name, { ...one, id: name, name, path: name, title: `Age of ${one.title}`, units: "s", value: one.age, limits: [], isAge: true });
    return this.byId.get(name);
  }

  // What is plotted before the user chooses: channels beyond a limit, then temperatures and magnetic fields. Those in the inventory come first, and each node has its
  // share, so that an instrument with many channels does not hide the others.
  atFirst(beyond) {
    const alarmed = this.all.filter((one) => beyond.has(one.path) && one.type !== "string").slice(0, MOST_AT_FIRST);
    const warm = this.nodes.map((node) => node.channels.filter((one) => isReadFor(one) && !one.isAge && !alarmed.includes(one) && (hasReading(one) || isNamed(one))));
    const listed = warm.map((channels) => channels.filter((one) => one.expected));
    const fair = taken(listed.some((channels) => channels.length) ? listed : warm, MOST_AT_FIRST - alarmed.length);
    return [...alarmed, ...this.all.filter((one) => fair.has(one))];
  }
}

// Whether it was given a name or a limit: then it is shown even without a reading.
const isNamed = (one) => one.expected && one.time !== null && (one.limits.length > 0 || !UNNAMED.test(one.title));

// As many channels as there are places, from each node in turn.
function taken(nodes, places) {
  const found = new Set();
  const most = Math.max(0, ...nodes.map((channels) => channels.length));
  for (let turn = 0; turn < most; turn += 1) {
    for (const channels of nodes) if (turn < channels.length && found.size < places) found.add(channels[turn]);
  }
  return found;
}

function channel(node, field) {
  const id = `${node.name}::${field.name}`;
  const about = [id, field.path, field.label, field.units, node.description, ...Object.values(field.tags || {})];
  return {
    ...field,
    id,
    node: node.name,
    field: field.name,
    title: field.label || field.tags?.label || field.name,
    units: field.units || field.tags?.unit || null,
    limits: field.limits || [],
    away: Boolean(node.error),
    expectedWithin: node.silent_after === null ? Infinity : field.silent_after ?? node.silent_after ?? EXPECTED_S,
    isAge: field.path.startsWith(AGE),
    words: about.filter(Boolean).join(" ").toLowerCase(),
  };
}

// Give each channel a name that distinguishes it from the others, `shownAs`: its title, if necessary with its node or its field.
export function tellApart(channels) {
  const names = [(one) => one.title, (one) => `${one.title} (${one.node})`, (one) => `${one.title} (${one.id})`];
  for (const one of channels) {
    const same = (name) => channels.filter((other) => name(other) === name(one)).length;
    one.shownAs = (names.find((name) => same(name) === 1) || names.at(-1))(one);
  }
  return channels;
}

// Whether it is what an instrument is read for, unlike the sensor's own unit.
const isReadFor = (one) => isTemperature(one) || one.tags?.quantity === "magnetic_field";

// No temperature is 0 K: a Lake Shore sends it for an input without a valid reading.
export const hasReading = (one) => typeof one.value === "number" && !(isTemperature(one) && one.value === 0);

// A setpoint is in kelvins too, and 0 K is a valid one.
const isTemperature = (one) => (one.tags?.quantity ? one.tags.quantity === "temperature" : one.units === "K");

// The newest value in words. An input that the inventory does not list has no sensor; with one that it lists, something is wrong.
export function reading(one) {
  if (one.time === null) return NOTHING;
  if (!isTemperature(one) || hasReading(one)) return quantity(one.value, one.units);
  return one.expected === false ? "not connected" : "no reading";
}

// How old a channel's newest sample is: "fresh", "stale", "silent", or "never" if there is none; "off" if it is silent and not in the inventory.
// A node that is not expected to continue, such as an archive from years ago, is never silent.
export function staleness(one, now) {
  if (one.time === null) return "never";
  const age = now - one.time;
  if (one.away) return "silent";
  if (age > Math.max(SILENT_S, one.expectedWithin)) return one.expected === false ? "off" : "silent";
  return age > one.expectedWithin / 2 ? "stale" : "fresh";
}

export function matches(one, search) {
  return search.toLowerCase().split(/\s+/).every((word) => one.words.includes(word));
}
