// The head of the page: whether the appliance is well, whether the cryostat is, and everything that is wrong with either.
// Two statements that must not be confused, and neither of them unless it is known.

import { element, fill, mark } from "./dom.js";
import { endText } from "./limits.js";
import { clock, count, duration, quantity, since } from "./text.js";

const KNOWN_S = 45; // a response of /api/health is valid for this long; it is requested every 10 s
const OLD_S = 120; // from this age on a value is marked as old, as in livemon.alarms.sentences

export class Verdict {
  // `places` are the elements; `plot(path)` is called for an alarm whose channel the user wants to see.
  constructor(places, plot) {
    this.places = places;
    this.plot = plot;
    this.alarms = "";
    this.problems = "";
    this.ages = [];
  }

  // Show the response of /api/health (null: none yet) from the time `heard`, and since when the bridge has not answered or with what error (null: it does).
  show({ health, heard, away, now, nodes }) {
    const isKnown = health !== null && away === null && now - heard < KNOWN_S;
    const [state, text] = ofAppliance({ health, heard, away, now, nodes });
    this.say(this.places.state, state, text);
    const [cryostat, sentence] = isKnown ? ofCryostat(health) : ["waiting", ""];
    this.say(this.places.cryostat, cryostat, sentence);
    this.showProblems(isKnown ? health.problems : []);
    this.showAlarms(health === null ? [] : health.alarms, now); // a known alarm stays until there is a newer response
    return state === "good" && cryostat !== "dead";
  }

  say(place, state, text) {
    fill(place, text);
    mark(place, "state", state);
    place.hidden = !text;
  }

  showProblems(sentences) {
    const said = sentences.join("\n");
    if (said === this.problems) return;
    this.problems = said;
    const { problems } = this.places;
    problems.hidden = sentences.length < 2; // a single one is in the first line
    problems.replaceChildren(...sentences.map((sentence) => element("li", {}, sentence)));
  }

  showAlarms(alarms, now) {
    const said = JSON.stringify(alarms);
    if (said !== this.alarms) {
      this.alarms = said;
      this.places.alarms.hidden = !alarms.length;
      this.ages = alarms.map((alarm) => ({ alarm, place: element("p", { class: "since" }) }));
      this.places.alarms.replaceChildren(...this.ages.map(({ alarm, place }) => this.item(alarm, place)));
    }
    for (const { alarm, place } of this.ages) fill(place, sinceText(alarm, now));
  }

  item(alarm, place) {
    const item = element("li", { "data-alarm": alarm.id, "data-state": stateOf(alarm), "data-severity": alarm.severity || "" }, element("p", { class: "what" }, ...headline(alarm)), place);
    if (alarm.field !== null) {
      const button = element("button", { type: "button", "aria-label": `Plot ${alarm.label || alarm.field}` }, "Plot");
      button.addEventListener("click", () => this.plot(alarm.path));
      item.append(button);
    }
    return item;
  }
}

// What an alarm means for the reader: "silenced" if there is a silence for it.
export const stateOf = (alarm) => (alarm.silenced ? "silenced" : alarm.state);

// The alarms' states by the paths of their channels; of several, the first, which is the worst.
export function statesByPath(alarms) {
  const states = new Map();
  for (const alarm of alarms) if (alarm.path && !states.has(alarm.path)) states.set(alarm.path, stateOf(alarm));
  return states;
}

// A value and its limit in large type; for other kinds of alarms, their sentence.
function headline(alarm) {
  if (alarm.kind !== "value" || !alarm.path || alarm.value === null) return [element("strong", {}, alarm.sentence)];
  const measured = alarm.age > OLD_S ? `, as measured ${duration(alarm.age)} ago` : "";
  return [element("strong", {}, alarm.label || alarm.field), " ", element("strong", { class: "value" }, quantity(alarm.value, alarm.unit)), ` ${endText(alarm)}${measured}`];
}

function sinceText(alarm, now) {
  const words = [`Since ${since(alarm.since, now)}, ${duration(now - alarm.since)}`, alarm.severity, alarm.node];
  if (alarm.state === "pending") words.push("pending: nobody is notified unless it lasts longer");
  if (alarm.silenced) words.push("silenced: nobody is notified");
  return words.filter(Boolean).join(" · ");
}

// Values are in the list of alarms: here, screen readers would announce every change of one.
function ofCryostat({ alarms, cryostat }) {
  const isQuiet = cryostat.well && cryostat.told_by && !alarms.length;
  const state = cryostat.well === false ? "dead" : isQuiet ? "good" : "stale";
  if (!alarms.length) return [state, cryostat.sentence];
  const firing = alarms.filter((alarm) => alarm.state === "firing").length, pending = alarms.length - firing;
  const numbers = [firing && `${count(firing, "alarm")} ${are(firing)} firing`, pending && `${firing ? pending : count(pending, "alarm")} ${are(pending)} pending`];
  return [state, `${numbers.filter(Boolean).join(", ")}.${cryostat.told_by ? "" : " Nobody is notified of alarms: they are only shown here."}`];
}

const are = (number) => (number === 1 ? "is" : "are");

function ofAppliance({ health, heard, away, now, nodes }) {
  if (away?.fault) return ["dead", `The bridge has failed since ${since(away.since, now)}: ${away.fault}. Trying again; the values below are old.`];
  if (away !== null) return ["dead", `The bridge has not answered since ${since(away.since, now)}. Trying again; the values below are old.${tunnel()}`];
  if (nodes === null || health === null) return ["waiting", "Asking the bridge …"];
  if (now - heard >= KNOWN_S) return ["stale", `It is not known whether the appliance is well: the bridge last reported at ${clock(heard)}.`];
  const { problems } = health;
  if (problems.length) return ["dead", problems.length === 1 ? `Problem of the appliance: ${problems[0]}` : `${count(problems.length, "problem")} of the appliance:`];
  if (!nodes) return ["stale", "No data nodes yet: hub and nodes may be starting."];
  return ["good", "The appliance is well."];
}

function tunnel() {
  const isTunnel = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  return isTunnel ? ` Is the tunnel (ssh -L ${location.port}:127.0.0.1:5000) open?` : "";
}
