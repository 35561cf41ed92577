"""The HTTP side over samples in memory: every answer that needs no router."""

import math
import time

import numpy as np
import pytest

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
