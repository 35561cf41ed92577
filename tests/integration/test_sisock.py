"""Hub, data nodes and bridge on a real router, fed by a real OCS agent."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from appliance import Appliance, problems
from ocs_site import Site
from waiting import wait_for

from livemon.health.liveness import EVERY

FAKE = {
    "kind": "feed",
    "name": "FAKE",
    "target": "fake1",
    "feeds": ["false_temperatures"],
    "description": "Fake data",
    "labels": {"channel_00": "First"},
    "units": {"channel_00": "K"},
}
SENSORS = {"kind": "sensors", "name": "sensors", "description": "This machine"}
CHANNEL = "FAKE::channel_00"
PATH = "observatory.fake1.feeds.false_temperatures.channel_00"


@pytest.fixture(scope="module")
def appliance(router, tmp_path_factory):
    """A running appliance, with an agent that publishes two channels at 10 Hz."""
    directory = tmp_path_factory.mktemp("sisock")
    site = Site(directory, router)
    site.write(
        fake1=(
            "FakeDataAgent",
            ["--num-channels", 2],
            ["--sample-rate", 10],
            ["--frame-length", 10],
            ["--mode", "acq"],
        ),
        fake2=(
            "FakeDataAgent",
            ["--num-channels", 1],
            ["--sample-rate", 10],
            ["--frame-length", 10],
            ["--mode", "acq"],
        ),
    )
    with site.agent("fake1"), site.agent("fake2"), Appliance(directory, router) as running:
        running.write_nodes(FAKE, SENSORS)
        running.start()
        running.wait_for_values("FAKE")
        running.wait_for_values("sensors")
        yield running
        for part in ("hub", "nodes", "bridge"):
            assert not problems(running.log(part)), running.log(part)


def test_metrics_are_listed(appliance):
    for body in (None, b"", {"target": ""}, {"target": None}, {"target": "channel_00", "type": "timeserie"}):
        status, names = appliance.get("/search", body)
        assert status == 200
        assert CHANNEL in names


def test_status_tells_labels_units_and_ages(appliance):
    # The nodes' socket gives the bridge values before the router has let it in.
    wait_for(lambda: appliance.get("/api/status")[1]["router"] == {"connected": True}, "the bridge to have joined")
    _, status = appliance.get("/api/status")
    fields = {field["name"]: field for node in status["nodes"] if node["name"] == "FAKE" for field in node["fields"]}
    field = fields["channel_00"]
    assert (field["path"], field["label"], field["units"]) == (PATH, "First", "K")
    assert -1 < field["age"] < 15


def test_a_series_grows_without_gap_or_repeat(appliance):
    before = appliance.times(CHANNEL)
    wait_for(lambda: appliance.times(CHANNEL)[-1:] > [before[-1] + 3], "three more seconds of samples", 20)
    after = appliance.times(CHANNEL)
    assert after[: len(before)] == before
    steps = [later - earlier for earlier, later in pairwise(after)]
    assert min(steps) > 0
    assert max(steps) < 1


def test_simplejson_query_returns_milliseconds_for_several_nodes_at_once(appliance):
    now = time.time()
    body = {
        "range": {"from": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now - 60)), "to": str(now)},
        "intervalMs": 1,
        "maxDataPoints": 5000,
        "targets": [
            {"target": CHANNEL, "refId": "A", "type": "timeserie"},
            {"target": "sensors::load_1", "refId": "B"},
        ],
    }
    status, answer = appliance.get("/query", body)
    assert status == 200
    assert [series["target"] for series in answer] == [CHANNEL, "sensors::load_1"]
    value, milliseconds = answer[0]["datapoints"][-1]
    assert isinstance(value, float)
    assert abs(milliseconds / 1000 - now) < 15


def test_max_data_points_is_kept(appliance):
    _, answer = appliance.get(
        "/query", {"targets": [{"target": CHANNEL}], "maxDataPoints": 10, "range": {"from": "-20s", "to": "now"}}
    )
    assert 2 <= len(answer[0]["datapoints"]) <= 10


def test_graphite_renders_and_finds(appliance):
    status, found = appliance.get("/metrics/find", query="observatory.fake1.*")
    assert (status, found) == (
        200,
        [{"text": "feeds", "id": "observatory.fake1.feeds", "allowChildren": 1, "expandable": 1, "leaf": 0}],
    )
    _, leaves = appliance.get("/metrics/find", query="observatory.*.feeds.*.channel_0{0,1}")
    assert [leaf["text"] for leaf in leaves] == ["channel_00", "channel_01"]
    form = b"target=alias(" + PATH.encode() + b"%2C'4K'" + b")&from=-1min&until=now&format=json&maxDataPoints=100"
    status, answer = appliance.get("/render", form)
    assert status == 200
    assert answer[0]["target"] == "4K"
    assert answer[0]["tags"]["name"] == PATH
    assert len(answer[0]["datapoints"]) > 10
    _, several = appliance.get("/render", target="observatory.fake1.feeds.false_temperatures.*")
    assert len({series["tags"]["name"] for series in several}) == len(several) == 2


def test_a_changed_configuration_adds_a_node_and_leaves_the_others(appliance):
    before = appliance.times(CHANNEL)
    appliance.write_nodes(
        FAKE, SENSORS, {"kind": "feed", "name": "SECOND", "target": "fake2", "feeds": ["false_temperatures"]}
    )
    appliance.wait_for_values("SECOND")
    assert appliance.times(CHANNEL)[: len(before)] == before
    appliance.write_nodes(FAKE, SENSORS)
    wait_for(lambda: "SECOND::channel_00" not in appliance.get("/search")[1], "the second node to go")
    assert appliance.times(CHANNEL)[: len(before)] == before


def test_a_broken_configuration_is_told_and_changes_nothing(appliance):
    before = appliance.times(CHANNEL)
    appliance.write_nodes(FAKE, {"kind": "fed", "name": "X"})
    wait_for(lambda: "nodes[1]: write kind: feed" in appliance.log("nodes"), "the fault in the log")
    assert appliance.times(CHANNEL)[: len(before)] == before
    appliance.write_nodes(FAKE, SENSORS)


def newest(appliance):
    status, answer = appliance.get("/api/series", field=CHANNEL, **{"from": -60, "until": 0})
    # The bridge may be back before the nodes are: their series are empty until then.
    return max(answer["series"][0]["times"], default=0) if status == 200 else 0


@pytest.mark.parametrize("part", ["hub", "bridge", "nodes"])
def test_a_restarted_part_is_back_within_ten_seconds(appliance, part):
    joined = appliance.log(part).count("joined the router")
    appliance.restart(part)
    # Python itself takes a few seconds to start on a small machine: what counts is from then on.
    wait_for(lambda: appliance.log(part).count("joined the router") > joined, f"{part} to start", 40)
    back = time.time()
    # Newer ones than what the bridge said before it noticed.
    wait_for(
        lambda: appliance.values("FAKE") and CHANNEL in appliance.get("/search")[1] and newest(appliance) > back,
        f"values after {part} was restarted",
        12,
    )


def test_a_restarted_router_is_survived(appliance):
    # The nodes may have been restarted just before.
    wait_for(lambda: len(appliance.times(CHANNEL)) > 20, "samples in memory")
    appliance.router.stop()
    wait_for(lambda: appliance.get("/api/status")[1]["router"]["connected"] is False, "the bridge to notice")
    # What the nodes of this machine have in memory is there without a router.
    body = {"targets": [{"target": CHANNEL}], "range": {"from": "-5min", "to": "now"}, "maxDataPoints": 5000}
    status, answer = appliance.get("/query", body)
    assert status == 200
    assert len(answer[0]["datapoints"]) > 10
    # By its file Docker's health check knows that a hub without a router is of no use.
    wait_for(lambda: seconds_without_life(appliance, "hub") > EVERY + 1, "the hub to give no sign of life", 30)
    appliance.router.start()
    back = time.time()
    wait_for(lambda: newest(appliance) > back, "new samples after the router was restarted", 40)
    wait_for(lambda: seconds_without_life(appliance, "hub") < EVERY, "the hub to give signs of life again", 30)


def seconds_without_life(appliance, part):
    return time.time() - (appliance.directory / f"{part}.alive").stat().st_mtime


FAULTS = [
    ("/api/series?field=FAKE::nothing", None, 404, "channel_00"),
    ("/api/series?field=NOBODY::x", None, 404, "FAKE"),
    (f"/api/series?field={CHANNEL}&from=2000000000&until=1900000000", None, 400, "reversed"),
    (f"/api/series?field={CHANNEL}&from=yesterday-ish", None, 400, "from"),
    ("/query", b"{not json", 400, "JSON"),
    ("/query", b"[]", 400, "JSON"),
    ("/query", {"targets": "x"}, 400, "targets"),
    ("/query", {"targets": [{"target": "FAKE::nothing"}]}, 404, "nothing"),
    ("/query", {"targets": [{"target": CHANNEL}], "range": {"from": 2e9, "to": 1.9e9}}, 400, "reversed"),
    ("/query", {"targets": [{"target": 7}]}, 400, "string"),
    ("/search", b"\xff\xfe", 400, "JSON"),
    ("/render?target=nonsense(a.b)", None, 400, "nonsense"),
    ("/render?target=alias(", None, 400, "cannot be parsed"),
    ("/render?target=a.b&from=-1h&until=-2h", None, 400, "reversed"),
    ("/metrics/find", None, 400, "query"),
    ("/nowhere", None, 404, "not found"),
]


@pytest.mark.parametrize(("path", "body", "status", "word"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_faulty_request_is_told_what_is_wrong_and_the_bridge_lives_on(appliance, path, body, status, word):
    answered, content = appliance.get(path, body)
    assert answered == status, content
    sentence = content["error"] if isinstance(content, dict) else content
    assert word in sentence
    assert len(sentence) < 400
    assert appliance.get("/search")[0] == 200
