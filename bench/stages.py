"""Where the time of a panel over HTTP goes: the bridge's work is done in this process, stage by stage, and set against the whole."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from twisted.internet import reactor
from waiting import wait_for
from werkzeug.test import EnvironBuilder

from bench.data import CHANNELS, WINDOWS, history, message, topic
from bench.figures import Figures
from bench.panels import POINTS, panel, request
from bench.systems import Livemon
from bench.timing import in_turn

AGENT = "bench"


def measure(figures: Figures, system: Livemon, window: str, count: int) -> None:
    """Time a panel as a whole, and what it consists of by itself."""
    table = figures.table(
        f"Where the time of a panel goes: {window}, {POINTS} points",
        ("stage", "one channel, p50 ms", "16 channels, p50 ms"),
        "Each stage by itself, in one thread, with the running data nodes; what is left of the whole is HTTP. A trivial answer is no"
        " part of the sum.",
    )
    one, sixteen = (_stages(system, window, CHANNELS[-channels:], count) for channels in (1, 16))
    for name, took in one.items():
        table.add(name, took, sixteen[name])


def _stages(system: Livemon, window: str, channels: list[str], count: int) -> dict[str, float]:
    from livemon.bridge.app import create_app  # noqa: PLC0415
    from livemon.bridge.json_responses import json_response, pairs  # noqa: PLC0415 - needs the reactor
    from livemon.bridge.node_watch import NodeWatch  # noqa: PLC0415
    from livemon.bridge.source import Source  # noqa: PLC0415
    from livemon.sisock.datanode import DataRequest  # noqa: PLC0415
    from livemon.sisock.packed import pack  # noqa: PLC0415
    from livemon.sisock.socket_client import NodesSocket  # noqa: PLC0415

    end, span = time.time(), WINDOWS[window]
    node = _full_node(span, end)
    socket = NodesSocket(system.directory / "nodes.sock")
    nodes = NodeWatch(socket)
    source = Source(nodes, socket)
    reactor.callFromThread(nodes.start)
    wait_for(lambda: system.node(window) in source.catalogue.nodes, "a bridge in this process to find the nodes", 10)
    fields = [source.catalogue.find(target) for target in system.targets(window, len(channels))]
    body = request(system.targets(window, len(channels)), end - span, end)
    environ = EnvironBuilder("/query", method="POST", data=body, content_type="application/json").get_environ()
    application = create_app(source).wsgi_app
    answer = source.fetch(fields, end - span, end, POINTS)

    def write() -> object:
        return json_response([_series(field.short, pairs, *answer.series[field]) for field in fields])

    def serve() -> bytes:
        return b"".join(application(environ | {"wsgi.input": io.BytesIO(body)}, lambda *_: None))

    asked = DataRequest(channels, end - span, end, span / (POINTS - 1))
    client = system.client()
    compute, fetch, writing, serving, whole, trivial = in_turn(
        count,
        lambda: pack(node.samples(asked)),
        lambda: source.fetch(fields, end - span, end, POINTS),
        write,
        serve,
        panel(client, system.targets(window, len(channels)), span),
        lambda: client.content("GET", "/version"),
    )
    reactor.callFromThread(nodes.stop)
    socket.close()
    return {
        "the node: looking up the pyramid, packing": compute,
        "the socket to the node and back, unpacking": fetch - compute,
        "JSON": writing,
        "Flask, reading the request, choosing the channels": serving - fetch - writing,
        "HTTP: Twisted, threads, the client": whole - serving,
        "whole": whole,
        "(HTTP for a trivial answer)": trivial,
    }


def _full_node(span: float, end: float) -> Any:
    """Return a node in this process that holds what the running one holds."""
    from livemon.nodes.feed import FeedNode  # noqa: PLC0415 - needs the reactor

    node = FeedNode(AGENT, "", target=AGENT, window=span)
    for times in history(span, end):
        node.receive(topic(AGENT), message(times, AGENT))
    return node


def _series(name: str, pairs: Callable, times: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    return {"target": name, "datapoints": pairs(np.rint(times * 1000), values)}
