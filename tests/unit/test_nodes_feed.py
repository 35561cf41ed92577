"""The node of an agent's feeds: what it makes of the messages that reach it."""

import pytest

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
def test_a_malformed_message_costs_nothing_but_itself(node, times, data):
    before = answers(node)
    node.receive(TOPIC, [{"block": {"timestamps": times, "data": data}}, {}])
    assert answers(node) == before


def test_a_field_that_first_comes_with_old_samples_is_empty_until_it_has_new_ones(node):
    send(node, [2.0], a=[20.0], late=[5.0])
    data, last = answers(node)
    assert (data["a"], data["late"]) == ([10, 20], [None, None])
    assert "late" not in last
    send(node, [3.0], late=[6.0])
    assert node.get_last()["late"] == (3, 6)


def test_truth_values_are_numbers_and_texts_keep_their_last(node):
    send(node, [3.0], ok=[True], note=["hot"])
    fields, _timelines = node.get_fields(1, 0)
    assert {key: about["type"] for key, about in fields.items()} == {"a": "number", "note": "string", "ok": "bool"}
    assert node.get_last() == {"a": (2, 20), "ok": (3, 1), "note": (3, "hot")}
