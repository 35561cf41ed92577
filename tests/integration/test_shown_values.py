"""What the dashboards show of the bridge's answers, by Grafana's own library (@grafana/data) of its oldest release and of a new one.

Where no image of Grafana can be had this is how it is known that names, units, colours and links become what they are meant to be.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from memory_source import MemorySource, Samples
from paths import ROOT

from livemon.bridge.app import create_app
from plugins.plugin_utils.inventory.grafana.alarms import appliance
from plugins.plugin_utils.inventory.grafana.alarms.kinds import KINDS
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.grafana.dashboards.appliance import HEALTH
from plugins.plugin_utils.inventory.grafana.dashboards.dashboard import DashboardSettings
from plugins.plugin_utils.inventory.grafana.dashboards.render import dashboards

HERE = ROOT / "tests/grafana_data"
GREEN, ORANGE, RED, GRAY = "#73BF69", "#FF9830", "#F2495C", "#808080"
COLORS = {"critical": RED, "warning": ORANGE, None: GRAY}
"""By how severe an alarm is, worst first; none is for what nobody wants to be told of."""
INSTRUMENT = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "channels": {
        1: {"label": "4K plate", "alarm_above_K": 5.0},
        2: {"label": "Still", "alarms": [{"above": 1.0, "severity": "warning"}, {"above": 2.0}]},
        3: {"label": "5m"},
        4: {"label": "Cold plate", "alarms": [{"outside": [0.1, 0.9]}, {"below": 0.2, "severity": "warning"}]},
    },
}
FEED = "observatory.control.feeds.temperatures"
VALUES = {
    f"{FEED}.Channel_01_T": 5.5,
    f"{FEED}.Channel_02_T": 1.2,
    f"{FEED}.Channel_03_T": 0.0123,
    f"age.{FEED}.Channel_01_T": 4.2,
    f"age.{FEED}.Channel_02_T": 5000.0,
    f"age.{FEED}.Channel_03_T": 4.2,
    f"invalid.{FEED}.Channel_01_T": 0.0,
    f"invalid.{FEED}.Channel_02_T": 0.0,
    f"invalid.{FEED}.Channel_03_T": 1.0,
    "observatory.control.agent.connected": 0.0,
    "observatory.control.agent.degraded": 1.0,
    "observatory.aggregator.agent.connected": 1.0,
    "observatory.aggregator.feeds.archive.lag": 3.0,
    "observatory.aggregator.feeds.archive.lost": 0.0,
    "livemon.sensors.certificate_days": 396.6,
    "livemon.sensors.clock_synchronized": 0.0,
    "livemon.sensors.disk_free": 812.3,
}
LINK = "/d/livemon-i-control?${__url_time_range}"
SHOWN = {
    ("overview", "Lake Shore 372 (LSA22YG)", "4K plate"): ("5.50 K", RED, LINK),
    ("overview", "Lake Shore 372 (LSA22YG)", "Still"): ("1.20 K", ORANGE, LINK),
    ("overview", "Lake Shore 372 (LSA22YG)", "5m"): ("12.3 mK", GREEN, LINK),
    ("overview", "Age of the newest sample", "4K plate"): ("4.20 s", GREEN, None),
    ("overview", "Age of the newest sample", "Still"): ("1.39 hour", ORANGE, None),
    ("overview", "Appliance", "Agents"): ("one gone", RED, None),
    ("overview", "Appliance", "Archive lag"): ("3 s", GREEN, None),
    ("overview", "Appliance", "Certificate"): ("397 days", GREEN, None),
    ("overview", "Appliance", "Clock"): ("runs free", ORANGE, None),
    ("appliance", "Disk free", "Disk free"): ("812 GB", GREEN, None),
    ("appliance", "Samples lost", "Samples lost"): ("0", GREEN, None),
    ("appliance", "Agents: heartbeat", "control"): ("gone", RED, None),
    ("appliance", "Agents: heartbeat", "aggregator"): ("here", GREEN, None),
    ("appliance", "Agents: at work", "control"): ("degraded", ORANGE, None),
    ("instrument-control", "4K plate", "4K plate"): ("5.50 K", RED, LINK),
    ("instrument-control", "Agent", "connected"): ("gone", RED, None),
    ("instrument-control", "Agent", "degraded"): ("degraded", ORANGE, None),
    ("instrument-control", "Readings", "4K plate"): ("valid", GREEN, None),
    ("instrument-control", "Readings", "5m"): ("invalid", ORANGE, None),
}
RELEASES = ["grafana-9.4", "grafana-13.2"]
TYPES = ("stat", "bargauge", "state-timeline", "timeseries")
RANGE = 600

Panels = list[dict]


def answered(source: MemorySource, now: int, site: DashboardSettings | None = None) -> Panels:
    """Each panel of values, states or lines with the bridge's answer to its queries, and where it is."""
    client = create_app(source).test_client()
    found = []
    for name, dashboard in dashboards([INSTRUMENT], settings=site).items():
        for panel in dashboard["panels"]:
            if panel["type"] in TYPES:
                asked = [target["target"] for target in panel["targets"]]
                answer = client.post(
                    "/render", data={"target": asked, "from": now - RANGE, "until": now, "maxDataPoints": 100}
                )
                assert answer.status_code == 200, answer.text
                found.append({"where": (name, panel["title"]), "panel": panel, "series": answer.json})
    return found


