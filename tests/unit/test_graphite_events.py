"""Joins and leaves as Graphite's events."""

import pytest
from memory_source import MemorySource, Samples

from livemon.bridge.app import create_app
from livemon.bridge.node_watch import Event

THEN = 1_700_006_400
CONNECTED = Samples("observatory.control.agent.connected", THEN - 100, 10, [1] * 10 + [0] * 10 + [1] * 30)
HAPPENED = [
    Event(THEN - 30.25, "sensors", "This machine", "joined"),
    Event(THEN + 50.75, "Fridge, old", "Diodes", "left"),
]


@pytest.fixture
def client():
    return create_app(MemorySource([CONNECTED], HAPPENED)).test_client()


def whats(client, **parameters):
    answer = client.get("/events/get_data", query_string={"from": THEN - 60, "until": THEN + 200} | parameters)
    assert answer.status_code == 200, answer.text
    return [each["what"] for each in answer.json]


def test_events_have_whole_seconds_a_list_of_words_and_an_id_that_stays(client):
    ask = f"/events/get_data?from={THEN + 45}&until={THEN + 55}"
    (event,) = client.get(ask).json
    assert event == {
        "id": event["id"],
        "when": THEN + 50,
        "what": "Fridge, old left",
        "tags": ["data-node", "left", "Fridge-old"],
        "data": "Diodes",
    }
    assert isinstance(event["when"], int)
    assert isinstance(event["id"], int)
    assert client.get(ask).json == [event]


ALL = ["sensors joined", "control left", "Fridge, old left", "control joined"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ALL),
        ({"tags": ""}, ALL),
        ({"tags": "agent"}, ["control left", "control joined"]),
        ({"tags": "left agent"}, ["control left"]),
        ({"tags": "control  left"}, ["control left"]),
        ({"tags": "left,data-node"}, ["Fridge, old left"]),
        ({"tags": "agent sensors"}, []),
        ({"tags": "joined sensors", "set": "union"}, ["sensors joined", "control joined"]),
        ({"tags": "joined sensors", "set": "intersection"}, ["sensors joined"]),
        ({"from": THEN + 50}, ["Fridge, old left", "control joined"]),
        ({"until": THEN + 50}, ["sensors joined", "control left", "Fridge, old left"]),
        ({"until": THEN + 49}, ["sensors joined", "control left"]),
        ({"from": "undefined", "until": "undefined"}, []),
    ],
)
def test_events_are_narrowed_by_tags_and_times(client, parameters, expected):
    assert whats(client, **parameters) == expected


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ("from=yesterday-ish", "from: 'yesterday-ish' is not a valid time"),
        (f"from={THEN}&until={THEN - 5}", "the time range is reversed"),
        ("set=difference", "set: 'difference' is not valid; write union or intersection"),
    ],
)
def test_what_cannot_be_read_is_told(client, parameters, sentence):
    answer = client.get(f"/events/get_data?{parameters}")
    assert answer.status_code == 400
    assert sentence in answer.text
