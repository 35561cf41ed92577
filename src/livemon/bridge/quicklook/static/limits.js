// The limits of the inventory's alarms: in words, and where the plot's axis reaches them.

import { quantity } from "./text.js";

const UNBROKEN = "\u00a0";
const ENDS = ["below", "above"];
const FLAT = 0.05; // relative variation assumed for a value that hardly changes
const NEAREST = 3, FARTHEST = 10; // factors by which a limit may be away on a logarithmic axis, for data of little and of much spread

// "above 5 K", "outside 3 K to 5 K".
export function limitText({ test, limits }, unit) {
  return `${test} ${limits.map((limit) => quantity(limit, unit).replace(" ", UNBROKEN)).join(" to ")}`;
}

export const limitsText = (one) => one.limits.map((limit) => limitText(limit, one.units)).join(" and ");

// The end of a range that a value is beyond.
export const endText = ({ test, value, limit, unit }) => limitText({ test: test === "outside" ? (value > limit ? "above" : "below") : test, limits: [limit] }, unit);

// One line for each number that is a limit of any channel: [{value, unit, text, isLowest}]; isLowest: values must not be below it.
export function limitLines(channels) {
  const lines = new Map();
  for (const one of channels) {
    for (const { test, limits } of one.limits) {
      for (const [i, value] of limits.entries()) {
        const key = JSON.stringify([one.units, value]), line = lines.get(key) || { value, unit: one.units || "", titles: new Set(), tests: new Set() };
        line.titles.add(one.shownAs);
        line.tests.add(test === "outside" ? ENDS[i] : test);
        lines.set(key, line);
      }
    }
  }
  return [...lines.values()].map(({ value, unit, titles, tests }) => ({ value, unit, text: `${named([...titles])}: ${[...tests].join(" or ")} ${quantity(value, unit)}`, isLowest: tests.has("below") }));
}

const named = (titles) => (titles.length > 2 ? `${titles.length} channels` : titles.join(", "));

// The data's range, extended to near limits: at least half of the axis remains for the data. A limit farther away would flatten the data; it is
// written beside the value instead.
export function withLimits(low, high, limits, log) {
  if (log) {
    const reach = Math.min(Math.max(high / low, NEAREST), FARTHEST);
    return reached(low, high, limits, low / reach, high * reach);
  }
  const reach = Math.max(high - low, FLAT * Math.max(Math.abs(low), Math.abs(high)));
  return reached(low, high, limits, low - reach, high + reach);
}

function reached(low, high, limits, lowest, highest) {
  const near = limits.filter((limit) => limit >= lowest && limit <= highest);
  return [Math.min(low, ...near), Math.max(high, ...near)];
}
