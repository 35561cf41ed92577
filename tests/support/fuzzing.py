"""Requests and calls of any kind, most of them of the right one, and what every answer must be.

``LIVEMON_FUZZ=5000`` tries that many of each, other ones every time; otherwise about a hundred, always the same ones.
"""

from __future__ import annotations

import json
import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from waiting import LONGEST_QUEUE

from livemon.bridge.graphite.functions import FUNCTIONS

CHANNELS = (
    "FAKE::channel_00",
    "FAKE::channel_01",
    "sensors::load_1",
    "FAKE::note",
    "of others::[x].*",
    "agents::ls240",
)
PATHS = (
    "observatory.fake1.feeds.false_temperatures.channel_00",
    "observatory.fake1.feeds.false_temperatures.channel_01",
    "livemon.sensors.load_1",
    "sisock.of_others._x___",
    "observatory.ls240.agent.connected",
)
EXAMPLES = int(os.environ.get("LIVEMON_FUZZ", "0"))


def fuzz(share: float = 1.0, deadline: int = 10_000) -> settings:
    """The settings of a test: its share of the usual number of examples, milliseconds that each may take on an idle computer."""
    return settings(
        max_examples=EXAMPLES or round(100 * share),
        derandomize=not EXAMPLES,
        deadline=deadline * LONGEST_QUEUE,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def no_constant(name):
    raise AssertionError(f"{name} is not JSON")


def check(status: int, content: bytes, is_json: bool) -> object:
    """Return what an answer holds; fail if it is neither an answer nor an error in a sentence."""
    assert 200 <= status < 500, content[:400]
    assert b"Traceback" not in content
    answer = json.loads(content, parse_constant=no_constant) if is_json else content.decode()
    if status >= 400:
        sentence = answer["error"] if is_json else answer.removesuffix("\n")
        assert 0 < len(sentence) < 400
        assert not set(sentence) & set("\n\r\0"), sentence
    return answer


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
    [
        *CHANNELS,
        *(part for name in CHANNELS for part in name.split("::")),
        *PATHS,
        "nobody::x",
        "select metric",
        "events",
        "",
        ".*",
        "(FAKE|sensors)::.*",
        "(.|..)+[!?]",
        "sensors::",
        "(",
        "a{9999999}",
    ]
)
names = mostly(known, st.text(max_size=30), st.from_regex(r"\(?(FAKE|[a-z]\\.)[|*+?(){}\[\]]{0,5}", fullmatch=True))
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
    ["nodes", "channels", "fields", "instruments", "labels", "units", "fields of FAKE", "fields of (", " of "]
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


expressions = mostly(
    st.tuples(tag_keys, st.sampled_from(["=", "!=", "=~", "!=~"]), names).map("".join),
    st.text(max_size=12),
)
paths = mostly(
    st.sampled_from(
        [
            *PATHS,
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
    st.sampled_from(["'unit=K'", "'node=~.*s'", "'label'"]),
    st.text(max_size=8).map(lambda text: f"'{text}'"),
)
intervals = st.sampled_from(["'5min'", "'1s'", "'-1h'", "'1000y'", "'0s'", "'soon'"])
counts = st.sampled_from(["1", "2", "7", "0", "-1", "100000", "1.5"])
ARGUMENTS = {
    "float": st.floats(-9, 9).map(str),
    "integer": counts,
    "intOrInf": mostly(counts, st.just("inf")),
    "intOrInterval": mostly(intervals, counts),
    "interval": intervals,
    "node": st.integers(-3, 5).map(str),
    "nodeOrTag": mostly(st.integers(-3, 5).map(str), st.sampled_from(["'unit'", "'name'", "'x'"])),
    "boolean": st.sampled_from(["true", "false"]),
    "aggFunc": st.sampled_from(["'sum'", "'max'", "'average'", "'stddev'", "'last'", "'most'"]),
}
ARGUMENTS["aggOrSeriesFunc"] = ARGUMENTS["aggFunc"]
"""By a parameter's type; of others any will do."""


def calls(inner):
    return st.sampled_from(sorted(FUNCTIONS)).flatmap(lambda name: call(FUNCTIONS[name], inner))


def call(function, inner):
    """A call with most arguments of the right kind; the first may stand before a pipe, the last before its name."""
    kinds = [inner if each.takes_series else ARGUMENTS.get(each.type, arguments) for each in function.parameters]
    if function.parameters[-1].multiple:
        kinds += kinds[-1:]
    number = st.sampled_from([len(kinds)] * 4 + [1])
    values = st.tuples(number, *(mostly(kind, arguments) for kind in kinds)).map(lambda drawn: drawn[1 : drawn[0] + 1])
    form = mostly(st.just(nested), st.just(piped), st.just(named))
    last = function.parameters[-1].name
    return st.builds(lambda form, values: form(function.name, values, last), form, values)


def nested(name, values, _last):
    return f"{name}({','.join(values)})"


def piped(name, values, _last):
    return f"{values[0]}|{name}({','.join(values[1:])})"


def named(name, values, last):
    return nested(name, [*values[:-1], f"{last}={values[-1]}"], last)


render_targets = mostly(st.recursive(paths, calls, max_leaves=6), st.text("ab.*()|,'\"{}\\=1e", max_size=30))


forms = st.fixed_dictionaries(
    {"target": st.lists(render_targets, max_size=4)},
    optional={
        "from": times.map(str),
        "until": times.map(str),
        "maxDataPoints": numbers.map(str),
        "format": mostly(st.just("json"), st.text(max_size=5)),
    },
)
