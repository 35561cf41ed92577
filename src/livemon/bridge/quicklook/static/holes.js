// Holes in the archive, from /api/gaps: which samples of the plotted channels were not archived, and why.

import { element } from "./dom.js";
import { clock, count, day, duration, moment } from "./text.js";

const MOST = 5; // in words; all holes are shaded

// The holes of the feeds that the channels belong to.
export function holesOf(holes, channels) {
  return holes.filter(({ feed }) => channels.some((one) => one.path.startsWith(`${feed}.`)));
}

const nameOf = (feed) => feed.split(".")[1] || feed;

export function holeText({ begin, end, feed, reason, samples }) {
  const until = day(begin) === day(end) ? clock(end) : moment(end);
  const length = end - begin < 0.95 ? "less than 1 s" : duration(end - begin);
  const lost = typeof samples === "number" ? `, ${count(samples, "sample")}` : "";
  return `${moment(begin)} to ${until} (${length}${lost}), ${nameOf(feed)}: ${reason}`;
}

// Newest first.
export function showHoles(place, holes) {
  const said = JSON.stringify(holes);
  if (place.dataset.said === said) return;
  place.dataset.said = said;
  place.hidden = !holes.length;
  const newest = [...holes].sort((a, b) => b.begin - a.begin);
  const more = holes.length > MOST ? [element("li", {}, `and ${holes.length - MOST} earlier ones: livemon gaps lists them`)] : [];
  place.querySelector("ul").replaceChildren(...newest.slice(0, MOST).map((hole) => element("li", {}, holeText(hole))), ...more);
}
