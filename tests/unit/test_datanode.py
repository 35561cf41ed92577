"""The base class of data nodes: what it checks, and what it adds to a node that has only upstream's two methods."""

import numpy as np
import pytest
from deferreds import result

from livemon.errors import RequestError
from livemon.sisock.datanode import DataNodeServer, DataRequest, interval
from livemon.sisock.packed import Timeline, pack, unpack


class Upstreams(DataNodeServer):
    """A node as in upstream's documentation."""

    def get_fields(self, start, end):
        fields = {
            "wind": {"description": None, "timeline": "t", "type": "number", "units": "m/s"},
            "sky": {"description": None, "timeline": "t", "type": "string", "units": None},
            "door": {"description": None, "timeline": "u", "type": "bool", "units": None},
        }
        return fields, {"t": {"interval": 10.0, "field": ["wind", "sky"]}, "u": {"interval": None, "field": ["door"]}}

    def get_data(self, field, start, end, min_stride=None):
        data = {"wind": [1.5, None], "sky": ["clear", "dull"], "door": [True]}
        timeline = {"t": {"t": [10.0, 20.0], "finalized_until": 20.0}, "u": {"t": [15.0], "finalized_until": None}}
        return {"data": {name: data.get(name, []) for name in field}, "timeline": timeline}


def test_the_newest_samples_come_from_get_data():
    last = result(Upstreams("APEX", "").get_last())
    assert last == {"wind": (20, None), "sky": (20, "dull"), "door": (15, True)}


def test_numbers_are_packed_and_texts_and_unknown_fields_left_out():
    found = unpack(result(Upstreams("APEX", "").get_packed(["sky", "wind", "door", "nothing"], 1, 0)))
    assert [(each.name, each.fields, each.finalized_until) for each in found] == [
        ("t", ["wind"], 20.0),
        ("u", ["door"], None),
    ]
    np.testing.assert_array_equal(found[0].values, [[1.5, np.nan]])
    assert found[1].values.tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("wind", 1, 2), "field"),
        (([1], 1, 2), "field"),
        ((None, 1, 2), "field"),
        ((["a"], "yesterday", 2), "start"),
        ((["a"], 1, None), "end"),
        ((["a"], float("nan"), 2), "start"),
        ((["a"], 1, float("inf")), "end"),
        ((["a"], True, 2), "start"),
        ((["a"], 20, 10), "reversed"),
        ((["a"], 1, 2, "1 s"), "min_stride"),
        ((["a"], 1, 2, -1), "min_stride"),
    ],
    ids=str,
)
def test_an_invalid_request_is_refused_in_one_sentence(arguments, word):
    with pytest.raises(RequestError, match=word) as caught:
        DataRequest.checked(*arguments)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize(
    ("asked", "found"), [((10, 20), (10, 20)), ((-60, 0), (940, 1000)), ((0, 0), (1000, 1000)), ((990, 0), (990, 1000))]
)
def test_times_that_are_not_positive_are_relative_to_now(asked, found):
    assert interval(*asked, now=1000) == found


def test_packing_keeps_every_number():
    timelines = [
        Timeline("t", np.array([1.0, 2.0]), ["a", "b"], np.array([[1.0, np.nan], [3.0, np.inf]]), 2.0),
        Timeline("empty", np.empty(0), ["c"], np.empty((1, 0))),
    ]
    for before, after in zip(timelines, unpack(pack(timelines)), strict=True):
        assert (before.name, before.fields, before.finalized_until) == (after.name, after.fields, after.finalized_until)
        np.testing.assert_array_equal(before.times, after.times)
        np.testing.assert_array_equal(before.values, after.values)


@pytest.mark.parametrize("content", [b"", b"\x05\0\0\0[{}]", b"\xff\xff\0\0", b"\x02\0\0\0[]"[:5], b"\x04\0\0\0[7] "])
def test_bytes_that_are_not_samples_are_refused(content):
    with pytest.raises(ValueError, match=r"\S"):
        unpack(content)
