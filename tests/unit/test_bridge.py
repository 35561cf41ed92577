"""The HTTP side over samples in memory: every answer that needs no router."""

import math
import threading
import time

import numpy as np
import pytest
from twisted.logger import eventAsText, globalLogPublisher

from livemon.bridge.app import create_app
from livemon.bridge.catalogue import Catalogue, Field, Node
from livemon.bridge.source import Answer
from livemon.errors import RouterError

NOW = time.time()
PATH = "observatory.ls240.feeds.temperatures.Channel_1_T"
FIELD = Field("LSA21OQ", "channel_1_t", PATH, "t", label="4K plate", units="K")
TEXT = Field("LSA21OQ", "note", "observatory.ls240.feeds.temperatures.note", "t", type="string")


class MemorySource:
    """Answers like livemon.bridge.source.Source, from arrays."""

    connected = True

    def __init__(self):
        node = Node("LSA21OQ", "Diodes", {each.name: each for each in (FIELD, TEXT)}, {"channel_1_t": (NOW - 2, 4.2)})
        self.catalogue = Catalogue([node])
        self.samples = {FIELD: (np.array([NOW - 3, NOW - 2]), np.array([4.1, math.nan]))}
        self.asked = []

    def fetch(self, fields, start, end, points):
        if not self.connected:
            raise RouterError("the router is away")
        self.asked.append((list(fields), start, end, points))
        empty = (np.empty(0), np.empty(0))
        return Answer({each: self.samples.get(each, empty) for each in fields})


@pytest.fixture
def source():
    return MemorySource()


