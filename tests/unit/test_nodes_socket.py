"""The socket between bridge and nodes: a real one, with a reactor in a process of its own."""

import socket as sockets
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from waiting import wait_for

from livemon.errors import NodeError
from livemon.sisock.socket_client import NodesSocket

SERVER = textwrap.dedent("""
    import sys
    from pathlib import Path
    import numpy as np
    from livemon.sisock import socket_server
    from livemon.sisock.nodehost import NodeHost
    from livemon.sisock.packed import Timeline, pack
    from livemon.nodes.feed import FeedNode
    from livemon.sisock.datanode import DataNodeServer
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred, fail

    class Slow(DataNodeServer):
        def get_fields(self, start, end):
            return {}, {}
        def get_last(self):
            return {}
        def packed(self, asked):
            return Deferred()

    class Broken(Slow):
        def packed(self, asked):
            raise ZeroDivisionError

    class Failing(Slow):
        def packed(self, asked):
            return fail(ZeroDivisionError())

    class Numpy(Slow):
        def get_last(self):
            return {"x": (np.float64(1e9), np.float32(0.5)), "y": (np.float64(1e9), np.float64(np.nan))}
        def packed(self, asked):
            return pack([Timeline("t", np.array([1e9]), ["x"], np.array([[0.5]]), np.float64(1e9))])

    socket_server.NODE_TIMEOUT = 0.5
    host = NodeHost()
    feed = FeedNode("FEED", "A feed", target="a", feeds=["f"], clock=lambda: 1e9 + 100)
    for node in (feed, Slow("SLOW", ""), Broken("BROKEN", ""), Failing("FAILING", ""), Slow("STARTING", ""), Slow("REFUSED", ""),
                 Numpy("NUMPY", "")):
        host.add(node)
    host.ready = {"FEED", "SLOW", "BROKEN", "FAILING", "REFUSED", "NUMPY"}
    host.refused = {"REFUSED"}
    block = {"timestamps": [1e9, 1e9 + 1], "data": {"x": [1.0, None], "y": [3, 4], "note": ["a", "b"]}}
    feed.receive("observatory.a.feeds.f", [{"block": block}, {}])
    feed.receive("observatory.a.feeds.f", [{"block": {"timestamps": [1e9 + 1], "data": {"y": [5]}}}, {}])
    socket_server.listen(host, Path(sys.argv[1]), reactor)
    reactor.run()
""")


def answers(path):
    with sockets.socket(sockets.AF_UNIX) as probe:
        return path.exists() and probe.connect_ex(str(path)) == 0


@pytest.fixture(scope="module")
def socket(tmp_path_factory):
    path = tmp_path_factory.mktemp("socket") / "nodes.sock"
    with sockets.socket(sockets.AF_UNIX) as left:
        left.bind(str(path))  # as a killed process leaves it
    child = subprocess.Popen([sys.executable, "-W", "ignore", "-c", SERVER, str(path)])
    try:
        wait_for(lambda: answers(path), "the socket", 20)
        client = NodesSocket(path)
        yield client
        client.close()
    finally:
        child.kill()
        child.wait(5)


def test_the_state_has_nodes_fields_and_newest_samples(socket):
    state = {about["name"]: about for about in socket.state({})}
    assert set(state) == {"FEED", "SLOW", "BROKEN", "FAILING", "STARTING", "NUMPY"}
    feed = state["FEED"]
    assert feed["fields"]["x"]["path"] == "observatory.a.feeds.f.x"
    assert feed["last"] == {"x": [1e9, 1], "y": [1e9 + 1, 4], "note": [1e9 + 1, "b"]}
    assert state["STARTING"]["fault"] == "is getting ready"
    assert feed["status"]["counts"] == {"samples that cannot be plotted": 1}
    assert "time stamps: 1 of observatory.a.feeds.f.block" in feed["status"]["notes"][0]
    assert state["SLOW"]["status"] == {"faults": [], "counts": {}, "notes": []}


def test_numpy_s_numbers_are_numbers_and_do_not_silence_the_other_nodes(socket):
    state = {about["name"]: about for about in socket.state({})}
    assert state["NUMPY"]["last"] == {"x": [1e9, 0.5], "y": [1e9, None]}
    ((timeline,),) = socket.samples({"NUMPY": ["x"]}, 1e9, 1e9 + 10, 0.0).values()
    assert (timeline.times.tolist(), timeline.values.tolist(), timeline.finalized_until) == ([1e9], [[0.5]], 1e9)


def test_known_fields_are_not_sent_again(socket):
    version = next(about["version"] for about in socket.state({}) if about["name"] == "FEED")
    state = {about["name"]: about for about in socket.state({"FEED": version})}
    assert state["FEED"]["fields"] is None
    assert state["FEED"]["last"]["y"] == [1e9 + 1, 4]


def test_samples_have_their_own_times_and_a_slow_node_does_not_delay_the_others_for_ever(socket):
    wanted = {
        "FEED": ["x", "y", "none"],
        "SLOW": ["z"],
        "BROKEN": ["z"],
        "FAILING": ["z"],
        "STARTING": ["z"],
        "REFUSED": ["z"],
        "NOBODY": ["z"],
    }
    found = socket.samples(wanted, 1e9, 1e9 + 10, 0.0)
    assert found.keys() == {"FEED", "SLOW", "BROKEN", "FAILING", "STARTING"}
    (timeline,) = found["FEED"]
    assert timeline.fields == ["x", "y"]
    assert timeline.times.tolist() == [1e9, 1e9 + 1]
    np.testing.assert_array_equal(timeline.values, [[1, np.nan], [3, 4]])
    assert found["SLOW"] == "no answer within 0.5 s"
    assert found["BROKEN"] == found["FAILING"] == "failed: see its log for the reason"


def test_a_malformed_request_closes_its_connection_and_no_other(socket):
    with pytest.raises(NodeError):
        socket._ask({"call": "nonsense"})
    with pytest.raises(NodeError):
        socket._ask({"call": "state", "known": {}, "more": 1})
    assert socket.state({})


def test_a_missing_socket_is_an_error_in_words(tmp_path):
    with pytest.raises(NodeError, match="do not answer"):
        NodesSocket(tmp_path / "none").state({})


def test_a_socket_that_a_living_process_has_is_left_to_it(socket):
    outcome = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SERVER, str(socket.path)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert "cannot listen on" in outcome.stderr
    assert socket.state({})
