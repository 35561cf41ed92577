"""Names, tags, events and the descriptions of functions, by graphite-web itself."""

import json
from urllib.parse import urlencode

import pytest
from graphite_referee import Case, of_bridge, of_graphite_web
from memory_source import MemorySource, Samples

from livemon.bridge.node_watch import Event

THEN = 1_700_006_400
FEED = "observatory.control.feeds.temperatures"


def channel(path, **tags):
    return Samples(path, THEN - 600, 10, [1.0] * 120, tags)


LAB = [
    channel(f"{FEED}.Channel_01_T", node="control", label="4K plate", unit="K"),
    channel(f"{FEED}.Channel_02_T", node="control", label="Still", unit="K"),
    channel(f"{FEED}.Channel_01_R", node="control", label="4K plate", unit="Ohm"),
    channel("observatory.ls240.feeds.temperatures.Channel_1_T", node="LSA21OQ", label="50K plate", unit="K"),
    channel("livemon.sensors.load_1", node="sensors"),
    channel("livemon.sensors.disk_used", node="sensors", unit="%"),
    Samples("observatory.control.agent.connected", THEN - 600, 10, [1] * 40 + [0] * 40 + [1] * 40, {"node": "agents"}),
]
EVENTS = [
    Event(THEN - 500, "sensors", "This machine", "joined"),
    Event(THEN + 100, "LSA21OQ", "Diodes", "left"),
    Event(THEN + 400, "LSA21OQ", "Diodes", "joined"),
]
ALL_TIME = [("from", str(THEN - 600)), ("until", str(THEN + 600))]
QUERIES = [
    "*",
    "observatory",
    "observatory.*",
    "observatory.*.*",
    "*.*.feeds.temperatures.*",
    "observatory.{control,ls240}.feeds.temperatures.Channel_*_T",
    "observatory.c*l.agent.*",
    "*.[!o]*.*",
    f"{FEED}.Channel_0[12]_T",
    f"{FEED}.Channel_??_?",
    f"{FEED}.Channel_{{01,02}}_{{T,R}}",
    "livemon.sensors.load_1",
    "livemon.sensors.{a,disk_used}",
    "no.*",
]
BEGUN = ["o", "observatory.", "observatory.control.feeds.temperatures.Ch", "livemon.sensors.*", "o..f", "zzz"]
EXPRESSIONS = [
    ["unit=K"],
    ["unit!=K", "node=sensors"],
    ["unit=~K|Ohm"],
    ["unit=~^O"],
    ["unit!=~K|Ohm", "node=~s"],
    ["label=", "node=sensors"],
    ["label!="],
    ["label=4K plate", "unit=Ohm"],
    ["label=~[45].?K"],
    ["label=~plate"],
    [f"name={FEED}.Channel_01_T"],
    ["name=~observatory.*", "unit=K"],
    ["nothing=a"],
    ["nothing=", "node=agents"],
]
REQUESTS = {
    "/metrics/find": [
        *([("query", query)] for query in QUERIES),
        *([("query", query), ("format", "completer")] for query in BEGUN),
    ],
    "/metrics/expand": [
        *([("query", query)] for query in QUERIES),
        [("query", "*"), ("query", "livemon.*.*")],
        [("query", "observatory.*.*"), ("leavesOnly", "1")],
        [("query", "livemon.*.*"), ("leavesOnly", "1")],
        [("query", "*"), ("query", "livemon.*.*"), ("groupByExpr", "1")],
    ],
    "/tags": [[], [("filter", "n")], [("filter", "abel")], [("limit", "2")]],
    "/tags/unit": [[], [("filter", "K")], [("limit", "1")]],
    "/tags/label": [[]],
    "/tags/nothing": [[]],
    "/tags/findSeries": [[("expr", each) for each in some] for some in EXPRESSIONS],
    "/tags/autoComplete/tags": [
        *([], [("tagPrefix", "n")], [("limit", "2")], [("tagPrefix", "zzz")]),
        *([("expr", each) for each in some] for some in EXPRESSIONS),
        [("expr[]", "unit=K"), ("tagPrefix", "l")],
        [("expr", "node=control"), ("limit", "1")],
    ],
    "/tags/autoComplete/values": [
        *([("tag", tag)] for tag in ("unit", "label", "name", "nothing")),
        [("tag", "label"), ("valuePrefix", "4")],
        [("tag", "name"), ("limit", "3")],
        *([("tag", "label"), *(("expr", each) for each in some)] for some in EXPRESSIONS),
        [("tag", "name"), ("expr", "node=control"), ("valuePrefix", FEED), ("limit", "2")],
    ],
    "/events/get_data": [
        ALL_TIME,
        *([*ALL_TIME, ("tags", tags)] for tags in ("joined", "agent left", "left agent", "LSA21OQ data-node")),
        [*ALL_TIME, ("tags", "left sensors"), ("set", "union")],
        [*ALL_TIME, ("tags", "left LSA21OQ"), ("set", "intersection")],
        [*ALL_TIME, ("tags", "left sensors"), ("set", "intersection")],
        [("from", str(THEN + 100)), ("until", str(THEN + 400))],
        [("from", str(THEN + 101)), ("until", str(THEN + 399))],
    ],
}
ASKED = [(path, parameters) for path, all_parameters in REQUESTS.items() for parameters in all_parameters]


