// What the agents are doing: one row for each operation that has been started, as their heartbeats tell. Nothing here operates anything.

import { element, fill, mark } from "./dom.js";
import { since } from "./text.js";

export class Agents {
  // `place` is a section with a table.
  constructor(place) {
    this.place = place;
    this.body = place.querySelector("tbody");
    this.said = "";
    this.rows = [];
  }

  // Show the operations in the nodes of /api/status.
  show(nodes, now) {
    const operations = nodes.flatMap((node) => node.operations || []);
    this.place.hidden = !operations.length;
    const said = JSON.stringify(operations);
    if (said !== this.said) {
      this.said = said;
      this.rows = operations.map((one) => ({ one, since: element("td") }));
      this.body.replaceChildren(...this.rows.map(({ one, since: place }, i) => row(one, operations[i - 1], place)));
    }
    for (const { one, since: place } of this.rows) fill(place, one.since === null ? "" : since(one.since, now));
  }
}

// An agent's name is beside its first operation only.
function row(one, before, place) {
  const name = before?.agent === one.agent ? "" : one.agent;
  const line = element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, one.operation), element("td", {}, one.status), place);
  mark(line, "status", one.status);
  return line;
}