@pytest.fixture
def client(source):
    return create_app(source).test_client()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json, text/plain, */*", "text/plain"),
        ("*/*", "text/plain"),
        (None, "text/plain"),
    ],
)
def test_a_browser_finds_the_page_and_grafana_its_health_check(client, accept, kind):
    answer = client.get("/", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (200, kind)


def test_texts_are_not_plotted(client):
    assert client.post("/search", json={"target": ""}).json == ["LSA21OQ::channel_1_t"]


def test_what_is_no_number_is_null(client):
    answer = client.get("/render", query_string={"target": PATH}).json
    assert answer[0]["datapoints"] == [[4.1, NOW - 3], [None, NOW - 2]]
    assert answer[0]["tags"] == {
        "name": PATH,
        "node": "LSA21OQ",
        "field": "channel_1_t",
        "label": "4K plate",
        "unit": "K",
    }


def test_grafana_s_own_wrapping_of_a_target(client):
    form = {
        "target": rf'aliasSub({PATH},"(^.*$)","\1 A")',
        "from": str(int(NOW) - 60),
        "until": str(int(NOW)),
        "format": "json",
    }
    assert client.post("/render", data=form).json[0]["target"] == f"{PATH} A"


def test_grafana_s_test_of_the_data_source(client):
    answer = client.post(
        "/render", data={"target": "constantLine(100)", "from": "-1h", "until": "now", "maxDataPoints": "300"}
    )
    assert [value for value, _ in answer.json[0]["datapoints"]] == [100, 100, 100]


def test_functions_follow_graphite(client):
    def first(target):
        return client.get("/render", query_string={"target": target}).json[0]

    assert first(f"scale({PATH}, 10)")["datapoints"][0][0] == pytest.approx(41)
    assert first(f"offset({PATH}, -4.1)|absolute()")["datapoints"][0][0] == pytest.approx(0)
    assert first(f"aliasByNode({PATH}, 1, -1)")["target"] == "ls240.Channel_1_T"
    assert first(f"group({PATH})")["target"] == PATH


@pytest.mark.parametrize("value", ["undefined", "", "-1h", "1700000000", "2023-11-14T22:13:20Z", "-5min", "now"])
def test_times_as_grafana_writes_them(client, value):
    assert client.get("/render", query_string={"target": PATH, "from": value}).status_code == 200


@pytest.mark.parametrize("value", ["x", "1e999", "nan", "-5parsecs", "99999999999999"])
def test_times_that_are_none_are_named(client, value):
    answer = client.get("/render", query_string={"target": PATH, "from": value})
    assert answer.status_code == 400
    assert answer.text.startswith("from: ")


def short_fault(answer, status=400):
    """The sentence of a fault, be it text or JSON."""
    assert answer.status_code == status, answer.text
    sentence = answer.json["error"] if answer.is_json else answer.text
    assert len(sentence) < 400
    return sentence


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("group(" * 1000 + PATH + ")" * 1000, "calls"),
        (PATH + "|group()" * 900, "calls"),
        ("(" * 50, "cannot be read"),
        (f"constantLine({'9' * 400})", "number"),
        (f"constantLine({'9' * 5000})", "number"),
        (f"scale({PATH},-{'9' * 400})", "number"),
        (f"aliasByNode({PATH},{'9' * 30})", "nodes 0 to 4"),
        ("alias(series='x',new_name='y')", "series"),
        ("alias(new_name='y',series=7)", "series"),
        (f"constantLine({PATH})", "a series stands where a number"),
        (f"alias({PATH},{PATH})", "a series stands where a text"),
        (f"scale({PATH},'{'x' * 6000}')", "number"),
        (f"{'f' * 7000}(a)", "unknown function"),
        (f"alias({PATH},{'k' * 3000}=1)", "alias"),
        (f"aliasSub({PATH},'a{{99999999999}}','')", "aliasSub"),
        (f"aliasSub({PATH},'{'(' * 90}','')", "aliasSub"),
        ("aliasSub(" * 40 + PATH + r""",".","\g<0>\g<0>")""" * 40, "longer than"),
        (f"group({','.join([PATH] * 150)})|group()", None),
        ("[z-a].b", "bad character range"),
        ("a.\U0001f600\u0661", None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_target_that_makes_no_sense_is_told_in_a_sentence(client, target, word):
    answer = client.post("/render", data={"target": target})
    if word is None:
        assert answer.status_code == 200
    else:
        assert word in short_fault(answer)


@pytest.mark.timeout(10)
def test_a_pattern_that_would_try_for_years_does_not_hold_the_bridge_up(client):
    done = threading.Event()
    turns = []

    def other_request():
        while not done.wait(0.01):
            turns.append(None)

    thread = threading.Thread(target=other_request)
    thread.start()
    begin = time.perf_counter()
    try:
        answer = client.post("/render", data={"target": [f"aliasSub({PATH},'(.|..)+[!?]$','')"] * 20})
    finally:
        done.set()
        thread.join()
    assert "takes longer than 0.5 s" in short_fault(answer)
    assert time.perf_counter() - begin < 3
    assert len(turns) > 5


@pytest.mark.timeout(10)
def test_a_pattern_that_repeats_what_repeats_is_answered(client):
    answer = client.post("/render", data={"target": rf"aliasSub({PATH},'([\w.]+)+!$','')"})
    assert answer.json[0]["target"] == PATH


def test_an_alias_s_pattern_is_python_s(client):
    """What the library knows beyond that, such as recursion, which takes memory without end."""
    assert "unknown extension ?R" in short_fault(
        client.post("/render", data={"target": f"aliasSub({PATH},'(?R)?a','')"})
    )


def test_what_is_asked_for_again_and_again_counts_each_time(client, source):
    targets = [f"group({','.join([PATH] * 100)})"] * 6
    assert "more than 500 series" in short_fault(client.post("/render", data={"target": targets}))
    assert source.asked == []


@pytest.mark.parametrize("path", ["/query", "/search"])
@pytest.mark.parametrize(
    "body", [b"[" * 400_000, b'{"a":' * 100_000, b"{", b"\xff", b"7", b"null", b"[]", b'{"target": "\\ud800"}']
)
def test_a_body_that_is_no_object_is_told(client, path, body):
    assert "no JSON object" in short_fault(client.post(path, data=body))


@pytest.mark.parametrize("value", [10**400, 1e-320, 1e308, math.nan, math.inf, -1, 0, True, "x", None, [], {}])
@pytest.mark.parametrize("key", ["intervalMs", "maxDataPoints", "range", "from", "targets", "target"])
def test_a_query_of_anything_is_answered_or_refused(client, key, value):
    body = {"targets": [{"target": "LSA21OQ::channel_1_t"}]}
    body |= {"from": {"range": {"from": value}}, "target": {"targets": [{"target": value}]}}.get(key, {key: value})
    answer = client.post("/query", json=body)
    if answer.status_code != 200:
        short_fault(answer, 404 if (key, value) == ("target", "x") else 400)


@pytest.mark.parametrize("name", ["x" * 100_000, "LSA21OQ::" + "x" * 100_000, "x" * 100_000 + "::y"])
def test_an_unknown_channel_is_told_in_a_short_sentence(client, name):
    assert " no " in short_fault(client.post("/query", json={"targets": [{"target": name}]}), 404)


def test_a_fault_of_ours_is_in_the_log_with_its_traceback(client, source, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(source, "fetch", fail)
    events = []
    globalLogPublisher.addObserver(events.append)
    try:
        assert "internal" in short_fault(client.get("/api/series", query_string={"field": PATH}), 500)
    finally:
        globalLogPublisher.removeObserver(events.append)
    assert ["of ours" in eventAsText(event) and "in fail" in eventAsText(event) for event in events] == [True]


def test_the_router_s_absence_is_a_503_and_the_page_stays(client, source):
    source.connected = False
    assert client.get("/api/series", query_string={"field": PATH}).status_code == 503
    status = client.get("/api/status")
    assert (status.status_code, status.json["router"]) == (200, {"connected": False})
    assert client.get("/", headers={"Accept": "text/html"}).status_code == 200


def test_points_are_asked_for_as_the_panel_is_wide(client, source):
    body = {
        "targets": [{"target": "LSA21OQ::channel_1_t"}],
        "range": {"from": NOW - 600, "to": NOW},
        "maxDataPoints": 1e9,
        "intervalMs": 60_000,
    }
    assert client.post("/query", json=body).status_code == 200
    assert source.asked[0][3] == 10


def test_the_page_loads_nothing_from_outside_and_runs_nothing_inline(client):
    page = client.get("/", headers={"Accept": "text/html"})
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "://" not in page.text
    assert "<script>" not in page.text
    assert "<style" not in page.text
    assert " onclick" not in page.text


def test_without_the_plotting_library_the_page_says_so(client, monkeypatch, tmp_path):
    monkeypatch.setattr("livemon.bridge.quicklook.LIBRARY", tmp_path / "missing.js")
    page = client.get("/", headers={"Accept": "text/html"}).text
    assert "plotting library is not installed" in page
    assert "uPlot.iife" not in page


def test_a_node_that_was_restarted_keeps_its_place():
    names = ["sensors", "LSA22YG", "LSA21OQ"]
    assert list(Catalogue(Node(name, "") for name in names).nodes) == ["LSA21OQ", "LSA22YG", "sensors"]