def steadily(values: Mapping[str, float], now: int) -> list[Samples]:
    """Samples of the last minute that are all of one value."""
    return [Samples(path, now - 60, 10, [value] * 6) for path, value in values.items()]


def shown_by(release: str, panels: Panels) -> Panels:
    """What a release of Grafana shows, a panel each."""
    if not (HERE / "node_modules").is_dir() or shutil.which("node") is None:
        pytest.skip("Grafana's library is not installed: make integration does it where there is npm (apt install npm)")
    answer = subprocess.run(
        ["node", HERE / "shown.cjs", release],
        input=json.dumps(panels),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout)


@pytest.mark.parametrize("release", RELEASES)
def test_values_are_shown_with_their_names_units_colours_and_links(release):
    now = int(time.time())
    panels = answered(MemorySource(steadily(VALUES, now)), now)
    shown = {
        (*panel["where"], line["name"] or panel["where"][1]): (
            line["text"].replace("hours", "hour"),
            line["color"],
            line["url"],
        )
        for panel, drawn in zip(panels, shown_by(release, panels), strict=True)
        if panel["panel"]["type"] != "timeseries"
        for line in drawn["shown"]
        if line["text"] != "no data"
    }
    assert {place: shown.get(place) for place in SHOWN} == SHOWN


@pytest.mark.parametrize("release", RELEASES)
def test_a_reading_of_before_is_not_shown_as_the_present_one_where_the_newest_is_invalid(release):
    now = int(time.time())
    path = f"{FEED}.Channel_01_T"
    panels = answered(MemorySource([Samples(path, now - 60, 10, [5.5] * 5 + [None])]), now)
    shown = {
        panel["where"]: line["text"]
        for panel, drawn in zip(panels, shown_by(release, panels), strict=True)
        if panel["panel"]["type"] == "stat"
        for line in drawn["shown"]
        if (line["name"] or panel["where"][1]) == "4K plate"
    }
    places = [("overview", "Lake Shore 372 (LSA22YG)"), ("instrument-control", "4K plate")]
    assert {place: shown[place] for place in places} == dict.fromkeys(places, "no data")


# --- colours and alarms -------------------------------------------------------------------------------------------------

HOLDS = {
    "gt": lambda value, limits: value > limits[0],
    "lt": lambda value, limits: value < limits[0],
    "outside_range": lambda value, limits: value < limits[0] or value > limits[1],
}
"""Whether an alarm holds, as Grafana evaluates it."""
SILENCE = 420
"""Seconds after which a channel of the instrument is silent by itself."""
UNASKED = {"away_after": "critical", "degraded_after": "warning", "invalid_after": "warning", "silent_after": "warning"}
OTHERWISE = {
    "away_after": "warning",
    "degraded_after": "critical",
    "invalid_after": "critical",
    "silent_after": "critical",
}


@dataclass(frozen=True)
class Asked:
    """What an inventory says of the alarms that are there unasked: by name how severe they are, `None` for those switched off."""

    severities: Mapping[str, str | None]
    site: DashboardSettings = field(default_factory=DashboardSettings)


INVENTORIES = {
    "as it comes": Asked(UNASKED),
    "other severities": Asked(
        OTHERWISE,
        DashboardSettings(
            instrument_alarms={name: {"severity": severity} for name, severity in OTHERWISE.items()},
            appliance_alarms={
                "clock_unsynchronized": {"severity": "critical"},
                "disk_used_percent": {"limit": 70, "severity": "critical"},
                "archive_lost": {"severity": "warning"},
            },
        ),
    ),
    "switched off": Asked(
        dict.fromkeys(UNASKED),
        DashboardSettings(
            instrument_alarms=dict.fromkeys(UNASKED, False), appliance_alarms=dict.fromkeys(KINDS, False)
        ),
    ),
}


