"""A lab at night in memory: two 240s before the 372 in the alphabet, inputs without sensors, limits, and what the bridge says of it.

The answers are those of docs/architecture.md: ``/api/health``, ``/api/status`` and ``/api/gaps``.
"""

from __future__ import annotations

import json
import math
import time
import urllib.request

from memory_source import Samples

NOW = int(time.time())
HOUR = 3600
AHEAD = 2 * HOUR
PLATE = "observatory.control.feeds.temperatures.Channel_02_T"
CHAMBER = "observatory.control.feeds.temperatures.Channel_04_T"
SHIELD = "observatory.ls240.feeds.temperatures.Channel_4_T"
LABELS = {
    "control": ("50K plate", "4K plate", "Still", "Mixing chamber", "Channel_05_T", "Channel_06_T"),
    "ls240": ("50K plate", "50K shield", "4K plate", "4K shield", *(f"Channel_{number}_T" for number in range(5, 9))),
    "ls241": (
        "Heat switch",
        "Pulse tube 1",
        "Pulse tube 2",
        "Baffle",
        *(f"Channel_{number}_T" for number in range(5, 9)),
    ),
}
NODES = {"ls240": "LSA21OQ", "ls241": "LSA23ZZ", "control": "LSA22YG"}
KELVINS = {
    "control": (45.2, 143.6, 0.84962, 0.0101349, 0.0, 21.0),
    "ls240": (45.132, 48.21, 4.1021, 4.62, 21.1, 0.0, 0.0, 0.0),
    "ls241": (0.45049, 0.050319, 0.45281, 39.1, 0.0, 0.0, 0.0, 0.0),
}
LIMITS = {
    PLATE: [{"test": "above", "limits": [5.0], "severity": "critical", "id": "control_02_T_above"}],
    CHAMBER: [{"test": "above", "limits": [0.02], "severity": "warning", "id": "control_04_T_above"}],
    SHIELD: [{"test": "outside", "limits": [4.0, 4.5], "severity": "warning", "id": "ls240_4_T_outside"}],
}


def path(instrument: str, number: int) -> str:
    stem = f"{number:02}" if instrument == "control" else str(number)
    return f"observatory.{instrument}.feeds.temperatures.Channel_{stem}_T"


def course(kelvin: float, number: int, *, warms_up: bool = False) -> list[float]:
    """Twenty minutes of 1 Hz, and as much of the future as a slow run of all tests takes, so that the last one stays fresh."""
    if warms_up:  # from 4.1 K, for the last 14 minutes
        return [4.1 * (kelvin / 4.1) ** (min(max(second - 360, 0), 840) / 840) for second in range(1200 + AHEAD)]
    return [kelvin * (1 + 0.004 * math.sin((second + 97 * number) / 61)) for second in range(1200 + AHEAD)]


def series(*, warms_up: bool) -> list[Samples]:
    """The lab's channels; its 4K plate warms up, or all is cold."""
    cold = {"4K plate": 4.1, "4K shield": 4.3}
    return [
        Samples(
            path(instrument, number),
            NOW - 1200,
            1,
            course(kelvin if warms_up else cold.get(name, kelvin), number, warms_up=warms_up and kelvin > 100),
            {"node": NODES[instrument], "label": name, "unit": "K"},
        )
        for instrument in NODES
        for number, (name, kelvin) in enumerate(zip(LABELS[instrument], KELVINS[instrument], strict=True), 1)
    ]


SERIES = series(warms_up=True)
NEWEST = {each.name: each.values[-1] for each in SERIES}


def status(url: str, ahead: float = 0.0, **site: object) -> dict:
    """What a bridge reports about a lab with such an inventory; `ahead` are seconds by which its clock is wrong."""
    with urllib.request.urlopen(f"{url}/api/status", timeout=20) as answer:
        content = json.load(answer)
    for node in content["nodes"]:
        for field in node["fields"]:
            field["expected"] = not field["label"].startswith("Channel")
            field["limits"] = LIMITS.get(field["path"], [])
    return content | {"time": time.time() + ahead, "name": None, "time_zone": None} | site


def alarm(path: str = PLATE, **about: object) -> dict:
    """An alarm of a channel, as ``/api/health`` reports it: the 4K plate's unless stated otherwise."""
    return {
        "id": "control_02_T_above",
        "state": "firing",
        "severity": "critical",
        "node": "LSA22YG",
        "field": "channel_02_t",
        "path": path,
        "label": "4K plate",
        "unit": "K",
        "value": NEWEST[PLATE],
        "limit": 5.0,
        "test": "above",
        "kind": "value",
        "since": NOW - 13 * 60,
        "silenced": False,
        "sentence": "4K plate of LSA22YG: 143.6 K, above 5 K",
    } | about


ALARMS = [
    alarm(),
    alarm(
        SHIELD,
        id="ls240_4_T_outside",
        severity="warning",
        node="LSA21OQ",
        field="channel_4_t",
        label="4K shield",
        value=NEWEST[SHIELD],
        limit=4.5,
        test="outside",
        state="pending",
        since=NOW - 40,
        sentence="4K shield of LSA21OQ: 4.62 K, above 4.5 K; it alarms if that lasts for 2 min",
    ),
    alarm(
        None,
        id="bluefors_silent",
        severity="critical",
        node="bluefors",
        field=None,
        label=None,
        unit="s",
        value=724.0,
        limit=300.0,
        kind="age",
        since=NOW - 30 * HOUR,
        silenced=True,
        sentence="bluefors: no sample for 12 min",
    ),
]
PROBLEMS = [
    "node LSA2NEW has been silent for 7 min: see docker logs ocs_newbox",
    "agent fake2 has sent no heartbeat yet: see docker logs ocs_fake2",
    "the archive is 96 s behind: see docker logs ocs_aggregator",
    "the disk of /data is full to 97 %, with 1.2 GB left",
    "the router's certificate is valid for 3 days only: run the playbook again",
    *(f"agent reader{number} has been away for 3 h: see docker logs ocs_reader{number}" for number in range(1, 8)),
]


def health(
    problems: list[str] = (), alarms: list[dict] = (), told_by: str | None = "grafana", configured: int = 7
) -> dict:
    """What ``/api/health`` answers; `told_by` None: nobody is told of alarms."""
    firing = [each for each in alarms if each["state"] == "firing"]
    if firing:
        well, said = False, f"{len(firing)} alarms are firing, the worst: {firing[0]['sentence']}"
    elif not configured:
        well, said = None, "It is not known whether the cryostat is well: the inventory sets no limit"
    else:
        well, said = True, f"{configured} limits are set, none is exceeded"
    if told_by is None:
        said += ". Limits are only shown here: nobody is notified of an alarm"
    cryostat = {"well": well, "alarms_configured": configured, "told_by": told_by, "sentence": f"{said}."}
    return {
        "well": not problems,
        "problems": list(problems),
        "grafana": [],
        "time": time.time(),
        "alarms": list(alarms),
        "cryostat": cryostat,
    }


HOLES = [
    {
        "begin": NOW - 480.0,
        "end": NOW - 390.0,
        "feed": "observatory.control.feeds.temperatures",
        "reason": "the aggregator was not running",
        "samples": 900,
    },
    {
        "begin": NOW - 100.0,
        "end": NOW - 99.0,
        "feed": "observatory.elsewhere.feeds.others",
        "reason": "of another feed",
        "samples": None,
    },
]
