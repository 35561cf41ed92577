"""One of each kind of request that a real Grafana sent, as it was recorded, and what Grafana must find in the answer.

`grafana_requests/<release>.jsonl` has one request a line; ``{now-N}`` stands for a time N seconds ago. What the browser
asks for comes through the proxy of the data source, which adds a header of its own; the recording has only those that it names.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import numpy as np
import pytest
from memory_source import Irregular, MemorySource, Samples

from livemon.bridge.app import create_app
from livemon.bridge.node_watch import Event

RECORDED = Path(__file__).parents[1] / "grafana_requests"
SECRET = "0b6f-pulse"
NOW = int(time.time())
FEED = "observatory.{}.feeds.temperatures.Channel_{}_T"
PLATES = {
    "control": {"01": "50K plate", "02": "4K plate", "03": "Still", "04": "Mixing chamber"},
    "ls240": {"1": "50K plate", "2": "50K shield", "3": "4K plate", "4": "4K shield"},
}
NODES = {"control": "LSA22YG", "ls240": "LSA21OQ"}
AGENTS = ("aggregator", "registry", "control", "ls240")
ON_THE_MACHINE = {
    "observatory.aggregator.feeds.archive.lag": 3.0,
    "livemon.sensors.disk_used": 41.0,
    "livemon.sensors.clock_synchronized": 1.0,
    "livemon.sensors.certificate_days": 29.5,
}
TEMPERATURES = {
    FEED.format(agent, channel): {"node": NODES[agent], "label": label, "unit": "K"}
    for agent, plates in PLATES.items()
    for channel, label in plates.items()
}
AGE = f"age.{FEED.format('control', '02')}"


def of_lab(seconds):
    """The channels of a lab whose machine has run for so many seconds."""
    start = NOW - seconds
    # Two agents came at nearly the same time; later there is a sample every ten seconds or a little more.
    beats = start + np.concatenate(([0, 0.0013], 10.0007 * np.arange(1, seconds // 10)))
    series = [Irregular(f"observatory.{agent}.agent.connected", beats, np.ones(beats.size)) for agent in AGENTS]
    series += [Samples(path, start, 1, [4.0] * seconds, tags) for path, tags in TEMPERATURES.items()]
    series += [Samples(path, start, 10, [value] * (seconds // 10)) for path, value in ON_THE_MACHINE.items()]
    series += [Samples(AGE, start, 2, [0.5] * (seconds // 2))]
    # Events are asked for in words, "-5min", and other tests may have taken a while since NOW.
    return MemorySource(series, [Event(time.time() - 120, "sensors", "This machine", "joined")])


@dataclass(frozen=True)
class Recording:
    """One request as it was recorded."""

    number: int
    content: dict

    @property
    def through_proxy(self) -> bool:
        return "proxy" in self.content["sender"]

    @property
    def headers(self) -> dict:
        headers = {"User-Agent": self.content["user_agent"]}
        if self.content["content_type"]:
            headers["Content-Type"] = self.content["content_type"]
        return headers | ({"X-Forwarded-For": "192.0.2.7"} if self.through_proxy else {})

    def send(self, client: Any, headers: dict | None = None, since: int | None = None) -> Any:
        """Send it to a bridge; with `since`, the interval begins so many seconds ago, whatever was recorded."""

        def now(text: str) -> str:
            return re.sub(r"\{now([+-]\d+)\}", lambda found: str(NOW + int(found[1])), text)

        def pairs(of: str) -> list[tuple[str, str]]:
            return [
                (name, str(NOW - since) if name == "from" and since else now(value))
                for name, value in self.content.get(of) or []
            ]

        body = (
            self.content.get("body") if "form" not in self.content else urlencode(pairs("form"), quote_via=quote_plus)
        )
        return client.open(
            f"{self.content['path']}?{urlencode(pairs('query'))}",
            method=self.content["method"],
            data=body,
            headers=self.headers | (headers or {}),
        )


def recordings(release):
    lines = (RECORDED / f"{release}.jsonl").read_text().splitlines()
    return [Recording(number, json.loads(line)) for number, line in enumerate(lines, start=1)]


def newest(answer):
    """The newest value of each series by its name, in their order; each is fresh."""
    for series in answer:
        times = [when for _, when in series["datapoints"]]
        assert times == sorted(set(times))
        assert 0 <= NOW - times[-1] <= 30, series["target"]
        assert all(isinstance(tag, str) and tag for tag in series["tags"].values())
    return {series["target"]: series["datapoints"][-1][0] for series in answer}


def labels(agent):
    return sorted(set(PLATES[agent].values()))


EVERY_LABEL = sorted({*labels("control"), *labels("ls240")})
JOINED = [("sensors joined", ["data-node", "joined", "sensors"])]


def a_rule(answer):
    assert list(newest(answer).items()) == [(f"{AGE} A", 0.5)]
    assert answer[0]["tags"]["name"] == AGE


def events(answer):
    assert [(each["what"], each["tags"]) for each in answer] == JOINED
    assert all(isinstance(each["when"], int) for each in answer)


def events_and_agents(answer):
    assert JOINED[0] in [(each["what"], each["tags"]) for each in answer]


def appliance(answer):
    assert list(newest(answer).items()) == [
        *(("Agents", 1.0), ("Archive lag", 3.0), ("Disk used", 41.0), ("Clock", 1.0), ("Certificate", 29.5))
    ]


def temperatures(answer):
    names = [f"{label} ({NODES[agent]})" for agent, plates in PLATES.items() for label in plates.values()]
    assert list(newest(answer).items()) == [(name, 4.0) for name in names]


def a_temperature(answer):
    assert list(newest(answer).items()) == [("50K plate", 4.0)]
    assert len(answer[0]["datapoints"]) <= 219


def functions(answer):
    assert answer.keys() >= {"alias", "aliasSub", "minSeries", "aliasByNode"}
    assert all(each["name"] == name for name, each in answer.items())


def first_nodes(answer):
    assert [(each["text"], each["expandable"]) for each in answer] == [("age", 1), ("livemon", 1), ("observatory", 1)]


def one_node(answer):
    assert [(each["text"], each["id"], each["expandable"]) for each in answer] == [("livemon", "livemon", 1)]


def tags(answer):
    assert set(answer) >= {"name", "node", "instrument", "label", "unit"}


def no_tags(answer):
    assert answer == []  # none begins with an o


def labels_of_all(answer):
    assert answer == EVERY_LABEL


def labels_of_one(answer):
    assert answer == labels("control")


def paths(answer):
    assert answer == {"results": [FEED.format("control", channel) for channel in PLATES["control"]]}


def pulse(answer):
    assert answer == {"pulse": True}


MUST_FIND = {
    "9.4": [
        *(a_rule, events, appliance, temperatures, pulse, a_temperature, functions, first_nodes, tags, one_node),
        *(no_tags, labels_of_all, labels_of_one, paths, events_and_agents),
    ]
}
"""By release, in the order of the recording."""
REPLAYED = [
    pytest.param(recording, must_find, id=f"{release}-{recording.number}-{must_find.__name__}")
    for release, finders in MUST_FIND.items()
    for recording, must_find in zip(recordings(release), finders, strict=True)
]
PANELS = [each for each in REPLAYED if each.values[0].through_proxy and each.values[0].content["path"] == "/render"]


@pytest.fixture(scope="module", params=[3600, 600], ids=["ran-for-an-hour", "ran-for-ten-minutes"])
def client(request):
    return create_app(of_lab(request.param), lambda: SECRET).test_client()


def strictly(text):
    def refuse(token):
        raise ValueError(f"{token} is not JSON")

    return json.loads(text, parse_constant=refuse)


def found(answer):
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/json"
    return strictly(answer.text)


@pytest.mark.parametrize(("recording", "must_find"), REPLAYED)
def test_a_recorded_request_finds_what_grafana_must_find(client, recording, must_find):
    must_find(found(recording.send(client, {"Authorization": f"Bearer {SECRET}"})))


@pytest.mark.parametrize("hours", [1, 6, 24, 168])
@pytest.mark.parametrize(("recording", "must_find"), PANELS)
def test_a_panel_has_data_whatever_the_range(client, recording, must_find, hours):
    answer = found(recording.send(client, since=hours * 3600))
    must_find(answer)


def test_what_changes_the_bridge_is_refused_as_it_was_recorded(client):
    (recording,) = [recording for recording, must_find in (each.values for each in REPLAYED) if must_find is pulse]
    answer = recording.send(client)
    assert answer.status_code == 403
    assert "one can only read" in answer.json["error"]


def of_lab_with_an_outage():
    """One whose nodes were away from a minute to half a minute ago: what they know has no sample of then."""
    times = np.concatenate((np.arange(NOW - 600, NOW - 60), np.arange(NOW - 30, NOW))).astype(float)
    return MemorySource([Irregular(path, times, np.full(times.size, 4.0)) for path in (*TEMPERATURES, AGE)])


@pytest.mark.parametrize("number", [4, 6])
def test_a_panel_has_one_null_in_an_outage(number):
    recording = recordings("9.4")[number - 1]
    for series in recording.send(create_app(of_lab_with_an_outage()).test_client()).json:
        nulls = [when for value, when in series["datapoints"] if value is None]
        assert len(nulls) == 1
        assert NOW - 62 < nulls[0] < NOW - 28


def test_a_rule_has_no_null_in_an_outage():
    """Strict reducers would make NaN of it, for which the rule fires."""
    (series,) = recordings("9.4")[0].send(create_app(of_lab_with_an_outage()).test_client()).json
    assert [value for value, _ in series["datapoints"]] == [4.0] * 90
