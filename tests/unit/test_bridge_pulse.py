"""What the bridge is told, and by whom: the pulse of the alarm path, and the dead-man's switch."""

from __future__ import annotations

import base64
import time
from types import SimpleNamespace

import pytest
from fuzzing import anything, check, fuzz, mostly
from hypothesis import given
from hypothesis import strategies as st
from memory_source import MemorySource

from livemon.bridge.app import create_app
from livemon.bridge.last_message import LastMessage

SECRET = "0b6f-pulse"
FIRING = {"status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "Watchdog", "severity": "none"}}]}
TOLD = {"pinged": 1.7e9, "every": 60, "fault": None}
UNHEARD = {"heard": None, "age": None}
BY_PROXY = {
    "User-Agent": "Grafana/9.4.0",
    "X-Forwarded-For": "192.0.2.7",
    "X-Grafana-Referer": "",
    "Content-Type": "application/json",
}
"""What the proxy of Grafana's data source adds to a viewer's request."""


def bridge(secret=SECRET):
    """A bridge that nobody has told anything."""
    return create_app(MemorySource([]), lambda: secret)


@pytest.fixture
def client():
    """Who knows the secret."""
    client = bridge().test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {SECRET}"
    return client


def heard(client):
    """What the bridge says that it was told."""
    health = client.get("/api/health").json
    return {name: health[name] for name in ("alarm_path", "dead_mans_switch")}


CHANGES = {
    ("POST", "/api/watchdog"): FIRING,
    ("POST", "/api/dead_mans_switch"): TOLD,
    ("DELETE", "/api/dead_mans_switch"): None,
}
"""All requests that change what the bridge knows."""
PRETENCES = {
    "no word of it": {},
    "an empty one": {"Authorization": "Bearer "},
    "another one": {"Authorization": f"Bearer {SECRET[:-1]}"},
    "a user without a password": {"Authorization": "Basic " + base64.b64encode(b"grafana:").decode()},
    "another password": {"Authorization": "Basic " + base64.b64encode(f"grafana:{SECRET}x".encode()).decode()},
    "one beyond ASCII": {"Authorization": "Bearer caf\u00e9"},
}


@pytest.mark.parametrize("pretence", PRETENCES)
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_viewer_of_grafana_cannot_keep_the_dead_man_s_switch_content(client, method, path, pretence):
    client.post("/api/dead_mans_switch", json=TOLD)
    told = heard(client)["dead_mans_switch"]["heard"]
    answer = client.open(
        path, method=method, json=CHANGES[method, path], headers=BY_PROXY | {"Authorization": ""} | PRETENCES[pretence]
    )
    assert answer.status_code == 403
    assert "through Grafana's data source one can only read" in answer.json["error"]
    assert SECRET not in answer.text
    now = heard(client)
    assert (now["alarm_path"], now["dead_mans_switch"]["heard"]) == (UNHEARD, told)


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_bridge_without_a_secret_is_told_nothing_by_anybody(method, path):
    client = bridge(secret=None).test_client()
    answer = client.open(path, method=method, json=CHANGES[method, path], headers={"Authorization": "Bearer "})
    assert answer.status_code == 403
    assert "LIVEMON_PULSE_SECRET_FILE" in answer.json["error"]
    assert heard(client) == {"alarm_path": UNHEARD, "dead_mans_switch": UNHEARD}


def test_a_secret_that_is_replaced_counts_at_once(client):
    secret = SimpleNamespace(now="former")
    client = create_app(MemorySource([]), lambda: secret.now).test_client()
    former = {"Authorization": "Bearer former"}
    assert client.post("/api/watchdog", json=FIRING, headers=former).status_code == 200
    secret.now = "new"
    assert client.post("/api/watchdog", json=FIRING, headers=former).status_code == 403


READS = {
    "/api/gaps",
    *(
        "/",
        "/api/health",
        "/api/status",
        "/api/series",
        "/api/series.csv",
        "/quicklook/<requested_version>/<path:name>",
    ),
    *(
        "/search",
        "/query",
        "/annotations",
        "/tag-keys",
        "/tag-values",
        "/metrics",
        "/metric-payload-options",
        "/variable",
    ),
    "/api/alarms",
    *("/render", "/version", "/functions", "/functions/<name>", "/metrics/find", "/metrics/expand", "/events/get_data"),
    *("/tags", "/tags/<tag>", "/tags/findSeries", "/tags/autoComplete/tags", "/tags/autoComplete/values"),
}
"""Where one only reads, whatever the method. Who adds a route decides: here, or behind the secret."""


def test_every_route_only_reads_or_wants_the_secret():
    app = bridge()
    routes = {(method, str(rule)) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert {(method, path) for method, path in routes if path not in READS} == set(CHANGES)
    assert {method for method, path in routes if path in READS} == {"GET", "POST"}


def test_the_pulse_is_heard(client):
    assert client.get("/api/health").json["alarm_path"] == {"heard": None, "age": None}
    assert client.post("/api/watchdog", json=FIRING).json == {"pulse": True}
    heard = client.get("/api/health").json["alarm_path"]
    assert 0 <= heard["age"] < 5
    assert abs(heard["heard"] - time.time()) < 5


def test_the_pulse_is_heard_with_the_secret_as_a_password():
    password = {"Authorization": "Basic " + base64.b64encode(f"grafana:{SECRET}".encode()).decode()}
    assert bridge().test_client().post("/api/watchdog", json=FIRING, headers=password).json == {"pulse": True}


def test_that_the_pulse_is_over_is_no_pulse_and_no_mistake(client):
    answer = client.post("/api/watchdog", json=FIRING | {"status": "resolved"})
    assert (answer.status_code, answer.json) == (200, {"pulse": False})
    assert client.get("/api/health").json["alarm_path"]["heard"] is None


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"json": {}}, "only the alarm Watchdog is accepted here; this message is about no alarm"),
        (
            {"json": {"alerts": [{"labels": {"alertname": "Too warm"}}], "status": "firing"}},
            "this message is about 'Too warm'",
        ),
        ({"json": FIRING | {"alerts": [{"labels": ["Watchdog"]}]}}, "about no alarm"),
        ({"json": FIRING | {"alerts": "Watchdog"}}, "alerts: write a list"),
        ({"json": FIRING | {"status": "pending"}}, "status: 'pending' is neither firing nor resolved"),
        ({"json": FIRING | {"status": ["firing"]}}, "status: ['firing'] is neither firing nor resolved"),
        ({"json": ["Watchdog"]}, "the request's body is not a JSON object"),
        ({"data": b"{", "content_type": "application/json"}, "the request's body is not a JSON object"),
        # What a page of another site can make a browser send.
        ({"data": b'{"status": "firing"}', "content_type": "text/plain"}, "Content-Type: application/json"),
    ],
)
def test_what_is_no_pulse_is_refused_with_a_sentence(client, request_, sentence):
    answer = client.post("/api/watchdog", **request_)
    assert answer.status_code == 400
    assert sentence in answer.json["error"]
    assert client.get("/api/health").json["alarm_path"]["heard"] is None


