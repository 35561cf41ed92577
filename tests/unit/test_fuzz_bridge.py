"""Requests of any kind to the bridge: answered, or refused in a sentence; never a fault of ours.

Deterministic, about 15 s; ``LIVEMON_FUZZ=5000`` tries that many of each, other ones every time.
"""

from __future__ import annotations

import json
import math
import os
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.logger import globalLogPublisher

from livemon.bridge.app import create_app
from livemon.bridge.catalogue import Catalogue, Field, Node
from livemon.bridge.source import Answer, Event

NOW = time.time()
PATH = "observatory.ls240.feeds.temperatures.Channel_1_T"
FIELDS = [
    Field("LSA21OQ", "channel_1_t", PATH, "t", label="4K plate", units="K"),
    Field("LSA21OQ", "channel_2_t", PATH.replace("1", "2"), "t", units="K"),
    Field("LSA21OQ", "note", "observatory.ls240.feeds.temperatures.note", "t", type="string"),
    Field("sensors", "load 1", "livemon.sensors.load_1", "load", label="(Load| äöü\u2028'\"\\"),
    Field("of others", "[x].*", "sisock.of_others._x___", None),
    Field("agents", "ls240", "observatory.ls240.agent.connected", "ls240", type="bool"),
]
TIMES = NOW - np.arange(50.0)[::-1]
VALUES = {
    "channel_1_t": np.linspace(4, 5, 50),
    "channel_2_t": np.full(50, math.nan),
    "load 1": np.where(np.arange(50) % 7, 1e308, -math.inf),
    "[x].*": np.full(50, 5e-324),
    "ls240": (np.arange(50) // 10 % 2).astype(float),
}


class MemorySource:
    """Answers like livemon.bridge.source.Source; one of its nodes is silent."""

    connected = True

    def __init__(self):
        nodes = {each.node: Node(each.node, "") for each in FIELDS}
        for each in FIELDS:
            nodes[each.node].fields[each.name] = each
        nodes["LSA21OQ"].last = {"note": (NOW - 2, "warm\0"), "channel_1_t": (NOW, math.nan)}
        self.catalogue = Catalogue(nodes.values())

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


CLIENT = create_app(MemorySource()).test_client()

EXAMPLES = int(os.environ.get("LIVEMON_FUZZ", "0"))


def fuzz(share=1.0):
    """So many examples, the same ones each time unless more are asked for."""
    return settings(
        max_examples=EXAMPLES or round(250 * share),
        derandomize=not EXAMPLES,
        deadline=2000,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


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


def no_constant(name):
    raise AssertionError(f"{name} is no JSON")


def check(answer):
    """An answer is what was asked for or a sentence."""
    assert answer.status_code < 500, answer.text[:400]
    assert "Traceback" not in answer.text
    content = json.loads(answer.get_data(), parse_constant=no_constant) if answer.is_json else answer.text
    if answer.status_code >= 400:
        sentence = content["error"] if answer.is_json else content.removesuffix("\n")
        assert 0 < len(sentence) < 400
        assert sentence.isprintable() or not set(sentence) & set("\n\r\0"), sentence
    return content


def mostly(usual, *others):
    """Of the usual kind, and now and then of another."""
    # Not one_of: it would look into those that are one_of themselves, and there is more garbage than sense.
    return st.sampled_from([usual] * 15 + list(others)).flatmap(lambda kind: kind)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
known = st.sampled_from(
    [name for each in FIELDS for name in (each.short, each.path, each.node, each.name)]
    + [
        "nobody::x",
        "select metric",
        "events",
        "",
        ".*",
        "(LSA21OQ|sensors)::.*",
        "(.|..)+[!?]",
        "sensors::",
        "(",
        "a{9999999}",
    ]
)
names = mostly(known, st.text(max_size=30), st.from_regex(r"\(?(LSA|[a-z]\\.)[|*+?(){}\[\]]{0,5}", fullmatch=True))
times = mostly(
    st.floats(-100, 0),
    st.sampled_from(
        [
            "now",
            "-10min",
            "undefined",
            "",
            "2026-01-31T06:00:00Z",
            "0001-01-01",
            "9999-12-31T23:59:59-14:00",
            "-9y",
            "+999999999y",
        ]
    ),
    scalars,
)
numbers = mostly(st.integers(1, 5000), st.floats(), scalars)


def objects(required=None, **optional):
    return st.fixed_dictionaries(required or {}, optional=optional)


payloads = mostly(
    objects(
        field=mostly(st.lists(names, max_size=3), names), type=st.sampled_from(["table", "timeserie"]), query=names
    ),
    anything,
)
targets = objects(
    {"target": mostly(names, anything)},
    type=mostly(st.sampled_from(["timeserie", "timeseries", "table"]), scalars),
    refId=mostly(st.text(max_size=3), anything),
    hide=mostly(st.just(False), anything),
    payload=payloads,
    data=payloads,
)
tag_keys = st.sampled_from(["node", "field", "unit", "label", "instrument"])
filters = mostly(
    st.lists(
        objects(
            key=mostly(tag_keys, st.text(max_size=9)),
            operator=mostly(st.sampled_from(["=", "!=", "=~", "!~"]), scalars),
            value=mostly(names, anything),
        ),
        max_size=3,
    ),
    anything,
)
ranges = mostly(st.fixed_dictionaries({}, optional={"from": times, "to": times, "raw": anything}), anything)
queries = objects(
    {"targets": mostly(st.lists(mostly(targets, anything), min_size=1, max_size=5), anything)},
    range=ranges,
    maxDataPoints=numbers,
    intervalMs=numbers,
    adhocFilters=filters,
    filters=filters,
    scopedVars=anything,
)
annotations = objects(
    range=ranges, annotation=mostly(objects(query=names, name=st.text(), datasource=anything), anything)
)
metrics = objects(
    {"metric": mostly(names, anything), "name": mostly(st.sampled_from(["field", "type", "query"]), anything)},
    payload=payloads,
)
lists = st.sampled_from(
    ["nodes", "channels", "fields", "instruments", "labels", "units", "fields of LSA21OQ", "fields of (", " of "]
)
variables = objects(
    payload=mostly(objects(target=mostly(lists, names)), lists, anything), target=mostly(lists, anything), range=ranges
)
searches = objects(target=mostly(names, anything), type=mostly(st.just("table"), anything))
tags = objects({"key": mostly(tag_keys, anything)})

BODIES = {
    "/query": queries,
    "/search": searches,
    "/annotations": annotations,
    "/metrics": metrics,
    "/metric-payload-options": metrics,
    "/variable": variables,
    "/tag-keys": tags,
    "/tag-values": tags,
}


@pytest.mark.parametrize("path", BODIES)
def test_bodies_of_the_right_kind(path):
    @fuzz(2 if path == "/query" else 0.5)
    @given(BODIES[path])
    def run(body):
        check(CLIENT.post(path, data=json.dumps(body), headers={"Origin": "http://localhost"}))

    run()


@fuzz()
@given(
    st.sampled_from([*BODIES, "/render", "/metrics/find"]),
    mostly(st.binary(max_size=60), anything.map(json.dumps).map(str.encode)),
)
def test_bodies_of_any_kind(path, body):
    check(CLIENT.post(path, data=body))


paths = mostly(
    st.sampled_from(
        [each.path for each in FIELDS]
        + [
            "*",
            "observatory.*",
            "observatory.*.feeds.*.*",
            "{livemon.sensors,a}.*",
            "[z-a].b",
            "*{a,b.c}",
        ]
    ),
    st.text("ab.*?[]{},\\!-", max_size=20),
    st.text(max_size=12),
)
arguments = mostly(
    st.integers(-9, 9).map(str),
    st.floats().map(str),
    st.sampled_from(["'x'", '"(^.*$)"', r'"\1 A"', "true", "none", "1e308", "'(a|aa)+$'", "inf", "9" * 30]),
    st.text(max_size=8).map(lambda text: f"'{text}'"),
)
functions = st.sampled_from(
    ["alias", "aliasSub", "aliasByNode", "scale", "offset", "absolute", "group", "constantLine", "f"]
)
keywords = st.sampled_from(["", "", "", "newName=", "search=", "replace=", "factor=", "seriesList=", "value=", "x="])


def calls(inner):
    listed = st.lists(st.tuples(keywords, mostly(arguments, inner)).map("".join), max_size=3).map(",".join)
    return st.builds("{}({},{})".format, functions, inner, listed) | st.builds(
        "{}|{}({})".format, inner, functions, listed
    )


render_targets = mostly(st.recursive(paths, calls, max_leaves=6), st.text("ab.*()|,'\"{}\\=1e", max_size=30))


@fuzz(2)
@given(
    st.fixed_dictionaries(
        {"target": st.lists(render_targets, max_size=4)},
        optional={
            "from": times.map(str),
            "until": times.map(str),
            "maxDataPoints": numbers.map(str),
            "format": mostly(st.just("json"), st.text(max_size=5)),
        },
    )
)
def test_render_targets(form):
    for series in check(CLIENT.post("/render", data={key: printable(value) for key, value in form.items()})) or ():
        assert isinstance(series, str) or {"target", "tags", "datapoints"} == set(series)


def printable(value):
    """A form's values have no lone surrogates: they could not be sent."""
    return [printable(each) for each in value] if isinstance(value, list) else value.encode(errors="replace").decode()


@fuzz()
@given(st.sampled_from(["/metrics/find", "/metrics/expand"]), paths)
def test_patterns_of_paths(path, query):
    content = check(CLIENT.get(path, query_string={"query": query}))
    if path == "/metrics/find" and isinstance(content, list):
        for node in content:
            again = check(CLIENT.get(path, query_string={"query": node["id"]}))
            assert node["text"] in [each["text"] for each in again]


@fuzz()
@given(
    objects({"field": st.lists(names, min_size=1, max_size=3)}, until=times.map(str), points=numbers.map(str)),
    st.dictionaries(st.just("from"), times.map(str)),
)
def test_series_of_the_own_interface(arguments, start):
    check(CLIENT.get("/api/series", query_string=arguments | start))
