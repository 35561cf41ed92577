"""Every part restarted in turn under load, with an archive: panels go on by themselves, with their history, the list never empty."""

from __future__ import annotations

import signal
import time
from itertools import pairwise

import pytest
from appliance import Appliance, problems
from ocs_site import Site
from panels import Panels
from waiting import patience, wait_for

from livemon.bridge.node_watch import GRACE

FEEDS = ["false_temperatures"]
FAKE = {"kind": "feed", "name": "FAKE", "target": "fake1", "feeds": FEEDS, "description": "Fake data"}
CHANNELS = [f"FAKE::channel_{number:02}" for number in range(4)]
PATH = "observatory.fake1.feeds.false_temperatures.channel_00"
HISTORY = 20.0
BACK_WITHIN = 10.0


@pytest.fixture(scope="module")
def appliance(router, tmp_path_factory):
    directory = tmp_path_factory.mktemp("restarts")
    (directory / "archive").mkdir()
    site = Site(directory, router)
    site.write(
        fake1=("FakeDataAgent", ["--num-channels", 4], ["--sample-rate", 10], ["--mode", "acq"]),
        recorder=("AggregatorAgent", ["--data-dir", directory / "archive"], ["--frame-seconds", 1]),
    )
    with site.agent("fake1"), site.agent("recorder"), Appliance(directory, router) as running:
        running.write_nodes(FAKE)
        running.start()
        running.wait_for_values("FAKE")
        wait_for(lambda: time.time() - running.times(CHANNELS[0])[0] > HISTORY, "some history", HISTORY + 10)
        yield running
        for part in ("hub", "nodes", "bridge"):
            assert not problems(running.log(part)), running.log(part)


def test_a_restarted_node_has_no_gap_and_no_repeat_once_the_seam_is_mended(appliance):
    appliance.restart("nodes")
    restarted = time.time()
    appliance.wait_for_values("FAKE")

    def steps():
        times = [each for each in appliance.times(CHANNELS[0], since=-120) if each > restarted - 15]
        # What the archive has and nothing else has no seam yet.
        return [later - earlier for earlier, later in pairwise(times)] if times and times[-1] > restarted else []

    wait_for(lambda: max(steps(), default=9) < 0.5, "the seam to be mended", 60)
    assert min(steps()) > 0


def test_an_instrument_that_is_replaced_goes_on_under_its_path(appliance):
    before = appliance.times(PATH)
    appliance.write_nodes(FAKE | {"name": "NEWBOX"})
    appliance.wait_for_values("NEWBOX")
    # What the archive did not have yet comes when the seam is mended; the bridge may hear of the new box before it misses the first.
    wait_for(lambda: set(before[20:-20]) <= set(appliance.times(PATH)), "the history of the first box", 40)
    wait_for(lambda: "FAKE::channel_00" not in appliance.get("/search")[1], "the first box to be gone")
    status, answer = appliance.get("/render", target=PATH, **{"from": "-1min", "until": "now", "format": "json"})
    assert status == 200
    assert len(answer[0]["datapoints"]) > 100
    appliance.write_nodes(FAKE)
    appliance.wait_for_values("FAKE")
    wait_for(lambda: "NEWBOX::channel_00" not in appliance.get("/search")[1], "the second box to be gone")


def test_a_label_that_is_renamed_leaves_the_series_alone(appliance):
    adding = "adding the data node FAKE"
    before, added = appliance.times(PATH), appliance.log("nodes").count(adding)
    appliance.write_nodes(FAKE | {"labels": {"channel_00": "Mixing chamber"}})

    def label():
        (node,) = appliance.get("/api/status")[1]["nodes"]
        return node["fields"][0]["label"]

    wait_for(lambda: label() == "Mixing chamber", "the new label")
    assert set(before[:-5]) <= set(appliance.times(PATH)), (
        "there may be more: the seam of the last restart is mended meanwhile"
    )
    assert appliance.log("nodes").count(adding) == added


@pytest.mark.parametrize("part", ["nodes", "hub", "bridge", "router"])
def test_panels_plot_again_with_their_history_after_a_restart(appliance, part):
    oldest = max(appliance.times(name, since=-55)[0] for name in CHANNELS) + 15
    with Panels(appliance, CHANNELS) as panels:
        wait_for(lambda: panels.looks and panels.plotted(time.time() - 5, oldest), "a panel", 20)
        joined, stopped = appliance.log(part).count("joined the router"), time.time()
        if part == "router":
            appliance.router.restart()
        else:
            appliance.stop(part)
            time.sleep(1)
            appliance.start(part)
        started = time.time()
        # What a slow machine needs to start Python is not the product's: what counts is from then on.
        if part != "router":
            wait_for(
                lambda: appliance.log(part).count("joined the router") > joined or panels.plotted(started, oldest),
                part,
                40,
            )
        wait_for(
            lambda: panels.plotted(started, oldest), f"the panels to plot again after {part}'s restart", BACK_WITHIN + 2
        )
    for when, status, names in panels.lists:
        # A bridge that is away is told by the browser; one that answers has no empty list, unless a busy computer took so long
        # to start the nodes that it has given them up.
        assert status in {0, 200}
        assert status == 0 or set(CHANNELS) <= set(names) or when > stopped + GRACE
    assert {status for _, status, _ in panels.looks} <= {0, 200}


def test_a_node_that_hangs_does_not_hold_up_the_others(appliance, tmp_path):
    other = Appliance(tmp_path, appliance.router, port=0)
    other.write_nodes({"kind": "sensors", "name": "elsewhere", "description": "Another machine"})
    with other:
        other.start("nodes")
        wait_for(lambda: "elsewhere::load_1" in appliance.get("/search")[1], "the node of another process", 40)
        wait_for(lambda: appliance.times("elsewhere::load_1"), "its samples by way of the router", 20)
        other.children["nodes"].send_signal(signal.SIGSTOP)
        try:
            begun = time.monotonic()
            status, answer = appliance.get(
                "/query", {"targets": [{"target": "elsewhere::load_1"}, {"target": CHANNELS[0]}]}
            )
            assert time.monotonic() - begun < 8 * patience()
            assert status == 200
            assert answer[0]["datapoints"] == []
            assert len(answer[1]["datapoints"]) > 10
            assert "elsewhere does not answer" in appliance.log("bridge")
        finally:
            other.children["nodes"].send_signal(signal.SIGCONT)


def test_two_processes_with_one_name_do_not_take_each_others_node(appliance, tmp_path):
    other = Appliance(tmp_path, appliance.router, port=0)
    other.write_nodes(FAKE | {"target": "nobody"})
    with other:
        other.start("nodes")
        wait_for(lambda: "is taken by session" in other.log("nodes"), "the second process to be told", 30)
        newest = time.time()
        wait_for(lambda: appliance.times(CHANNELS[0])[-1:] > [newest], "the first to go on", 20)