def test_a_clock_that_is_set_makes_no_pulse_younger():
    wall, steady = iter([1000.0]), iter([50.0, 80.0])
    heard = LastMessage(lambda: next(wall), lambda: next(steady))
    heard.hear(pinged=None)
    assert heard.as_dict() == {"heard": 1000.0, "age": 30.0, "pinged": None}


def test_the_switch_tells_of_itself(client):
    assert client.post("/api/dead_mans_switch", json=TOLD).status_code == 200
    switch = client.get("/api/health").json["dead_mans_switch"]
    assert switch | TOLD == switch
    assert switch["age"] < 5


def test_a_switch_that_was_taken_out_is_not_missed(client):
    client.post("/api/dead_mans_switch", json=TOLD)
    assert client.delete("/api/dead_mans_switch").status_code == 200
    assert client.get("/api/health").json["dead_mans_switch"] == {"heard": None, "age": None}


@pytest.mark.parametrize("told", [{}, {"pinged": "now", "every": 60}, {"every": True}, {"every": 60, "fault": 3}])
def test_what_is_not_of_the_switch_is_refused(client, told):
    answer = client.post("/api/dead_mans_switch", json=told)
    assert answer.status_code == 400
    assert answer.json["error"].startswith("write {pinged: UNIX seconds or null")


LABELS = mostly(st.just({"alertname": "Watchdog"}), st.dictionaries(st.text(), anything), anything)
ALERTS = st.lists(mostly(st.fixed_dictionaries({"labels": LABELS}), anything))
MESSAGES = {
    "/api/watchdog": st.fixed_dictionaries({}, optional={"status": anything, "alerts": mostly(ALERTS, anything)}),
    "/api/dead_mans_switch": st.fixed_dictionaries({}, optional=dict.fromkeys(["pinged", "every", "fault"], anything)),
}


@pytest.mark.slow
@pytest.mark.parametrize("path", MESSAGES)
@fuzz(share=0.3)
@given(data=st.data())
def test_messages_of_any_kind_are_taken_or_refused_in_a_sentence(path, data):
    client = bridge().test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {SECRET}"
    answer = client.post(path, json=data.draw(mostly(MESSAGES[path], anything)))
    check(answer.status_code, answer.data, is_json=True)
    answer = client.get("/api/health")
    assert answer.status_code == 503  # for want of nodes, and nothing else
    assert len(answer.json["problems"]) == 1
