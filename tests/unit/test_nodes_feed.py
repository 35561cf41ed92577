"""The node of an agent's feeds: what it makes of the messages that it receives."""

import time

import pytest

from livemon.nodes import blocks, feed
from livemon.nodes.feed import FeedNode

TOPIC = "observatory.ls240.feeds.temperatures"


@pytest.fixture
def node():
    node = FeedNode("LSA21OQ", "Diodes", target="ls240")
    send(node, [1.0, 2.0], a=[10.0, 20.0], note=["cold", "warm"])
    return node


def send(node, times, **data):
    node.receive(TOPIC, [{"block": {"timestamps": times, "data": data}}, {}])


def answers(node):
    return node.get_data(list(node.fields), 0.5, 99)["data"], node.get_last()


@pytest.mark.parametrize(
    ("times", "data"),
    [
        ([3.0], {"b": [30.0, 40.0]}),
        ([3.0], {"c": [1.0], "b": [1.0, "x"]}),
        ([3.0], {"b": [1.0], "c": 5}),
        ([3.0], {"b": [10**400]}),
        ([3.0], {"a": [30.0], "b": []}),
        ([3.0], {"a": [30.0], "note": []}),
        ([], {"b": [], "note": []}),
        (None, {"b": [1.0]}),
        ([3.0], None),
    ],
)
def test_a_malformed_message_affects_no_other(node, times, data):
    before = answers(node)
    node.receive(TOPIC, [{"block": {"timestamps": times, "data": data}}, {}])
    assert answers(node) == before


def test_a_field_that_first_comes_with_old_samples_has_them(node):
    send(node, [2.0], a=[20.0], late=[5.0])
    data, last = answers(node)
    assert (data["a"], data["late"]) == ([10, 20], [None, 5])
    assert last["late"] == (2, 5)
    send(node, [3.0], late=[6.0])
    assert node.get_last()["late"] == (3, 6)


def test_truth_values_are_numbers_and_texts_keep_their_last(node):
    send(node, [3.0], ok=[True], note=["hot"])
    fields, _timelines = node.get_fields(1, 0)
    assert {key: about["type"] for key, about in fields.items()} == {"a": "number", "note": "string", "ok": "bool"}
    assert node.get_last() == {"a": (2, 20), "ok": (3, 1), "note": (3, "hot")}


def test_every_block_of_a_feed_keeps_its_samples_whatever_its_fields_are_called(node):
    for number in range(4):
        node.receive(TOPIC, [{f"block {number}": {"timestamps": [5.0], "data": {"T": [number]}}}, {}])
    last = {key: value for key, (_, value) in node.get_last().items() if key.endswith("t")}
    assert sorted(last.values()) == [0, 1, 2, 3]


def test_two_fields_of_one_name_have_a_permanent_name_each(node):
    """Channels are found by it: of two with the same one, the second was never shown."""
    blocks = {"inner": {"a b": [1.0]}, "outer": {"a b": [300.0], "a_b": [5.0]}}
    node.receive(TOPIC, [{name: {"timestamps": [3.0], "data": data} for name, data in blocks.items()}, {}])
    fields, _timelines = node.get_fields(1, 0)
    paths = {
        about["path"]: node.get_last()[key][1] for key, about in fields.items() if key.endswith("a_b") or "a_b_" in key
    }
    assert paths == {f"{TOPIC}.a_b": 1.0, f"{TOPIC}.outer.a_b": 300.0, f"{TOPIC}.outer.a_b_2": 5.0}


def test_a_value_that_is_not_a_number_affects_no_other(node):
    send(node, [3.0, 4.0], a=["over range", 40.0], b=[None, 4.0])
    data, _last = answers(node)
    assert data["a"] == [10, 20, None, 40]
    assert data["b"] == [None, None, None, 4]


def test_new_labels_leave_the_samples(node):
    before, version = answers(node), node.fields_version
    options = {
        "name": "LSA21OQ",
        "target": "ls240",
        "labels": {"a": "4K plate"},
        "units": {"a": "K"},
        "description": "New",
    }
    assert node.reconfigure(options)
    assert answers(node) == before
    fields, _ = node.get_fields()
    assert (fields["a"]["label"], fields["a"]["units"], node.description) == ("4K plate", "K", "New")
    assert node.fields_version != version
    send(node, [3.0], new=[1.0])
    assert node.get_fields()[0]["new"]["label"] is None


