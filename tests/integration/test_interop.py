"""Upstream sisock's components, as they were recorded, with our hub, our data nodes and our bridge; and upstream's hub with ours.

What upstream said is said again, message for message (tests/support/wamp_replay.py); what it hears has to have the recorded form.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from appliance import Appliance, problems
from ocs_site import Site
from paths import ROOT
from router import Router
from waiting import wait_for

DATA = Path(__file__).with_name("data")
SISOCK = "org.simonsobservatory"
CONSUMER = "simonsobs"
ERROR, SUBSCRIBED, EVENT, RESULT, INVOCATION = 8, 33, 36, 50, 68
CONTENT = {EVENT: 4, RESULT: 3, INVOCATION: 4}
"""Where the arguments are in a message."""
WEATHER = "apex_archive::apex_temperature"


def fits(recorded: Any, heard: Any) -> bool:
    """Whether something has the form of what was recorded: more keys may be there, and what was null may be known."""
    if recorded is None or heard is None:
        return not isinstance(recorded, (dict, list)) and not isinstance(heard, (dict, list))
    if isinstance(recorded, dict):
        if not isinstance(heard, dict):
            return False
        if recorded.keys() <= heard.keys():
            return all(fits(recorded[key], heard[key]) for key in recorded)
        # Timelines have names of the node's own.
        return all(any(fits(form, each) for form in recorded.values()) for each in heard.values())
    if isinstance(recorded, list):
        return isinstance(heard, list) and all(any(fits(form, each) for form in recorded) for each in heard)
    kinds = (bool, (int, float), str)
    return next(kind for kind in kinds if isinstance(recorded, kind)) == next(
        (kind for kind in kinds if isinstance(heard, kind)), None
    )


@pytest.mark.parametrize(
    ("recorded", "heard", "expected"),
    [
        ([True], [False], True),
        ([True], [1], False),
        ([True], [None], True),
        ([1, "a"], [2.5], True),
        ([1], ["a"], False),
        ([{"a": 1}], [{"a": 2, "b": 3}], True),
        ([{"a": 1}], [{"b": {}}], False),
        ({"t": {"n": 1}}, {"u": {"n": 2}}, True),
        ({"t": {"n": 1}}, {"u": 2}, False),
        ({"units": None}, {"units": "K"}, True),
        ({"units": "K"}, {"units": []}, False),
    ],
)
def test_what_fits(recorded, heard, expected):
    assert fits(recorded, heard) is expected


class Upstream:
    """One of upstream's components, replayed; leaves the router when the block ends."""

    def __init__(self, transcript: str, router: Router, secret: Path | None = None) -> None:
        self.name = transcript
        ca = router.directory / "pki/ca.crt"
        place = (
            [router.ocs_url, "-", "-"] if secret is None else [router.url, ca, router.directory / "secrets" / secret]
        )
        self.command = [sys.executable, ROOT / "tests/support/wamp_replay.py", DATA / f"{transcript}.jsonl", *place]
        self.output = router.directory / f"replay-{transcript}.log"

    def __enter__(self) -> Upstream:
        with self.output.open("w") as output, self.output.with_suffix(".err").open("w") as errors:
            self.child = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=output, stderr=errors)
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(5)
        if failed:
            print(
                f"--- {self.name}:\n{self.output.read_text()[-3000:]}{self.output.with_suffix('.err').read_text()[-2000:]}"
            )

    @property
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.output.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def heard(self, kind: int) -> list[tuple[list, list]]:
        """Messages of a kind, each with what was recorded in its place."""
        pairs = [(line["recorded"], line["heard"]) for line in self.lines if "heard" in line]
        return [(recorded, heard) for recorded, heard in pairs if recorded[0] == kind]

    def wait_until(self, condition, what: str, seconds: float = 40.0) -> None:
        wait_for(lambda: condition() or self.child.poll() is not None, f"{self.name} {what}", seconds)
        assert self.child.poll() is None, f"{self.name} ended"

    def wait_done(self) -> Upstream:
        """Wait until all has been said that was recorded, and look at what was heard."""
        self.wait_until(lambda: {"done": True} in self.lines, "to say all that was recorded")
        self.check()
        return self

    def check(self) -> None:
        """Everything that was heard has the recorded form."""
        for line in self.lines:
            if "heard" not in line:
                continue
            recorded, heard = line["recorded"], line["heard"]
            assert heard[0] == recorded[0], f"recorded {recorded}, heard {heard}"
            if recorded[0] == ERROR:
                assert heard[4] == recorded[4]
            if recorded[0] in CONTENT and recorded[0] != INVOCATION:
                at = CONTENT[recorded[0]]
                assert fits(recorded[at : at + 1], heard[at : at + 1]), f"recorded {recorded}, heard {heard}"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Our hub, a data node FAKE and our bridge, on a router that has the doors open."""
    directory = tmp_path_factory.mktemp("interop")
    router = Router(directory, anonymous_nodes=True)
    router.let_in("client", CONSUMER, "a secret of the inventory's")
    router.start()
    site = Site(directory, router)
    options = [["--num-channels", 2], ["--sample-rate", 1], ["--frame-length", 2], ["--mode", "acq"]]
    site.write(fake1=("FakeDataAgent", *options))
    try:
        with site.agent("fake1"), Appliance(directory, router) as appliance:
            appliance.write_nodes(
                {
                    "kind": "feed",
                    "name": "FAKE",
                    "target": "fake1",
                    "feeds": ["false_temperatures"],
                    "description": "Fake data",
                }
            )
            appliance.start()
            appliance.wait_for_values("FAKE")
            yield appliance
            for part in ("hub", "nodes", "bridge"):
                assert not problems(appliance.log(part)), appliance.log(part)
    finally:
        router.stop()


def weather(house: Appliance, transcript: str = "weather") -> Upstream:
    return Upstream(transcript, house.router, "node/node")


def feed(house: Appliance) -> Upstream:
    return Upstream("feed", house.router)


def listed(house: Appliance) -> list[str]:
    """Names of the data nodes that our bridge has fields of."""
    return [node["name"] for node in house.get("/api/status")[1]["nodes"] if node["fields"] and not node["error"]]


def test_our_bridge_shows_upstreams_node(house):
    with weather(house) as node:
        node.wait_done()
        assert [heard[3] for _, heard in node.heard(RESULT)] == [[True]]
        wait_for(lambda: "apex_archive" in listed(house), "the bridge to list upstream's fields")
        assert WEATHER in house.get("/search")[1]
        body = {"targets": [{"target": WEATHER}], "range": {"from": 1499990000, "to": 1500000000}}
        status, (series,) = house.get("/query", body)
        assert status == 200
        assert series["datapoints"] == [[-6.99, 1499990400000], [-8.73, 1499994000000], [-6.14, 1499997600000]]
        for _, heard in node.heard(INVOCATION):
            arguments, keywords = heard[4], dict(*heard[5:])
            # get_fields(start, end), get_data(field, start, end, min_stride=None)
            assert 2 <= len(arguments) + len(keywords) <= 4
            assert keywords.keys() <= {"min_stride"}
            assert all(isinstance(each, (int, float)) for each in arguments if not isinstance(each, list))
    wait_for(lambda: "apex_archive" not in listed(house), "the bridge to hear that upstream's node has left")


def test_our_hub_refuses_upstreams_node_a_taken_name(house):
    with weather(house) as first:
        first.wait_done()
        with weather(house, "refused") as second:
            second.wait_done()
            assert [heard[3] for _, heard in second.heard(RESULT)] == [[False]]


def test_upstreams_feed_server_joins_by_its_door(house):
    with feed(house) as node:
        node.wait_done()
        assert [heard[3] for _, heard in node.heard(RESULT)] == [[True]]
        assert len(node.heard(EVENT)) == 3
        wait_for(lambda: "FEED::channel_00" in house.get("/search")[1], "the bridge to list upstream's fields")
        assert len(house.times("FEED::channel_00")) > 3


def test_upstreams_bridge_shows_our_node(house):
    wait_for(lambda: len(house.times("FAKE::channel_00")) > 10, "ten samples", 40)
    with weather(house) as node:
        node.wait_done()
        with Upstream("bridge", house.router, f"crossbar/client.{CONSUMER}") as bridge:
            bridge.wait_until(lambda: len(bridge.heard(SUBSCRIBED)) == 2, "to follow the hub")
            with feed(house):
                bridge.wait_until(lambda: len(bridge.heard(RESULT)) == 11, "to have asked everything")
            bridge.wait_done()
    (_, added), (_, subtracted) = bridge.heard(EVENT)
    assert added[4] == subtracted[4] == [{"name": "FEED", "description": "Fake data"}]
    answers = [heard[3][0] for _, heard in bridge.heard(RESULT)]
    assert {"name": "FAKE", "description": "Fake data"} in answers[0]
    (samples,) = [each for each in answers if isinstance(each, dict) and "channel_01" in each["data"]]
    ((timeline, times),) = samples["timeline"].items()
    assert timeline.startswith("observatory.fake1.feeds.false_temperatures")
    assert [len(values) for values in samples["data"].values()] == [len(times["t"])] * 2
    assert len(times["t"]) >= 1
    assert abs(times["t"][-1] - time.time()) < 60


def test_upstreams_node_outlives_a_restart_of_our_hub(house):
    with weather(house) as node:
        node.wait_done()
        wait_for(lambda: "apex_archive" in listed(house), "the bridge to list upstream's fields")
        before = house.log("hub")
        house.restart("hub")
        wait_for(lambda: "the hub is ready" in house.log("hub").removeprefix(before), "the hub to be back", 30)
        # A search that takes longer goes on while the hub is open.
        found = "found the data node apex_archive"
        wait_for(lambda: found in house.log("hub").removeprefix(before), "the hub to find upstream's node")
        wait_for(lambda: {"apex_archive", "FAKE"} <= set(listed(house)), "the bridge to have both nodes")
    wait_for(lambda: "apex_archive" not in listed(house), "the hub to see it leave")


def test_our_node_and_our_bridge_work_with_upstreams_hub(house):
    house.stop("hub")
    try:
        with Upstream("hub", house.router, "hub/hub") as hub:
            hub.wait_until(lambda: any(len(heard) > 4 for _, heard in hub.heard(INVOCATION)), "to be told of a node")
            introduced = [heard for _, heard in hub.heard(INVOCATION) if len(heard) > 4]
            assert [heard[4][:2] for heard in introduced] == [["FAKE", "Fake data"]]
            assert introduced[0][4][2] == introduced[0][3]["caller"], "the session that upstream believes in"
            before = house.times("FAKE::channel_00")
            wait_for(lambda: house.times("FAKE::channel_00")[-1:] > before[-1:], "further samples")
            house.stop("nodes")
            hub.wait_done()
    finally:
        house.start("hub", "nodes")
    wait_for(lambda: "FAKE" in listed(house), "our hub to be back", 30)
