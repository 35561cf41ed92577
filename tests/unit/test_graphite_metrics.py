"""The tree of the metrics' names, in the forms in which it is asked for."""

import pytest
from memory_source import MemorySource, Samples

from livemon.bridge.app import create_app

PATHS = [
    "observatory.control.feeds.temperatures.Channel_01_T",
    "observatory.control.feeds.temperatures.Channel_02_T",
    "observatory.control.agent.connected",
    "observatory.ls240.agent.connected",
    "livemon.sensors.load_1",
    "livemon.sensors",
]


@pytest.fixture
def client():
    return create_app(MemorySource([Samples(path, 0, 1, [1]) for path in PATHS])).test_client()


def found(client, **parameters):
    answer = client.post("/metrics/find", data=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize(
    ("query", "nodes"),
    [
        ("*", [("livemon", "livemon", 1), ("observatory", "observatory", 1)]),
        ("observatory.*.agent", [("agent", "observatory.*.agent", 1)]),
        ("observatory.*.agent.*", [("connected", "observatory.*.agent.connected", 0)]),
        ("livemon.*", [("sensors", "livemon.sensors", 1)]),
        ("*.*", [("control", "*.control", 1), ("ls240", "*.ls240", 1), ("sensors", "*.sensors", 1)]),
        ("nothing.*", []),
    ],
)
def test_nodes_are_branches_first_each_once_and_keep_the_query_s_own_prefix(client, query, nodes):
    expected = [
        {"text": text, "id": path, "allowChildren": more, "expandable": more, "leaf": 1 - more}
        for text, path, more in nodes
    ]
    assert found(client, query=query) == found(client, query=query, format="treejson") == expected


@pytest.mark.parametrize(
    ("begun", "completions"),
    [
        ("obs", [("observatory.", "observatory", "0")]),
        ("observatory.", [("observatory.control.", "control", "0"), ("observatory.ls240.", "ls240", "0")]),
        ("o..c", [("observatory.control.", "control", "0")]),
        ("livemon.s", [("livemon.sensors.", "sensors", "0"), ("livemon.sensors", "sensors", "1")]),
        ("livemon.sensors.load_*", [("livemon.sensors.load_1", "load_1", "1")]),
    ],
)
def test_what_is_begun_is_completed_by_full_paths(client, begun, completions):
    keys = ("path", "name", "is_leaf")
    expected = [dict(zip(keys, each, strict=True)) for each in completions]
    assert found(client, query=begun, format="completer") == {"metrics": expected}


def test_a_format_that_there_is_not_is_refused_by_name(client):
    answer = client.get("/metrics/find?query=*&format=pickle")
    assert (answer.status_code, answer.text) == (
        400,
        "format: 'pickle' is not supported; write treejson or completer\n",
    )


@pytest.mark.parametrize(
    ("query", "results"),
    [
        ([("query", "*.sensors"), ("query", "livemon.*.*")], ["livemon.sensors", "livemon.sensors.load_1"]),
        ([("query", "*"), ("leavesOnly", "1")], []),
        ([("query", "livemon.*"), ("leavesOnly", "1")], ["livemon.sensors"]),
        (
            [("query", "observatory.{control,ls240}.agent.*"), ("leavesOnly", "1")],
            ["observatory.control.agent.connected", "observatory.ls240.agent.connected"],
        ),
        ([("query", "*"), ("query", "x"), ("groupByExpr", "1")], {"*": ["livemon", "observatory"], "x": []}),
        ([], []),
    ],
)
def test_queries_are_expanded_to_full_paths(client, query, results):
    assert client.get("/metrics/expand", query_string=query).json == {"results": results}


@pytest.mark.parametrize("path", ["/metrics/find", "/metrics/expand"])
def test_too_many_alternatives_are_refused(client, path):
    answer = client.get(path, query_string={"query": "{a,b,c,d}" * 6})
    assert answer.status_code == 400
    assert "more than 1000 alternatives" in answer.text


def test_a_walk_down_the_tree_reaches_every_channel_and_its_samples_whatever_it_is_called():
    """Fields of other people's nodes: brackets meant a set, parentheses were HTTP 400."""
    names = ["T[mK]", "Ch_1_(K)", "50K.plate", "a b", "{x,y}", "q*", "c:\\d"]
    paths = [f"observatory.old.feeds.f.{name}" for name in names]
    client = create_app(MemorySource([Samples(path, 0, 1, [1]) for path in paths])).test_client()
    waiting, reached = ["*"], []
    while waiting:
        for node in found(client, query=waiting.pop()):
            (waiting if node["expandable"] else reached).append(node["id"] + (".*" if node["expandable"] else ""))
    targets = {}
    for target in reached:
        answer = client.post("/render", data={"target": target, "from": "-10min", "format": "json"})
        assert answer.status_code == 200, answer.text
        [series] = answer.json
        targets[target] = series["tags"]["name"]
    assert sorted(targets.values()) == sorted(paths)
