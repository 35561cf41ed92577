"""The windows of nodes that are in no archive, across a restart."""

import numpy as np
import pytest

from livemon.nodes.agents import DEGRADED_BLOCK, HEARTBEAT_TIMEOUT, HEARTBEATS_TO_ADMIT, AgentsNode
from livemon.nodes.feed import FeedNode
from livemon.nodes.sensors import SensorsNode
from livemon.nodes.window_files import WindowFiles
from livemon.sisock.datanode import DataRequest
from livemon.sisock.nodehost import NodeHost

NOW = 1e9


@pytest.fixture
def host():
    host = NodeHost()
    yield host
    for name in list(host.nodes):
        host.remove(name)


@pytest.fixture
def files(tmp_path, host):
    return WindowFiles(tmp_path, host)


def sensors(samples=0):
    node = SensorsNode("sensors", "This machine", window=1000.0)
    node.clock = lambda: NOW
    node.start = lambda: None
    if samples:
        node.sample()
        (block,) = node.blocks.values()
        block.insert(NOW - np.arange(samples, 0.0, -1), {"load_1": np.arange(samples, dtype=float)})
    return node


def test_a_window_is_there_again_after_a_restart(host, files):
    before = sensors(500)
    host.add(before)
    files.save()
    after = sensors()
    files.restore(after)
    question = (list(before.fields), NOW - 1000, NOW + 10)
    assert after.get_data(*question) == before.get_data(*question)
    assert after.get_fields() == before.get_fields()
    assert after.get_last() == before.get_last()


def test_what_is_older_than_the_window_is_not_restored(host, files):
    host.add(sensors(500))
    files.save()
    later = sensors()
    later.clock = lambda: NOW + 700
    files.restore(later)
    (block,) = later.blocks.values()
    assert block.times[0] == NOW - 300


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_file_that_cannot_be_read_costs_only_the_history(host, files, content):
    host.add(sensors(5))
    files.save()
    path = files.directory / "sensors.npz"
    path.write_bytes(path.read_bytes()[:300] if content is None else content)
    after = sensors()
    files.restore(after)
    after.sample()
    assert after.get_last()


def test_a_disk_that_cannot_be_written_costs_only_the_history(host, files, tmp_path):
    files.directory = tmp_path / "none"
    host.add(sensors(5))
    files.save()


def test_feeds_are_left_to_the_archive(host, files):
    host.add(FeedNode("FEED", "", target="a"))
    files.save()
    assert list(files.directory.iterdir()) == []


def test_agents_that_were_saved_before_there_was_a_degraded_state(host, files):
    before = AgentsNode("agents", "", clock=lambda: NOW)
    host.add(before)
    for _ in range(HEARTBEATS_TO_ADMIT):
        before.receive("observatory.ls240.feeds.heartbeat", [{}, {}])
    before.check()
    del before.fields["ls240_degraded"], before.blocks[DEGRADED_BLOCK]
    files.save()
    after = AgentsNode("agents", "", clock=lambda: NOW + 60)
    after._checking.start = lambda *_, **__: None
    files.restore(after)
    after.start()
    asked = DataRequest(["ls240", "ls240_degraded"], NOW - 10, NOW + 100)
    assert [each.fields for each in after.samples(asked)] == [["ls240"]]


def test_an_agent_that_ended_while_the_nodes_were_restarted_has_gone_and_one_that_runs_has_not(host, files):
    steady = [100.0]

    def agents(now):
        node = AgentsNode("agents", "", clock=lambda: now, steady=lambda: steady[0])
        node._checking.start = lambda *_, **__: None
        return node

    def beat(node, *names):
        for name in names:
            node.receive(f"observatory.{name}.feeds.heartbeat", [{}, {}])

    before = agents(NOW)
    host.add(before)
    for _ in range(HEARTBEATS_TO_ADMIT):
        beat(before, "ls240", "Control")
    before.check()
    files.save()
    after = agents(NOW + 60)
    files.restore(after)
    after.start()
    beat(after, "ls240")
    assert sorted(after.fields) == ["control", "control_degraded", "ls240", "ls240_degraded"]
    steady[0] += HEARTBEAT_TIMEOUT
    beat(after, "ls240")
    after.check()
    assert {key: value for key, (_, value) in after.get_last().items()} == {
        "ls240": 1,
        "control": 0,
        "ls240_degraded": 0,
        "control_degraded": 0,
    }
