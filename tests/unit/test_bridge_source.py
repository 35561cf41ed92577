"""The bridge towards the data nodes, ours and those of others, on a session that is none."""

import numpy as np
import pytest
from autobahn.wamp.exception import ApplicationError
from deferreds import result
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.defer import fail, maybeDeferred, succeed

from livemon.bridge import source as source_module
from livemon.bridge.source import GRACE, Source
from livemon.errors import NodeError, RequestError, RouterError
from livemon.packed import Timeline, pack


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
        self.packed = None

    def call(self, uri, *arguments, **_options):
        name = uri.rpartition(".")[2]
        if name == "get_packed" and self.packed is not None:
            return succeed(self.packed)
        if name in {"get_last", "get_packed"}:
            return fail(ApplicationError(ApplicationError.NO_SUCH_PROCEDURE))
        if name == "get_data":
            self.asked.append(arguments)
            return maybeDeferred(self.data, *arguments) if callable(self.data) else succeed(self.data)
        return succeed(self.listed if name == "get_data_node" else (self.get_fields, {}))


@pytest.fixture
def session():
    return Session()


class Socket:
    """The nodes of this machine, in one process that can be away."""

    def __init__(self, *names):
        self.names = list(names)
        self.away = False
        self.faults = {}
        self.known = []

    def state(self, known):
        self.known.append(known)
        if self.away:
            raise NodeError("nobody")
        fields = {"x": {"timeline": "t", "type": "number", "path": "observatory.a.feeds.f.x"}}
        return [
            {"name": name, "description": "", "fault": self.faults[name]}
            if name in self.faults
            else {
                "name": name,
                "description": "",
                "version": "1",
                "fields": None if known.get(name) == "1" else fields,
                "last": {"x": [10.0, 1.0]},
            }
            for name in self.names
        ]

    def samples(self, wanted, _start, _end, _stride):
        if self.away:
            raise NodeError("nobody")
        answer = [Timeline("t", np.array([10.0]), ["x"], np.array([[1.0]]))]
        return {name: self.faults.get(name, answer) for name in wanted if name in self.names}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """What otherwise goes to and fro between threads happens at once."""

    def in_reactor(function, *arguments):
        future = source_module.Future()
        future.set_result(result(function(*arguments)))
        return future

    monkeypatch.setattr(source_module, "_in_reactor", in_reactor)
    monkeypatch.setattr(source_module.threads, "deferToThread", maybeDeferred)


def made(session=None, socket=None):
    source = Source(socket)
    source._routed.session = session
    source._looked.set()
    result(source.refresh())
    return source


@pytest.fixture
def source(session):
    return made(session)


def fetch(source, *names, start=1.0, end=30.0):
    return source.fetch([source.catalogue.find(f"APEX::{name}") for name in names], start, end, 1000)


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
    result(source.refresh())
    assert source.catalogue.nodes["APEX"].error == sentence


def test_what_is_too_much_for_one_answer_is_fetched_in_parts(source, session):
    session.get_fields = {f"f{number}": {"timeline": "t", "type": "number"} for number in range(7)}
    result(source.refresh())

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
    result(source.refresh())
    assert list(source.catalogue.nodes) == ["APEX"]


def test_a_node_of_others_that_knows_no_stride_is_thinned_and_keeps_its_spike(source, session):
    times = np.arange(1000.0, 5000.0)
    values = np.where(times == 2345, 99.0, np.sin(times))
    session.data = {"data": {"wind": values.tolist()}, "timeline": {"t": {"t": times.tolist()}}}
    answer = source.fetch([source.catalogue.find("APEX::wind")], 1000.0, 5000.0, 100)
    ((found_times, found_values),) = answer.series.values()
    assert found_times.size <= 100
    assert found_values.max() == 99


