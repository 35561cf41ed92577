// The plotted channels in numbers: the newest value or that at the cursor, and the smallest and largest in the range. It is the plot's legend, and
// its substitute for those who cannot see it.

import { reading, hasReading, staleness } from "./channels.js";
import { element, fill, mark, swatch } from "./dom.js";
import { limitsText } from "./limits.js";
import { ageText } from "./list.js";
import { extremes, valueAt } from "./samples.js";
import { clock, moment, quantity, span } from "./text.js";

export class Values {
  // `remove(id)` is called for a channel that the user removes.
  constructor(table, head, remove) {
    [this.body] = table.tBodies;
    this.table = table;
    this.head = head;
    this.remove = remove;
    this.rows = new Map();
    this.layout = "";
  }

  // Show channels, those beyond a limit first, with samples and colour slots by id; `time` is the cursor's, null for now, and `seconds` the length
  // of the range. `beyond` has the state of each path's alarm: "firing", "pending" or "silenced".
  show({ chosen, samples, slots, now, time, seconds, beyond }) {
    const rank = (one) => RANKS.indexOf(beyond.get(one.path));
    const sorted = [...chosen].sort((a, b) => rank(b) - rank(a));
    const layout = JSON.stringify(sorted.map((one) => [one.id, one.shownAs, slots.get(one.id)]));
    if (layout !== this.layout) this.make(sorted, slots, layout);
    this.table.hidden = !chosen.length;
    fill(this.head, time === null ? "Now" : seconds > 86400 ? moment(time) : clock(time));
    mark(this.head, "cursor", String(time !== null));
    for (const one of sorted) this.fillRow(one, samples.get(one.id), time, now, beyond.get(one.path));
  }

  fillRow(one, series, time, now, alarm) {
    const row = this.rows.get(one.id);
    const [low, high] = series ? extremes(series) : [null, null];
    const value = time === null ? reading(one) : quantity(series && valueAt(series, time), one.units);
    fill(row.value, value);
    fill(row.low, quantity(low, one.units, 4));
    fill(row.high, quantity(high, one.units, 4));
    fill(row.range, span(low, high, one.units));
    const state = staleness(one, now);
    const about = [...(one.shownAs === one.title ? [one.node] : []), ...(one.limits.length ? [`alarm ${limitsText(one)}`] : []), ...(state === "fresh" ? [] : [ageText(one, state, now)])];
    fill(row.about, about.join(", "));
    mark(row.place, "age", state);
    mark(row.place, "alarm", alarm || "none");
    mark(row.place, "reading", String(time !== null || hasReading(one)));
  }

  make(chosen, slots, layout) {
    this.layout = layout;
    this.rows.clear();
    this.body.replaceChildren(...chosen.map((one) => {
      const row = { value: element("span"), low: cell("low"), high: cell("high"), range: element("span", { class: "range" }), about: element("span", { class: "name" }) };
      const remove = element("button", { type: "button", "aria-label": `Remove ${one.title} of ${one.node} from the plot` }, "×");
      remove.addEventListener("click", () => this.remove(one.id));
      const title = element("span", { class: "title" }, one.shownAs, row.about);
      const now = cell("now");
      now.append(row.value, row.range);
      row.place = element("tr", { "data-channel": one.id }, element("th", { scope: "row" }, element("span", { class: "label" }, swatch(slots.get(one.id)), title)), now, row.low, row.high, element("td", {}, remove));
      this.rows.set(one.id, row);
      return row.place;
    }));
  }
}

const RANKS = [undefined, "silenced", "pending", "firing"];
const cell = (what) => element("td", { class: `number ${what}` });