@dataclass(frozen=True)
class Judged:
    """A channel and its alarms, each ``(test, limits, severity)``; `ill` is the value at which a truth value is not well."""

    path: str
    alarms: list[tuple[str, tuple[float, ...], str | None]]
    ill: float | None = None

    @property
    def values(self) -> list[float]:
        """Below, at and above each limit, as near as can be; of a truth value both."""
        if self.ill is not None:
            return [0.0, 1.0]
        limits = {limit for _, limits, _ in self.alarms for limit in limits} or {1.0}
        return [
            each
            for limit in sorted(limits)
            for each in (math.nextafter(limit, -1e9), limit, math.nextafter(limit, 1e9))
        ]

    def color(self, value: float) -> str:
        """The colour of the worst alarm that holds."""
        holding = {severity for test, limits, severity in self.alarms if HOLDS[test](value, limits)}
        if self.ill is not None and value != self.ill:
            assert not holding
        elif self.ill is not None and not holding:
            return GRAY  # nobody wants to know, but it is not well
        return next((COLORS[severity] for severity in COLORS if severity in holding), GREEN)


def judged(asked: Asked) -> Iterator[Judged]:
    """All channels with alarms that the dashboards show."""
    yield Judged(f"{FEED}.Channel_01_T", [("gt", (5.0,), "critical")])
    yield Judged(f"{FEED}.Channel_02_T", [("gt", (1.0,), "warning"), ("gt", (2.0,), "critical")])
    yield Judged(f"{FEED}.Channel_04_T", [("outside_range", (0.1, 0.9), "critical"), ("lt", (0.2,), "warning")])
    unasked = {
        f"age.{FEED}.Channel_01_T": ("silent_after", "gt", SILENCE, None),
        f"invalid.{FEED}.Channel_03_T": ("invalid_after", "gt", 0, 1.0),
        "observatory.control.agent.connected": ("away_after", "lt", 1, 0.0),
        "observatory.registry.agent.degraded": ("degraded_after", "gt", 0, 1.0),
    }
    for path, (name, test, limit, ill) in unasked.items():
        severity = asked.severities[name]
        yield Judged(path, [(test, (limit,), severity)] if severity else [], ill)
    alarms = {
        alarm.kind: alarm
        for alarm in appliance.alarms_of(
            requested(
                {"appliance_alarms": asked.site.appliance_alarms, "instrument_alarms": asked.site.instrument_alarms}
            )
        )
    }
    for kind in KINDS.keys() & HEALTH.keys():
        found = [(alarm.test, alarm.limits, alarm.severity) for alarm in [alarms.get(kind)] if alarm]
        if kind == "clock_unsynchronized":
            # The alarm is of how long it has lasted, what is shown is whether it is so.
            found = [("lt", (1.0,), severity) for *_, severity in found]
        yield Judged(HEALTH[kind][1], found, 0.0 if kind == "clock_unsynchronized" else None)


def first_path(target: str) -> str:
    """The path that a target names first, which is what it shows."""
    return re.search(r"\w+(\.(\w|\*|\{[^}]*\})+){2,}", target)[0]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("inventory", INVENTORIES)
def test_everything_shown_has_the_colour_of_its_alarm_below_at_and_above_its_limits(inventory, release):
    """ "Samples lost 0" was red, and a clock that runs free, whose alarm is a warning; an agent that was gone was green."""
    now, asked = int(time.time()), INVENTORIES[inventory]
    paths = {each.path: each for each in judged(asked)}
    rounds = max(len(each.values) for each in paths.values())
    panels, given = [], []
    for number in range(rounds):
        values = {path: each.values[number % len(each.values)] for path, each in paths.items()}
        # A reading is valid or not while samples come.
        source = MemorySource(steadily(values | {f"age.{FEED}.Channel_03_T": 1.0}, now))
        found = [each for each in answered(source, now, asked.site) if each["panel"]["type"] != "timeseries"]
        panels += found
        given += [values] * len(found)
    seen = set()
    for panel, values, drawn in zip(panels, given, shown_by(release, panels), strict=True):
        targets = {
            target["target"].rpartition('"')[0].rpartition('"')[2]: target["target"]
            for target in panel["panel"]["targets"]
        }
        for line in drawn["shown"]:
            about = paths.get(first_path(targets[line["name"] or panel["where"][1]]))
            if about is not None and line["text"] != "no data":
                value = values[about.path]
                assert line["color"] == about.color(value), (panel["where"], line, value)
                seen.add((about.path, panel["panel"]["type"], value))
    assert {(path, value) for path, _, value in seen} == {
        (path, value) for path, each in paths.items() for value in each.values
    }
    assert {kind for path, kind, _ in seen if path.endswith((".connected", ".degraded")) or "invalid." in path} == {
        "state-timeline"
    }