def test_one_of_a_lab_that_answers_packed_and_knows_no_stride_is_thinned(source, session):
    times = np.arange(1000.0, 5000.0)
    session.packed = pack([Timeline("t", times, ["wind"], np.where(times == 2345, 99.0, np.sin(times))[np.newaxis])])
    source._routed.forget()
    ((found_times, found_values),) = source.fetch(
        [source.catalogue.find("APEX::wind")], 1.0, 9999.0, 10
    ).series.values()
    assert found_times.size <= 10
    assert found_values.max() == 99


def test_one_of_ours_on_another_machine_answers_packed(source, session):
    session.packed = pack([Timeline("t", np.array([10.0, 20.0]), ["wind"], np.array([[1.0, np.nan]]))])
    source._routed.forget()
    ((times, values),) = fetch(source, "wind").series.values()
    assert times.tolist() == [10, 20]
    np.testing.assert_array_equal(values, [1, np.nan])
    assert session.asked[1:] == []


def test_nodes_of_this_machine_are_there_without_a_router():
    source = made(socket=Socket("A"))
    field = source.catalogue.find("A::x")
    assert source.fetch([field], 1.0, 30.0, 100).series[field][1].tolist() == [1]
    assert source.catalogue.nodes["A"].last == {"x": (10, 1)}


def test_fields_that_are_known_are_not_told_again_and_stay():
    socket = Socket("A")
    source = made(socket=socket)
    result(source.refresh())
    assert socket.known == [{}, {"A": "1"}]
    assert list(source.catalogue.nodes["A"].fields) == ["x"]


def test_nobody_at_all_is_a_fault_and_no_empty_list():
    with pytest.raises(RouterError, match="router is away"):
        made().catalogue  # noqa: B018 - looking is what is tried


@pytest.mark.parametrize("how", ["away", "getting ready"])
def test_a_node_that_is_restarted_keeps_its_channels(how):
    socket = Socket("A")
    source = made(socket=socket)
    field = source.catalogue.find("A::x")
    socket.away = how == "away"
    socket.faults = {"A": "is getting ready"}
    result(source.refresh())
    assert source.catalogue.find("A::x") == field
    assert source.catalogue.nodes["A"].error
    answer = source.fetch([field], 1.0, 30.0, 100)
    assert answer.silent == ["A"]
    assert answer.series[field][0].size == 0
    socket.away, socket.faults = False, {}
    result(source.refresh())
    assert source.catalogue.nodes["A"].error is None
    assert source.fetch([field], 1.0, 30.0, 100).silent == []


def test_a_node_of_this_machine_that_was_removed_goes_at_once_and_one_of_others_after_a_while(session, monkeypatch):
    socket = Socket("A", "B")
    source = made(session, socket)
    socket.names, session.listed = ["B"], []
    result(source.refresh())
    assert list(source.catalogue.nodes) == ["APEX", "B"]
    now = source_module.time.monotonic()
    monkeypatch.setattr(source_module.time, "monotonic", lambda: now + GRACE + 1)
    result(source.refresh())
    assert list(source.catalogue.nodes) == ["B"]


def test_joins_and_leaves_are_remembered_once(source, session):
    now = source_module.time.time()
    entry = {"name": "NEW", "description": "text"}
    source._added(entry)
    source._added(entry)
    source._added(session.listed[0])  # a hub that was restarted tells of all
    source._subtracted(entry)
    assert [(event.node, event.description, event.kind) for event in source.events(now, now + 60)] == [
        ("NEW", "text", "joined"),
        ("NEW", "text", "left"),
    ]
    assert source.events(now - 60, now) == []


def test_of_two_nodes_with_one_path_the_one_that_answers_is_found():
    socket = Socket("OLDBOX", "ZNEWBOX")
    socket.faults = {"OLDBOX": "has left"}
    source = made(socket=Socket("OLDBOX", "ZNEWBOX"))
    assert source.catalogue.find("observatory.a.feeds.f.x").node == "OLDBOX"
    source._socket = socket
    result(source.refresh())
    assert source.catalogue.find("observatory.a.feeds.f.x").node == "ZNEWBOX"