@pytest.fixture(scope="module")
def answers():
    """What graphite-web and the bridge answer to each request; graphite-web is told the bridge's tags and events."""
    ours = MemorySource(LAB, EVENTS)
    series = [Samples(each.name, each.start, each.step, each.values, tags_of(ours, each.name)) for each in LAB]
    ((_, text),) = of_bridge(Case(LAB, [("/events/get_data", ALL_TIME)]), ours)
    case = Case(series, ASKED, json.loads(text))
    return list(zip(of_graphite_web([case])[0], of_bridge(case, ours), strict=True))


def tags_of(source, path):
    return {key: value for key, value in source.catalogue.by_path[path].tags.items() if key != "name"}


@pytest.mark.parametrize(
    "number", range(len(ASKED)), ids=[f"{path}?{urlencode(parameters)}" for path, parameters in ASKED]
)
def test_names_tags_and_events_are_as_graphite_web_has_them(answers, number):
    (their_status, theirs), (our_status, ours) = answers[number]
    assert (their_status, our_status) == (200, 200), (theirs, ours)
    assert without_ids(json.loads(ours)) == without_ids(json.loads(theirs))


def without_ids(content):
    """Leave out the keys of graphite-web's database, and the tags that it writes behind a path."""
    if isinstance(content, dict):
        return {key: without_ids(value) for key, value in content.items() if key != "id" or "text" in content}
    if isinstance(content, list):
        return [without_ids(each) for each in content]
    return content.partition(";")[0] if isinstance(content, str) else content


ON_PURPOSE = {
    **dict.fromkeys(
        ("highest", "highestAverage", "highestCurrent", "highestMax", "lowest", "lowestAverage", "lowestCurrent"),
        "the number of series need not be given: it is 1",
    ),
    "keepLastValue": "JSON has no infinity",
    "log": "a base may have a fraction",
    "round": "it rounds to whole numbers, whether 0 is the default or none is given",
}
"""Functions that are described otherwise than by graphite-web."""


def test_functions_have_graphite_web_s_parameters():
    ask = Case([], [("/functions", [("grouped", "0")])])
    (((_, theirs),),), ((_, ours),) = of_graphite_web([ask]), of_bridge(ask)
    theirs, ours = json.loads(theirs), json.loads(ours)
    assert ours.keys() <= theirs.keys()
    differing = {name: (parameters(ours[name]), parameters(theirs[name])) for name in ours}
    differing = {name: both for name, both in differing.items() if both[0] != both[1]}
    assert differing.keys() == ON_PURPOSE.keys(), differing
    assert [name for name in ours if ours[name]["group"] != theirs[name]["group"]] == []


def parameters(function):
    return [
        (each["name"], each["type"], each.get("required", False), each.get("multiple", False), each.get("default"))
        for each in function["params"]
    ]
