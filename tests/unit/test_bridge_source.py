"""The bridge towards the data nodes, ours and those of others, on a session that is none."""

import numpy as np
import pytest
from autobahn.wamp.exception import ApplicationError
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.defer import fail, maybeDeferred, succeed

from livemon.bridge.source import Source
from livemon.errors import RequestError


class Session:
    """A hub and one data node of others, which answer what they are told."""

    def __init__(self):
        self.listed = [{"name": "APEX", "description": "Weather"}]
        self.get_fields = {
            "wind": {"description": "Wind", "timeline": "t", "type": "number", "units": "m/s"},
            "sky": {"description": None, "timeline": "t", "type": "string", "units": None},
        }
        self.data = {"data": {"wind": [1.0, None], "sky": ["clear", "dull"]}, "timeline": {"t": {"t": [10.0, 20.0]}}}
        self.asked = []

    def call(self, uri, *arguments, **_options):
        name = uri.rpartition(".")[2]
        if name == "get_last":
            return fail(ApplicationError(ApplicationError.NO_SUCH_PROCEDURE))
        if name == "get_data":
            self.asked.append(arguments)
            return maybeDeferred(self.data, *arguments) if callable(self.data) else succeed(self.data)
        return succeed(self.listed if name == "get_data_node" else (self.get_fields, {}))


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def source(session):
    source = Source()
    source._session = session
    result(source._refresh())
    return source


def result(deferred):
    results = []
    deferred.addBoth(results.append)
    if hasattr(results[0], "raiseException"):
        results[0].raiseException()
    return results[0]


def fetch(source, *names, start=1.0, end=30.0):
    return result(source._fetch([source.catalogue.find(f"APEX::{name}") for name in names], start, end, 1000))


def test_a_node_of_others_with_texts_is_shown_and_plotted(source):
    node = source.catalogue.nodes["APEX"]
    assert node.error is None
    assert node.last == {"wind": (20, None), "sky": (20, "dull")}
    answer = fetch(source, "wind", "sky")
    samples = {field.name: [column.tolist() for column in series] for field, series in answer.series.items()}
    assert samples["sky"] == [[], []]
    assert samples["wind"][0] == [10, 20]
    assert answer.silent == []


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        [],
        {"data": None},
        {"data": {"wind": 5}, "timeline": {}},
        {"data": {"wind": [1.0]}, "timeline": {"t": None}},
        {"data": {"wind": ["x"]}, "timeline": {"t": {"t": [10.0]}}},
    ],
    ids=str,
)
def test_a_malformed_answer_leaves_its_node_out_and_the_others_in(source, session, data):
    session.data = data
    answer = fetch(source, "wind")
    assert answer.silent == ["APEX"]
    assert [times.size for times, _ in answer.series.values()] == [0]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (DeferredTimeoutError(5.0, "Deferred"), "does not answer: nothing within 5 s"),
        (ApplicationError("wamp.error.runtime_error", "boom"), "does not answer: wamp.error.runtime_error boom"),
    ],
    ids=["time-out", "error"],
)
def test_a_node_that_fails_is_told_in_words(source, session, fault, sentence):
    def fail_now(*_):
        raise fault

    session.data = fail_now
    result(source._refresh())
    assert source.catalogue.nodes["APEX"].error == sentence


def test_what_is_too_much_for_one_answer_is_fetched_in_parts(source, session):
    session.get_fields = {f"f{number}": {"timeline": "t", "type": "number"} for number in range(7)}
    result(source._refresh())

    def at_most_two(fields, *_):
        samples = {name: [float(name[1:])] for name in fields}
        return {"data": samples, "timeline": {"t": {"t": [10.0]}}} if len(fields) <= 2 else False

    session.data = at_most_two
    answer = fetch(source, *session.get_fields)
    np.testing.assert_array_equal([values for _, values in answer.series.values()], np.arange(7)[:, np.newaxis])
    session.data = False
    with pytest.raises(RequestError, match="fewer points"):
        fetch(source, "f0")


def test_a_time_before_1970_is_not_one_before_now(source, session):
    fetch(source, "wind", start=-3e8, end=-60.0)
    _fields, start, end = session.asked[-1]
    assert 0 < start <= end < 1


def test_a_hub_that_answers_nonsense_is_asked_again(source, session):
    session.listed = [{"nom": "APEX"}]
    result(source._refresh())
    assert list(source.catalogue.nodes) == ["APEX"]
