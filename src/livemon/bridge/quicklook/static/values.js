// The plotted channels in numbers: the newest, or at the cursor, and the smallest and largest of the range. It is the plot's legend, and what
// there is of it for those who do not see it.

import { staleness } from "./channels.js";
import { element, fill, mark, swatch } from "./dom.js";
import { ageText } from "./list.js";
import { extremes, valueAt } from "./samples.js";
import { clock, moment, quantity } from "./text.js";

export class Values {
  // `remove(id)` is called for a channel that somebody takes out.
  constructor(table, head, remove) {
    [this.body] = table.tBodies;
    this.table = table;
    this.head = head;
    this.remove = remove;
    this.rows = new Map();
    this.layout = "";
  }

  // Show channels, their samples by id, and the slots of their colours; `time` is where the cursor stands, null for now.
  show({ chosen, samples, slots, now, time, span }) {
    const layout = JSON.stringify(chosen.map((one) => [one.id, one.title, slots.get(one.id)]));
    if (layout !== this.layout) this.make(chosen, slots, layout);
    this.table.hidden = !chosen.length;
    fill(this.head, time === null ? "Now" : span > 86400 ? moment(time) : clock(time));
    mark(this.head, "cursor", String(time !== null));
    for (const one of chosen) {
      const row = this.rows.get(one.id), series = samples.get(one.id);
      const [low, high] = series ? extremes(series) : [null, null];
      const value = time === null ? one.value : series ? valueAt(series, time) : undefined;
      fill(row.value, quantity(value, one.units));
      fill(row.low, quantity(low, one.units, 4));
      fill(row.high, quantity(high, one.units, 4));
      const state = staleness(one, now);
      fill(row.about, state === "fresh" ? one.node : `${one.node}, ${ageText(one, state, now)}`);
      mark(row.place, "age", state);
    }
  }

  make(chosen, slots, layout) {
    this.layout = layout;
    this.rows.clear();
    this.body.replaceChildren(...chosen.map((one) => {
      const row = { value: cell(), low: cell(), high: cell(), about: element("span", { class: "name" }) };
      const remove = element("button", { type: "button", "aria-label": `Take ${one.title} of ${one.node} out of the plot` }, "×");
      remove.addEventListener("click", () => this.remove(one.id));
      const title = element("span", { class: "title" }, one.title, row.about);
      row.place = element("tr", { "data-channel": one.id }, element("th", { scope: "row" }, element("span", { class: "label" }, swatch(slots.get(one.id)), title)), row.value, row.low, row.high, element("td", {}, remove));
      this.rows.set(one.id, row);
      return row.place;
    }));
  }
}

const cell = () => element("td", { class: "number" });