@pytest.mark.parametrize("change", [{"target": "other"}, {"feeds": ["b"]}, {"window": 60.0}, {"name": "other"}])
def test_another_source_takes_another_node(node, change):
    assert not node.reconfigure({"name": "LSA21OQ", "target": "ls240"} | change)


def test_a_clock_that_was_ahead_does_not_silence_the_node(node):
    now = 1e9
    node.clock = lambda: now
    send(node, [now], a=[1.0])
    send(node, [now + 3600], a=[2.0])
    send(node, [now + 1], a=[3.0])
    assert node.get_data(["a"], now, now + 7200)["data"]["a"] == [1, 3, 2]
    assert node.get_last()["a"] == (now + 1, 3)


@pytest.mark.parametrize("step", [0.5, 5, 11, 60, 600])
def test_a_range_that_was_measured_twice_is_shown_twice_and_the_last_arrival_is_the_present_value(node, step):
    now = 1e9
    node.clock = lambda: now
    send(node, [now - 1.1, now - 0.1], a=[1.0, 2.0])
    send(node, [now - step - 0.15, now - step + 0.15], a=[3.0, 4.0])
    timeline = node.get_data(["a"], now - 700, now + 1)["timeline"][f"{TOPIC}.block"]
    stamps = [now - 1.1, now - 0.1, now - step - 0.15, now - step + 0.15]
    assert timeline["t"] == sorted(stamps)
    assert timeline["finalized_until"] <= stamps[-1]
    assert node.get_last()["a"] == (stamps[-1], 4)
    assert node.status() == {"faults": [], "counts": {}, "notes": []}


def test_what_cannot_be_plotted_is_counted_and_reported(node, monkeypatch):
    lines, note = (
        [],
        f"samples that could not be plotted because of their time stamps: 2 of {TOPIC}.block; {blocks.HINT}",
    )
    monkeypatch.setattr(blocks.log, "warn", lambda text, **about: lines.append(text.format(**about)))
    send(node, [2.0, 3e12], a=[21.0, 1.0])
    counts = {"samples that cannot be plotted": 2}
    for _ in range(2):
        assert node.status() == {"faults": [], "counts": counts, "notes": [note]}
    assert lines == [f"LSA21OQ: {note}"]
    later = blocks.time.monotonic() + 3601
    monkeypatch.setattr(blocks.time, "monotonic", lambda: later)
    assert node.status() == {"faults": [], "counts": counts, "notes": []}


def test_a_field_that_began_with_a_text_is_plotted_when_numbers_come(node):
    """133 of 200 samples were archived, and none could be plotted."""
    version = node.fields_version
    for number in range(3, 203):
        send(node, [float(number)], a=[1.0], v=["over range" if number % 3 == 0 else float(number)])
    data, last = node.get_data(["a", "v"], 2.5, 999)["data"], node.get_last()
    assert data["v"] == [None if number % 3 == 0 else number for number in range(3, 203)]
    assert data["a"] == [1.0] * 200
    assert last["v"] == (202, 202)
    assert node.get_fields()[0]["v"]["type"] == "number"
    assert node.fields_version not in {version, "0.3"}, "the bridge asks anew what it is"


def test_a_text_among_numbers_of_one_message_begins_no_text_field(node):
    send(node, [3.0, 4.0], v=["over range", 40.0])
    assert node.get_data(["v"], 2.5, 99)["data"]["v"] == [None, 40]
    send(node, [5.0], note=["5"])
    assert node.get_fields()[0]["note"]["type"] == "string", "a text that could be read as a number is none"


@pytest.mark.parametrize("at_once", [1, 500, 20_000])
def test_invented_fields_fill_neither_memory_nor_time_and_real_ones_go_on(node, at_once, monkeypatch):
    """A thousand that arrived one by one took 1.3 s of processor time, twice as many four times that, without an end."""
    monkeypatch.setattr(feed, "MAX_FIELDS", 2000)
    began = time.process_time()
    for first in range(0, 3000, at_once):
        send(node, [3.0 + first], **{f"invented{number}": [1.0] for number in range(first, first + at_once)})
    assert time.process_time() - began < 2
    send(node, [9000.0], a=[30.0], late=[1.0])
    assert len(node.get_fields()[0]) == 2000
    assert node.get_last()["a"] == (9000, 30)
    assert node.status()["notes"] == ["it has 2000 fields, the maximum: later ones are ignored"]


def test_invented_blocks_are_not_remembered(node):
    for number in range(1000):
        node.receive(TOPIC, [{f"invented{number}": {"timestamps": [3.0], "data": {}}}, {}])
    assert len(node._schemas) == 1
