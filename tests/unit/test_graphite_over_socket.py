"""Every function of targets over the nodes' real socket, over ranges that begin long before the first sample."""

from __future__ import annotations

import math
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from synchronous_bridge import SynchronousBridge
from waiting import wait_for

from livemon.bridge.app import create_app
from livemon.bridge.graphite.functions.declaration import FUNCTIONS
from livemon.sisock.socket_client import NodesSocket

CYCLE, DWELL, RATE = 30.0, 8.0, 0.11
"""Seconds from one visit of a scanned channel to the next, of a visit, and between its samples."""
MINUTES = 40
NODES = textwrap.dedent("""
    import sys
    from pathlib import Path
    import numpy as np
    from livemon.sisock import socket_server
    from livemon.sisock.nodehost import NodeHost
    from livemon.nodes.feed import FeedNode
    from twisted.internet import reactor

    path, now, cycle, dwell, rate, seconds = sys.argv[1], *map(float, sys.argv[2:])
    host = NodeHost()

    def node(name, target, field, times):
        feed = FeedNode(name, "", target=target, feeds=["temperatures"], window=2 * seconds)
        host.add(feed)
        for part in np.array_split(times, max(1, times.size // 500)):
            block = {"timestamps": part.tolist(), "data": {field: (4 + np.sin(part)).tolist()}}
            feed.receive(f"observatory.{target}.feeds.temperatures", [{"block": block}, {}])

    visits = np.arange(now - seconds, now - dwell, cycle)
    scanned = (visits[:, np.newaxis] + np.arange(0, dwell, rate)).ravel()
    # Now and then the network delivers two readings at nearly the same time.
    scanned[500::500] = scanned[499:-1:500] + 0.00045
    node("SCANNED", "control", "Channel_01_T", scanned)
    node("STEADY", "ls240", "Channel_1_T", now - seconds + 1.003 * np.arange(int(seconds)))
    node("NEW", "new", "Channel_1_T", np.array([now - 0.5]))
    host.ready = set(host.nodes)
    socket_server.listen(host, Path(path), reactor)
    reactor.run()
""")
NOW = time.time()
SCANNED, STEADY, NEW = (
    f"observatory.{target}.feeds.temperatures.{field}"
    for target, field in (("control", "Channel_01_T"), ("ls240", "Channel_1_T"), ("new", "Channel_1_T"))
)
CHANNELS = {"one channel": STEADY, "all channels": "observatory.*.feeds.*.*", "one that has just come up": NEW}
RANGES = {"10 min": 600, "1 h": 3600, "1 d": 86400, "30 d": 30 * 86400, "1 y": 365 * 86400}
ARGUMENTS = {
    "aggFunc": "'average'",
    "aggOrSeriesFunc": "'average'",
    "boolean": "true",
    "float": "2",
    "intOrInf": "2",
    "intOrInterval": "5",
    "integer": "2",
    "interval": "'10min'",
    "node": "1",
    "nodeOrTag": "1",
    "string": "'a'",
    "tag": "'name'",
}
OWN_ARGUMENTS = {
    "aliasSub": "'(^.*$)','\\1 A'",
    "seriesByTag": "'name=~observatory.*'",
    "smartSummarize": "'10min','sum','hours'",
    "divideSeries": STEADY,
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("socket") / "nodes.sock"
    arguments = map(str, (path, NOW, CYCLE, DWELL, RATE, 60 * MINUTES))
    nodes = subprocess.Popen([sys.executable, "-W", "ignore", "-c", NODES, *arguments])
    socket = NodesSocket(path)
    bridge = SynchronousBridge(socket)
    try:
        wait_for(path.is_socket, "the socket of the nodes", 20)
        wait_for(lambda: bridge.look() or len(bridge.nodes.local) == 3, "three nodes", 20)
        yield bridge.source
    finally:
        socket.close()
        nodes.kill()
        nodes.wait(5)


@pytest.fixture(scope="module")
def client(source):
    return create_app(source).test_client()


def calls(function, path):
    """A function's name as targets call it, with its required arguments, and with all that it can have."""
    if function.name in OWN_ARGUMENTS:
        series = [path] if function.parameters[0].type == "seriesList" else []
        return [f"{function.name}({','.join([*series, OWN_ARGUMENTS[function.name]])})"]
    found = []
    for parameters in ([each for each in function.parameters if each.required], function.parameters):
        arguments = []
        for each in parameters:
            if each.takes_series:
                arguments.append(path)
            elif each.options:
                arguments.append(f"'{each.options[0]}'")
            else:
                arguments.append(ARGUMENTS[each.type])
        found.append(f"{function.name}({','.join(arguments)})")
    return list(dict.fromkeys(found))


def render(client, target, seconds, **parameters):
    form = {"target": target, "from": NOW - seconds, "until": NOW, "maxDataPoints": 800} | parameters
    return client.post("/render", data=form)


def samples(client, target, seconds, **parameters):
    """Times and values of the one series that a target gives."""
    answer = render(client, target, seconds, **parameters)
    assert answer.status_code == 200, answer.text
    (series,) = answer.json
    found = [(when, math.nan if value is None else value) for value, when in series["datapoints"]]
    return np.array(found).reshape(-1, 2).T


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_function_fails_however_long_before_the_first_sample_a_range_begins(client, name):
    for seconds in RANGES.values():
        for path in CHANNELS.values():
            for target in calls(FUNCTIONS[name], path):
                answer = render(client, target, seconds)
                if answer.status_code != 400 or "ask for a shorter time" not in answer.text:
                    assert answer.status_code == 200, (target, seconds, answer.text)


def test_a_number_of_numpys_is_sent_to_the_nodes_as_a_number(source):
    field = source.catalogue.by_path[STEADY]
    start, end = np.float64(NOW - 60), np.float64(NOW)
    assert source.fetch([field], start, end, 100).series[field][0].size > 50


@pytest.mark.parametrize("minutes", [2, 10, 29, 31, 39, 45, 600, 43_200])
def test_no_sample_of_a_scanned_channel_is_counted_twice(client, minutes):
    visits = np.arange(NOW - 60 * MINUTES, NOW - DWELL, CYCLE)
    times = (visits[:, np.newaxis] + np.arange(0, DWELL, RATE)).ravel()
    inside = np.count_nonzero(times >= NOW - 60 * minutes)
    _, counts = samples(client, f"summarize({SCANNED},'10min','count')", 60 * minutes, maxDataPoints=5000)
    assert abs(np.nansum(counts) - inside) <= 1
    _, sums = samples(client, f"integral(scale({SCANNED},0)|offset(1))", 60 * minutes)
    assert abs(sums[-1] - inside) <= 1


@pytest.mark.parametrize("seconds", [15, 60, 300])
def test_samples_for_which_there_is_room_are_shown_once_at_their_own_times(client, source, seconds):
    field = source.catalogue.by_path[SCANNED]
    times, values = samples(client, SCANNED, seconds, maxDataPoints=1000)
    whole = source.fetch([field], NOW - seconds, NOW, 1 << 40).series[field]
    known = ~np.isnan(values)
    np.testing.assert_array_equal(times[known], whole[0])
    np.testing.assert_array_equal(values[known], whole[1])


def test_extremes_are_said_to_be_an_envelope_and_all_samples_are_not(client):
    (few,) = render(client, STEADY, 600, maxDataPoints=100).json
    (all_of_them,) = render(client, STEADY, 600, maxDataPoints=1000).json
    (average,) = render(client, f"consolidateBy({STEADY},'average')", 600, maxDataPoints=100).json
    assert few["envelope"] is True
    assert "envelope" not in all_of_them
    assert "envelope" not in average
