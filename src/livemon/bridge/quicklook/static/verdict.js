// What the head of the page says: whether the appliance is well, whether the cryostat is, and what is wrong with either, in full.
// Two statements that must not be taken for each other, and none that the page does not know.

import { element, fill, mark } from "./dom.js";
import { endText } from "./limits.js";
import { clock, count, duration, quantity, since } from "./text.js";

const KNOWN_S = 45; // what /api/health said is taken for true for this long; it is asked every 10 s
const OLD_S = 120; // from this age on a value is said to be old, as in livemon.alarms.sentences

export class Verdict {
  // `places` are the elements; `plot(path)` is called for an alarm whose channel somebody wants to see.
  constructor(places, plot) {
    this.places = places;
    this.plot = plot;
    this.alarms = "";
    this.problems = "";
    this.ages = [];
  }

  // Show what /api/health said (null: nothing yet) at `heard`, and since when the bridge does not answer or with what fault (null: it does).
  show({ health, heard, away, now, nodes }) {
    const isKnown = health !== null && away === null && now - heard < KNOWN_S;
    const [state, text] = ofAppliance({ health, heard, away, now, nodes });
    this.say(this.places.state, state, text);
    const [cryostat, sentence] = isKnown ? ofCryostat(health) : ["waiting", ""];
    this.say(this.places.cryostat, cryostat, sentence);
    this.showProblems(isKnown ? health.problems : []);
    this.showAlarms(health === null ? [] : health.alarms, now); // one that was known stays while nothing newer is
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
    problems.hidden = sentences.length < 2; // one stands in the first line
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

// What an alarm means for the reader: "silenced" if somebody has silenced it.
export const stateOf = (alarm) => (alarm.silenced ? "silenced" : alarm.state);

// The alarms' states by the paths of their channels; of several the first, which is the worst.
export function statesByPath(alarms) {
  const states = new Map();
  for (const alarm of alarms) if (alarm.path && !states.has(alarm.path)) states.set(alarm.path, stateOf(alarm));
  return states;
}

// A value against its limit in large type; what is not of that kind in its own sentence.
function headline(alarm) {
  if (alarm.kind !== "value" || !alarm.path || alarm.value === null) return [element("strong", {}, alarm.sentence)];
  const measured = alarm.age > OLD_S ? `, as measured ${duration(alarm.age)} ago` : "";
  return [element("strong", {}, alarm.label || alarm.field), " ", element("strong", { class: "value" }, quantity(alarm.value, alarm.unit)), ` ${endText(alarm)}${measured}`];
}

function sinceText(alarm, now) {
  const words = [`Since ${since(alarm.since, now)}, ${duration(now - alarm.since)}`, alarm.severity, alarm.node];
  if (alarm.state === "pending") words.push("pending: nobody is told unless it lasts longer");
  if (alarm.silenced) words.push("silenced: nobody is told");
  return words.filter(Boolean).join(" · ");
}

// Values stand in the list of alarms: here they would be spoken again whenever one of them changes.
function ofCryostat({ alarms, cryostat }) {
  const isQuiet = cryostat.well && cryostat.told_by && !alarms.length;
  const state = cryostat.well === false ? "dead" : isQuiet ? "good" : "stale";
  if (!alarms.length) return [state, cryostat.sentence];
  const firing = alarms.filter((alarm) => alarm.state === "firing").length, pending = alarms.length - firing;
  const numbers = [firing && `${count(firing, "alarm")} ${are(firing)} firing`, pending && `${firing ? pending : count(pending, "alarm")} ${are(pending)} pending`];
  return [state, `${numbers.filter(Boolean).join(", ")}.${cryostat.told_by ? "" : " Nobody is told of alarms: they are only shown here."}`];
}

const are = (number) => (number === 1 ? "is" : "are");

function ofAppliance({ health, heard, away, now, nodes }) {
  if (away?.fault) return ["dead", `The bridge has failed since ${since(away.since, now)}: ${away.fault}. Trying again; the values below are old.`];
  if (away !== null) return ["dead", `The bridge has not answered since ${since(away.since, now)}. Trying again; the values below are old.${tunnel()}`];
  if (nodes === null || health === null) return ["waiting", "Asking the bridge …"];
  if (now - heard >= KNOWN_S) return ["stale", `Whether the appliance is well is not known: the bridge has not said so since ${clock(heard)}.`];
  const { problems } = health;
  if (problems.length) return ["dead", problems.length === 1 ? `Problem of the appliance: ${problems[0]}` : `${count(problems.length, "problem")} of the appliance:`];
  if (!nodes) return ["stale", "No data nodes yet: hub and nodes may be starting."];
  return ["good", "The appliance is well."];
}

function tunnel() {
  const isTunnel = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  return isTunnel ? ` Is the tunnel (ssh -L ${location.port}:127.0.0.1:5000) open?` : "";
}