# --- no data ------------------------------------------------------------------------------------------------------------

NOTHING = {
    "null": lambda now: MemorySource([Samples(path, now - 60, 10, [None] * 6) for path in VALUES]),
    "no samples in these times": lambda now: MemorySource(steadily(VALUES, now - 2 * RANGE)),
    "no channels": lambda now: MemorySource([]),
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("nothing", NOTHING)
def test_no_data_is_said_and_is_never_green(nothing, release):
    """It was a huge green "No data", a green bar without a number, or a plot without an axis and without a word."""
    now = int(time.time())
    panels = answered(NOTHING[nothing](now), now)
    said = set()
    for panel, drawn in zip(panels, shown_by(release, panels), strict=True):
        looks = {(line["text"], line["color"]) for line in drawn["shown"]}
        kind = panel["panel"]["type"]
        said.add(kind)
        if kind == "timeseries":
            assert (drawn["says"], looks) == ("No data", set()), panel["where"]
        elif kind == "state-timeline":
            assert looks <= {("no data", GRAY)}, panel["where"]
        else:
            assert looks == {("no data", GRAY)}, panel["where"]
    assert said == set(TYPES)


@pytest.mark.parametrize("release", RELEASES)
def test_states_are_not_drawn_across_times_without_samples(release):
    """An agent was "here" and its readings "valid" while nobody looked after it."""
    now = int(time.time()) // 30 * 30 + 25
    outage = [*[1.0] * 20, *[None] * 20, *[1.0] * 20]
    samples = [
        Samples("observatory.control.agent.connected", now - RANGE, 10, outage),
        Samples("observatory.control.agent.degraded", now - RANGE, 10, [each and 0.0 for each in outage]),
        Samples(f"invalid.{FEED}.Channel_01_T", now - RANGE, 10, [0.0] * 60),
        Samples(f"age.{FEED}.Channel_01_T", now - RANGE, 10, [1.0 if each else SILENCE + 1.0 for each in outage]),
    ]
    panels = answered(MemorySource(samples, nulls=False), now)
    found = {}
    for panel, drawn in zip(panels, shown_by(release, panels), strict=True):
        if panel["panel"]["type"] == "state-timeline" and panel["where"][0] == "instrument-control":
            for line in drawn["shown"]:
                found.setdefault(line["name"], []).append(line["text"])
    hole = [] if release == "grafana-9.4" else ["no data"]
    names = {"connected": "here", "degraded": "at work", "4K plate": "valid"}
    assert found == {name: [word, *hole, word] for name, word in names.items()}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("ago", "expected"), [(0, ("all here", GREEN)), (20, ("all here", GREEN)), (120, ("no data", GRAY))]
)
def test_agents_are_not_here_because_they_were_once(ago, expected, release):
    """They were "all here" until the range was over when the data nodes had stopped."""
    now = int(time.time())
    here = {f"observatory.{agent}.agent.connected": 1.0 for agent in ("aggregator", "registry", "control")}
    panels = [
        each for each in answered(MemorySource(steadily(here, now - ago)), now) if each["where"][1] == "Appliance"
    ]
    ((drawn,),) = [each["shown"] for each in shown_by(release, panels)]
    assert (drawn["text"], drawn["color"]) == expected


@pytest.mark.parametrize("release", RELEASES)
def test_ticks_without_a_number_have_no_words(release):
    """What a plot says in place of null stands at every tick of a logarithmic axis that has no number of its own."""
    now = int(time.time())
    panels = [
        panel
        for panel in answered(MemorySource(steadily(VALUES, now)), now)
        if panel["panel"]["type"] == "timeseries" and panel["series"]
    ]
    lines = [line for drawn in shown_by(release, panels) for line in drawn["shown"]]
    assert {line["text"] for line in lines} == {""}
    assert all(line["points"] for line in lines)
