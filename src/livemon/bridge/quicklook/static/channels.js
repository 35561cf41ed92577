// The channels, as /api/status tells of them.

export const STALE_S = 60, SILENT_S = 300; // a 372 that scans all its channels comes back to one after 208 s
const MOST_AT_FIRST = 12;
const AGE = "age.";

export class Channels {
  constructor(nodes) {
    this.nodes = nodes.map((node) => ({ ...node, channels: node.fields.map((field) => channel(node, field)) }));
    this.all = this.nodes.flatMap((node) => node.channels);
    this.byId = new Map(this.all.map((one) => [one.id, one]));
    this.byPath = new Map();
    for (const one of this.all) if (!this.byPath.has(one.path)) this.byPath.set(one.path, one);
    // What stands in links: the permanent name, unless two nodes claim it.
    for (const one of this.all) one.name = this.byPath.get(one.path) === one ? one.path : one.id;
  }

  find(name) {
    return this.byId.get(name) || this.byPath.get(name) || this.ageOf(name);
  }

  // The age of a channel is a channel, too, though none that is listed.
  ageOf(name) {
    const one = name.startsWith(AGE) ? this.byPath.get(name.slice(AGE.length)) : undefined;
    if (one) this.byId.set(name, { ...one, id: name, name, path: name, title: `Age of ${one.title}`, units: "s", value: one.age, isAge: true });
    return this.byId.get(name);
  }

  // What is plotted while nobody has chosen: temperatures, those that the inventory labels rather than others.
  atFirst() {
    const warm = this.all.filter((one) => one.units === "K" && typeof one.value === "number" && one.value !== 0 && !one.isAge);
    const labelled = warm.filter((one) => one.label);
    return (labelled.length ? labelled : warm).slice(0, MOST_AT_FIRST);
  }
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
    away: Boolean(node.error),
    isAge: field.path.startsWith(AGE),
    words: about.filter(Boolean).join(" ").toLowerCase(),
  };
}

// How old a channel's newest sample is: "fresh", "stale", "silent", or "never" if there is none; "off" if it is silent and the inventory does not
// list it.
export function staleness(channel, now) {
  if (channel.time === null) return "never";
  const age = now - channel.time;
  if (channel.away) return "silent";
  if (age > SILENT_S) return channel.expected === false ? "off" : "silent";
  return age > STALE_S ? "stale" : "fresh";
}

export function matches(channel, search) {
  return search.toLowerCase().split(/\s+/).every((word) => channel.words.includes(word));
}
