"""Requests of any kind to the bridge: answered, or refused in a sentence; never a fault of ours.

About 15 s, always the same ones; see tests/support/fuzzing.py for more.
"""

from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest
from fuzzing import (
    BODIES,
    anything,
    check,
    expressions,
    forms,
    fuzz,
    mostly,
    names,
    numbers,
    objects,
    paths,
    tag_keys,
    times,
)
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import globalLogPublisher

from livemon.bridge.app import create_app
from livemon.bridge.catalogue import Catalogue, Field, Node
from livemon.bridge.inventory import Inventory
from livemon.bridge.node_watch import Event
from livemon.bridge.source import Answer

pytestmark = pytest.mark.slow

NOW = time.time()
FEED = "observatory.fake1.feeds.false_temperatures"
FIELDS = [
    Field("FAKE", "channel_00", f"{FEED}.channel_00", "t", label="4K plate", units="K"),
    Field("FAKE", "channel_01", f"{FEED}.channel_01", "t", units="K"),
    Field("FAKE", "note", f"{FEED}.note", "t", type="string"),
    Field("sensors", "load_1", "livemon.sensors.load_1", "load", label="(Load| äöü\u2028'\"\\"),
    Field("of others", "[x].*", "sisock.of_others._x___", None),
    Field("agents", "ls240", "observatory.ls240.agent.connected", "ls240", type="bool"),
]
TIMES = NOW - np.arange(50.0)[::-1]
VALUES = {
    "channel_00": np.linspace(4, 5, 50),
    "channel_01": np.full(50, math.nan),
    "load_1": np.where(np.arange(50) % 7, 1e308, -math.inf),
    "[x].*": np.full(50, 5e-324),
    "ls240": (np.arange(50) // 10 % 2).astype(float),
}


class MemorySource:
    """Answers like livemon.bridge.source.Source; one of its nodes is silent."""

    connected = True
    inventory = Inventory()
    alarm_watch = None
    hubless, left_out = 0.0, 0

    def __init__(self):
        last = {"FAKE": {"note": (NOW - 2, "warm\0"), "channel_00": (NOW, math.nan)}}
        self.catalogue = Catalogue(
            Node(name, "", {each.name: each for each in FIELDS if each.node == name}, last.get(name, {}))
            for name in {each.node for each in FIELDS}
        )

    def fetch(self, fields, start, end, points):
        series = {}
        for each in fields:
            inside = (start <= TIMES) & (end > TIMES)
            inside[points:] = False
            known = each.name in VALUES and each.node != "of others"
            series[each] = (TIMES[inside], VALUES[each.name][inside]) if known else (np.empty(0), np.empty(0))
        return Answer(series, ["of others"] if any(each.node == "of others" for each in fields) else [])

    def events(self, start, end):
        happened = [Event(NOW - 9, "sensors", "This machine", "joined"), Event(NOW - 4, "x\u2028\0", "", "left")]
        return [each for each in happened if start <= each.time < end]


AUTO_COMPLETE = ("autoComplete/tags", "autoComplete/values")
CLIENT = create_app(MemorySource()).test_client()


def check_answer(answer):
    return check(answer.status_code, answer.get_data(), answer.is_json)


@pytest.fixture(autouse=True, scope="module")
def no_failure_in_the_log():
    failures = []

    def observe(event):
        if "log_failure" in event:
            failures.append(event["log_failure"].getTraceback())

    globalLogPublisher.addObserver(observe)
    yield
    globalLogPublisher.removeObserver(observe)
    assert not failures, failures[0]


@pytest.mark.parametrize("path", BODIES)
def test_bodies_of_the_right_kind(path):
    @fuzz(2 if path == "/query" else 0.5)
    @given(BODIES[path])
    def run(body):
        check_answer(CLIENT.post(path, data=json.dumps(body), headers={"Origin": "http://localhost"}))

    run()


@fuzz()
@given(
    st.sampled_from([*BODIES, "/render", "/metrics/find"]),
    mostly(st.binary(max_size=60), anything.map(json.dumps).map(str.encode)),
)
def test_bodies_of_any_kind(path, body):
    check_answer(CLIENT.post(path, data=body))


@fuzz(2)
@given(forms)
def test_render_targets(form):
    for series in (
        check_answer(CLIENT.post("/render", data={key: printable(value) for key, value in form.items()})) or ()
    ):
        assert isinstance(series, str) or {"target", "tags", "datapoints"} == set(series) - {"envelope"}


def printable(value):
    """A form's values have no lone surrogates: they could not be sent."""
    return [printable(each) for each in value] if isinstance(value, list) else value.encode(errors="replace").decode()


@fuzz()
@given(st.sampled_from(["/metrics/find", "/metrics/expand"]), paths)
def test_patterns_of_paths(path, query):
    content = check_answer(CLIENT.get(path, query_string={"query": query}))
    if path == "/metrics/find" and isinstance(content, list):
        for node in content:
            again = check_answer(CLIENT.get(path, query_string={"query": node["id"]}))
            assert node["text"] in [each["text"] for each in again]


@fuzz()
@given(
    objects({"field": st.lists(names, min_size=1, max_size=3)}, until=times.map(str), points=numbers.map(str)),
    st.dictionaries(st.just("from"), times.map(str)),
)
def test_series_of_the_own_interface(arguments, start):
    check_answer(CLIENT.get("/api/series", query_string=arguments | start))


@fuzz()
@given(
    st.sampled_from(["/tags", "/tags/node", *(f"/tags/{each}" for each in ("findSeries", *AUTO_COMPLETE))]),
    objects(
        expr=st.lists(expressions, max_size=3),
        tag=mostly(tag_keys, names),
        tagPrefix=names,
        valuePrefix=names,
        filter=names,
        limit=numbers.map(str),
    ),
)
def test_questions_of_tags(path, arguments):
    check_answer(CLIENT.post(path, data={key: printable(value) for key, value in arguments.items()}))


@fuzz()
@given(
    objects(
        until=times.map(str), tags=mostly(st.sampled_from(["agent", "left  agent", "joined,x"]), names), set=tag_keys
    ),
    st.dictionaries(st.just("from"), times.map(str)),
)
def test_questions_of_events(arguments, start):
    form = {key: printable(value) for key, value in (arguments | start).items()}
    for event in check_answer(CLIENT.post("/events/get_data", data=form)) or ():
        assert event == "error" or not {" ", ","} & set("".join(event["tags"]))
