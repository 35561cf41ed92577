"""The bridge towards the data nodes, ours and other people's, on a session of the test's own."""

import time

import numpy as np
import pytest
from autobahn.wamp.exception import ApplicationError
from deferreds import result
from synchronous_bridge import FixedInventory, SynchronousBridge
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeoutError

from livemon.bridge import node_watch, router_nodes
from livemon.bridge.api import status_of
from livemon.bridge.derived import MOST_ABSENT
from livemon.bridge.json_responses import json_response
from livemon.bridge.node_watch import GRACE
from livemon.errors import NodeError, RequestError, RouterError
from livemon.health import limits
from livemon.sisock.packed import Timeline, pack


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
        self.calls = []
        self.packed = None
        self.handlers = {}

    def subscribe(self, handler, uri):
        self.handlers[uri.rpartition("_")[2]] = handler
        return succeed(None)

    def announce(self, change, entry):
        """Let the hub announce that a node was added or subtracted."""
        self.handlers[change](entry)

    def call(self, uri, *arguments, **_options):
        name = uri.rpartition(".")[2]
        self.calls.append(name)
        if name == "get_packed" and self.packed is not None:
            return succeed(self.packed)
        if name in {"get_last", "get_packed"}:
            return fail(ApplicationError(ApplicationError.NO_SUCH_PROCEDURE))
        if name == "get_data":
            self.asked.append(arguments)
            if isinstance(self.data, Deferred):
                return self.data
            return maybeDeferred(self.data, *arguments) if callable(self.data) else succeed(self.data)
        if name == "get_data_node":
            return (
                fail(ApplicationError(ApplicationError.NO_SUCH_PROCEDURE))
                if self.listed is None
                else succeed(self.listed)
            )
        return succeed(self.get_fields if isinstance(self.get_fields, tuple) else (self.get_fields, {}))


@pytest.fixture
def session():
    return Session()


class Socket:
    """The nodes of this machine, in one process that can be away."""

    def __init__(self, *names):
        self.names = list(names)
        self.away = False
        self.last = {"x": [10.0, 1.0]}
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
                "last": self.last,
            }
            for name in self.names
        ]

    def samples(self, wanted, _start, _end, _stride):
        if self.away:
            raise NodeError("nobody")
        answer = [Timeline("t", np.array([10.0]), ["x"], np.array([[1.0]]))]
        return {name: self.faults.get(name, answer) for name in wanted if name in self.names}


def made(session=None, socket=None, inventory=None):
    lab = SynchronousBridge(socket, inventory_file=inventory and FixedInventory(inventory))
    if session is not None:
        lab.nodes.on_join(session)
    else:
        lab.look()
    return lab


@pytest.fixture
def lab(session):
    return made(session)


def fetch(lab, *names, start=1.0, end=30.0):
    return lab.fetch([lab.catalogue.find(f"APEX::{name}") for name in names], start, end, 1000)


def test_a_node_of_others_with_texts_is_shown_and_plotted(lab):
    node = lab.catalogue.nodes["APEX"]
    assert node.error is None
    assert node.last == {"wind": (20, None), "sky": (20, "dull")}
    answer = fetch(lab, "wind", "sky")
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
def test_a_malformed_answer_leaves_its_node_out_and_the_others_in(lab, session, data):
    session.data = data
    answer = fetch(lab, "wind")
    assert answer.silent == ["APEX"]
    assert [times.size for times, _ in answer.series.values()] == [0]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (DeferredTimeoutError(5.0, "Deferred"), "does not answer: timed out after 5 s"),
        (ApplicationError("wamp.error.runtime_error", "boom"), "does not answer: wamp.error.runtime_error boom"),
    ],
    ids=["time-out", "error"],
)
def test_a_node_that_fails_is_told_in_words(lab, session, fault, sentence):
    def fail_now(*_):
        raise fault

    session.data = fail_now
    lab.look()
    assert lab.catalogue.nodes["APEX"].error == sentence


def test_what_is_too_much_for_one_answer_is_fetched_in_parts(lab, session):
    session.get_fields = {f"f{number}": {"timeline": "t", "type": "number"} for number in range(7)}
    lab.look()

    def at_most_two(fields, *_):
        samples = {name: [float(name[1:])] for name in fields}
        return {"data": samples, "timeline": {"t": {"t": [10.0]}}} if len(fields) <= 2 else False

    session.data = at_most_two
    answer = fetch(lab, *session.get_fields)
    np.testing.assert_array_equal([values for _, values in answer.series.values()], np.arange(7)[:, np.newaxis])
    session.data = False
    with pytest.raises(RequestError, match="fewer points"):
        fetch(lab, "f0")


def test_a_time_before_1970_is_not_one_before_now(lab, session):
    fetch(lab, "wind", start=-3e8, end=-60.0)
    _fields, start, end = session.asked[-1]
    assert 0 < start <= end < 1


def test_a_hub_that_answers_nonsense_is_asked_again(lab, session):
    session.listed = [{"nom": "APEX"}]
    lab.look()
    assert list(lab.catalogue.nodes) == ["APEX"]


def test_a_node_of_others_that_knows_no_stride_is_thinned_and_keeps_its_spike(lab, session):
    times = np.arange(1000.0, 5000.0)
    values = np.where(times == 2345, 99.0, np.sin(times))
    session.data = {"data": {"wind": values.tolist()}, "timeline": {"t": {"t": times.tolist()}}}
    answer = lab.fetch([lab.catalogue.find("APEX::wind")], 1000.0, 5000.0, 100)
    ((found_times, found_values),) = answer.series.values()
    assert found_times.size <= 100
    assert found_values.max() == 99


def test_one_of_a_lab_that_answers_packed_and_knows_no_stride_is_thinned(lab, session):
    times = np.arange(1000.0, 5000.0)
    session.packed = pack([Timeline("t", times, ["wind"], np.where(times == 2345, 99.0, np.sin(times))[np.newaxis])])
    lab.nodes.router.forget({"APEX"})
    ((found_times, found_values),) = lab.fetch([lab.catalogue.find("APEX::wind")], 1.0, 9999.0, 10).series.values()
    assert found_times.size <= 10
    assert found_values.max() == 99


def test_one_of_ours_on_another_machine_answers_packed(lab, session):
    session.packed = pack([Timeline("t", np.array([10.0, 20.0]), ["wind"], np.array([[1.0, np.nan]]))])
    lab.nodes.router.forget({"APEX"})
    ((times, values),) = fetch(lab, "wind").series.values()
    assert times.tolist() == [10, 20]
    np.testing.assert_array_equal(values, [1, np.nan])
    assert session.asked[1:] == []


def test_nodes_of_this_machine_are_there_without_a_router():
    lab = made(socket=Socket("A"))
    field = lab.catalogue.find("A::x")
    assert lab.fetch([field], 1.0, 30.0, 100).series[field][1].tolist() == [1]
    assert lab.catalogue.nodes["A"].last == {"x": (10, 1)}


def test_fields_that_are_known_are_not_told_again_and_stay():
    socket = Socket("A")
    lab = made(socket=socket)
    lab.look()
    assert socket.known == [{}, {"A": "1"}]
    assert list(lab.catalogue.nodes["A"].fields) == ["x"]


@pytest.mark.parametrize("was_listed", [False, True], ids=["new", "listed before"])
def test_a_node_of_this_machine_of_which_the_hub_tells_first_has_its_own_channels(session, was_listed):
    """Its fields were called sisock.sensors.disk_used for ever, and "The data nodes have been silent" was told."""
    socket, entry = Socket(), {"name": "A", "description": ""}
    session.listed = [entry] if was_listed else []
    session.get_fields = {"x": {"timeline": "t", "type": "number", "path": "observatory.a.feeds.f.x"}}
    lab = made(session, socket, "agents: [{id: a}]")
    answer = Deferred()
    session.listed, session.call = (
        [entry],
        lambda uri, *arguments, at_once=session.call, **options: (
            answer if uri.endswith("A.get_fields") else at_once(uri, *arguments, **options)
        ),
    )
    looking = lab.nodes.look_elsewhere()
    socket.names = ["A"]
    result(lab.nodes.look_here())
    answer.callback((session.get_fields, {}))
    result(looking)
    lab.look()
    assert lab.catalogue.nodes["A"].is_local
    assert lab.catalogue.find("A::x").path == "observatory.a.feeds.f.x"


def test_nobody_at_all_is_a_fault_and_no_empty_list():
    with pytest.raises(RouterError, match="router is away"):
        made().catalogue  # noqa: B018 - looking is what is tried


@pytest.mark.parametrize("how", ["away", "getting ready"])
def test_a_node_that_is_restarted_keeps_its_channels(how):
    socket = Socket("A")
    lab = made(socket=socket)
    field = lab.catalogue.find("A::x")
    socket.away = how == "away"
    socket.faults = {"A": "is getting ready"}
    lab.look()
    assert lab.catalogue.find("A::x") == field
    assert lab.catalogue.nodes["A"].error
    answer = lab.fetch([field], 1.0, 30.0, 100)
    assert answer.silent == ["A"]
    assert answer.series[field][0].size == 0
    socket.away, socket.faults = False, {}
    lab.look()
    assert lab.catalogue.nodes["A"].error is None
    assert lab.fetch([field], 1.0, 30.0, 100).silent == []


def test_a_node_of_this_machine_that_was_removed_goes_at_once_and_one_of_others_after_a_while(session):
    socket = Socket("A", "B")
    lab = made(session, socket)
    socket.names, session.listed = ["B"], []
    lab.look()
    assert list(lab.catalogue.nodes) == ["APEX", "B"]
    lab.clock.advance(GRACE + 1)
    lab.look()
    assert list(lab.catalogue.nodes) == ["B"]


def test_joins_and_leaves_are_remembered_once(lab, session):
    now = time.time()
    entry = {"name": "NEW", "description": "text"}
    session.announce("added", entry)
    session.announce("added", entry)
    session.announce("added", session.listed[0])  # a hub that was restarted tells of all
    session.announce("subtracted", entry)
    assert [(event.node, event.description, event.kind) for event in lab.source.events(now, now + 60)] == [
        ("NEW", "text", "joined"),
        ("NEW", "text", "left"),
    ]
    assert lab.source.events(now - 60, now) == []


def test_of_two_nodes_with_one_path_the_one_that_answers_is_found():
    socket = Socket("OLDBOX", "ZNEWBOX")
    lab = made(socket=socket)
    assert lab.catalogue.find("observatory.a.feeds.f.x").node == "OLDBOX"
    socket.faults = {"OLDBOX": "has left"}
    lab.look()
    assert lab.catalogue.find("observatory.a.feeds.f.x").node == "ZNEWBOX"


# --- nodes that go, and a hub that does --------------------------------------------------------------------------------------


def problems(lab):
    return list(limits.problems(status_of(lab.source)))


def test_a_hub_that_does_not_answer_is_told_and_costs_no_node(session):
    lab = made(session, Socket("A"))
    assert lab.source.hubless == 0
    session.listed = None
    lab.look()
    for _ in range(40):
        lab.clock.advance(2)
        lab.look()
    assert problems(lab) == ["the hub has not answered for 80.0 s: see docker logs sisock_hub"]
    assert lab.catalogue.nodes["APEX"].error is None
    session.listed = [{"name": "APEX", "description": "Weather"}]
    lab.look()
    assert lab.source.hubless == 0


def test_without_a_router_the_hub_is_not_missed(session):
    lab = made(session)
    session.listed = None
    lab.look()
    lab.clock.advance(60)
    lab.nodes.on_leave()
    assert lab.source.hubless == 0
    lab.look()
    lab.clock.advance(60)
    assert lab.source.hubless == 0


def test_a_node_that_is_taken_away_on_purpose_is_gone_at_once(session):
    """Health was 503 for two minutes: "does not answer: wamp.error.canceled callee disconnected from in-flight request"."""
    lab = made(session)
    session.listed = []
    session.announce("subtracted", {"name": "APEX", "description": "Weather", "on_request": True})
    lab.look()
    assert list(lab.catalogue.nodes) == []
    session.listed = [{"name": "APEX", "description": "Weather"}]
    session.announce("added", session.listed[0])
    lab.look()
    assert lab.catalogue.nodes["APEX"].error is None


def test_a_node_that_is_taken_away_on_purpose_is_no_loss_while_another_is_slow(session):
    session.listed.append({"name": "SLOW", "description": ""})
    lab = made(session)
    session.listed, session.data = session.listed[1:], Deferred()
    session.announce("subtracted", {"name": "APEX", "description": "Weather", "on_request": True})
    lab.nodes.refresh()
    assert problems(lab) == []
    session.data.callback(NOTHING_NOW)
    assert list(lab.catalogue.nodes) == ["SLOW"]


def test_a_node_that_died_is_told(session):
    lab = made(session)
    session.data = fail_with(ApplicationError(ApplicationError.CANCELED, "callee disconnected from in-flight request"))
    lab.look()
    assert problems(lab) == ["node APEX: has left"]
    session.listed = []
    session.announce("subtracted", {"name": "APEX", "description": "Weather"})
    lab.look()
    assert problems(lab) == ["node APEX: has left"]
    lab.clock.advance(GRACE + 1)
    lab.look()
    assert list(lab.catalogue.nodes) == []


def test_a_node_of_this_machine_is_not_taken_away_by_what_the_hub_tells():
    session = Session()
    lab = made(session, Socket("A"))
    session.announce("subtracted", {"name": "A", "on_request": True})
    lab.look()
    assert "A" in lab.catalogue.nodes


# --- what nobody expects ------------------------------------------------------------------------------------------------------


def fail_with(error):
    def fail_now(*_):
        raise error

    return fail_now


NOTHING_NOW = {"data": {"wind": [], "sky": []}, "timeline": {}}


def of_the_past(when):
    """A node with one sample at a time, in seconds before now, which it has for whoever asks for an interval that holds it."""

    def get_data(fields, start, end, *_):
        return (
            {"data": {name: [7.0] for name in fields}, "timeline": {"t": {"t": [when]}}}
            if start <= when < end
            else NOTHING_NOW
        )

    return get_data


@pytest.mark.parametrize("data", [NOTHING_NOW, False, {}, None], ids=str)
def test_a_node_of_others_without_a_sample_does_not_make_the_appliance_unwell(session, data):
    """An archive of 2017 made it "not well" for ever, and the dead-man's switch silent."""
    session.data = data
    lab = made(session)
    assert lab.catalogue.nodes["APEX"].error is None
    assert problems(lab) == []


@pytest.mark.parametrize(
    ("silent_after", "told"), [("600", ["node APEX has no values"]), ("false", [])], ids=["expected", "not"]
)
def test_the_inventory_says_when_a_node_of_others_is_silent(session, silent_after, told):
    session.data = NOTHING_NOW
    text = f"{{agents: [], nodes: [{{name: APEX, silent_after: {silent_after}}}]}}"
    assert problems(made(session, inventory=text)) == told


@pytest.mark.parametrize(
    ("silent_after", "after"), [(600, 600.0), ("x", None), (-1, None), (True, None), (10**400, None)]
)
def test_a_node_says_itself_when_it_is_silent(session, silent_after, after):
    session.get_fields["wind"]["silent_after"] = silent_after
    node = made(session).catalogue.nodes["APEX"]
    assert (node.error, node.silent_after) == (None, after)


@pytest.mark.parametrize("age", [50.0, 90.0, 3000.0, 80_000.0])
def test_the_newest_sample_is_looked_for_further_back_than_a_minute(session, age):
    session.data = of_the_past(-age)
    lab = made(session)
    assert lab.catalogue.nodes["APEX"].last == {"wind": (-age, 7.0), "sky": (-age, 7.0)}


def test_further_back_is_looked_seldom_and_what_was_found_stays(session):
    session.data = of_the_past(-3000.0)
    lab = made(session)
    asked = len(session.asked)
    for _ in range(20):
        lab.clock.advance(2)
        lab.look()
    assert len(session.asked) == asked + 20
    assert lab.catalogue.nodes["APEX"].last["wind"] == (-3000.0, 7.0)
    session.data = of_the_past(-1e9)
    lab = made(session)
    for _ in range(20):
        lab.clock.advance(2)
        lab.look()
    assert len(session.asked) <= asked + 20 + 5 + 21


# --- nodes that are hostile, or badly written --------------------------------------------------------------------------------


def test_of_a_node_with_very_many_fields_a_bounded_number_is_taken(session):
    session.get_fields = {f"field{number}": {"timeline": "t", "type": "number"} for number in range(20_000)}
    lab = made(session)
    node = lab.catalogue.nodes["APEX"]
    assert len(node.fields) == router_nodes.MOST_FIELDS
    assert node.notes == [f"it has 20000 fields: only the first {router_nodes.MOST_FIELDS} are shown"]
    assert all(len(fields) <= router_nodes.MOST_FIELDS for fields, *_ in session.asked)


def test_of_very_many_nodes_a_bounded_number_is_asked_and_of_those_a_bounded_number_of_fields(session, monkeypatch):
    lab = made(session)
    monkeypatch.setattr(node_watch, "MOST_FIELDS_OF_ALL", 300)
    session.listed = [{"name": f"N{number}", "description": ""} for number in range(10_000)] + session.listed
    session.calls.clear()
    lab.look()
    assert len(lab.catalogue.nodes) == router_nodes.MOST_NODES
    assert "APEX" in lab.catalogue.nodes, "it was there before"
    assert session.calls.count("get_fields") == router_nodes.MOST_NODES
    assert len(lab.catalogue.fields) == 300
    assert problems(lab)[0].startswith(f"the hub lists too many data nodes: {10_001 - router_nodes.MOST_NODES} of them")


@pytest.mark.parametrize(
    "fields",
    [
        {"wind": None, "sky": 5, 7: {}, "": {}, "x" * 129: {}},
        {"wind": [], "ok": {"timeline": ["t"], "type": {}, "label": 5, "units": b"K", "description": [1] * 10**5}},
        {"ok": {"path": {"a": 1}, "label": "x" * 10**6, "units": "K" * 10**6, "timeline": "t" * 10**6}},
        {"ok": {"path": "no path"}, "o": {"path": "x" * 501}, "k": {"path": ""}, "y": {"path": "a..b"}},
    ],
    ids=["no_fields", "wrong_types", "long_texts", "paths"],
)
def test_fields_that_are_junk_are_left_out_and_texts_are_cut(session, fields):
    session.get_fields = fields
    lab = made(session)
    node = lab.catalogue.nodes["APEX"]
    assert node.error is None
    assert all(each.path == f"sisock.APEX.{name}" for name, each in node.fields.items())
    assert len(json_response(status_of(lab.source)).data) < 4000


@pytest.mark.parametrize("answer", [(), ({},), (5, {}), ({}, {}, {}), "junk"[:0]], ids=str)
def test_an_answer_that_cannot_be_read_is_told_and_the_nodes_of_this_machine_go_on(session, answer):
    session.get_fields = tuple(answer)
    lab = made(session, Socket("A"))
    assert lab.catalogue.nodes["APEX"].error.startswith("gives malformed answers")
    assert lab.catalogue.nodes["A"].error is None


@pytest.mark.parametrize(
    "last",
    [
        {"wind": ("now", 1.0), "sky": (1.0, {"a": 1})},
        {"wind": (float("nan"), 1.0), "sky": (float("inf"), "dull")},
        {"wind": (10**400, 1.0), "sky": (True, 1.0)},
        {"wind": (1.0, 10**400), "sky": 5},
        {"wind": (), "other": (1.0, 1.0)},
        [],
    ],
    ids=str,
)
def test_newest_samples_that_are_none_are_left_out_of_the_status(session, last):
    session.packed = b""
    call = session.call
    session.call = lambda uri, *given, **options: (
        succeed(last) if uri.endswith("get_last") else call(uri, *given, **options)
    )
    lab = made(session)
    assert lab.catalogue.nodes["APEX"].last == {}
    assert {field["age"] for node in status_of(lab.source)["nodes"] for field in node["fields"]} == {None}


def test_a_node_that_does_not_answer_holds_up_nobody_and_is_not_asked_twice(session):
    socket = Socket("A")
    lab = made(session, socket)
    session.data = Deferred()
    looking = lab.nodes.refresh()
    asked = len(session.asked)
    socket.last = {"x": [20.0, 2.0]}
    for _ in range(3):
        lab.nodes.refresh()
    assert not looking.called
    assert lab.catalogue.nodes["A"].last == {"x": (20, 2)}
    assert len(session.asked) == asked
    session.data.callback(NOTHING_NOW)
    assert looking.called


def test_a_call_that_is_not_answered_is_taken_back(session, monkeypatch):
    """Or it would be remembered, here and in the router, as long as the session lasts."""
    cancelled, late = [], []
    session.get_fields = None
    pending = Deferred(lambda _: cancelled.append(True))
    session.call = lambda *_, **__: pending
    monkeypatch.setattr(
        router_nodes, "answered_within", lambda call, _seconds: late.append(call) or fail(DeferredTimeoutError())
    )
    nodes = router_nodes.RouterNodes(session)
    with pytest.raises(RouterError, match="timed out after 5 s"):
        result(nodes.listed())
    assert (late, cancelled) == ([pending], [True])


def test_a_node_that_gives_no_proper_answer_is_asked_less_and_less_often(session):
    session.get_fields = ()
    lab = made(session)
    session.calls.clear()
    for _ in range(150):
        lab.clock.advance(2)
        lab.look()
    assert session.calls.count("get_fields") <= 15, "in five minutes"
    session.get_fields = {"wind": {"timeline": "t"}}
    session.announce("added", session.listed[0])
    lab.look()
    assert lab.catalogue.nodes["APEX"].error is None, "one that comes back is asked at once"


def test_a_node_that_says_of_everything_that_it_is_too_much_is_not_asked_for_ever(lab, session):
    session.get_fields = {f"f{number}": {"timeline": "t", "type": "number"} for number in range(2000)}
    lab.look()
    session.asked.clear()

    def slow(fields, *_):
        lab.clock.advance(0.1)
        return False if len(fields) > 1 else {"data": {fields[0]: [1.0]}, "timeline": {"t": {"t": [10.0]}}}

    session.data = slow
    answer = fetch(lab, *session.get_fields)
    assert answer.silent == ["APEX"]
    assert len(session.asked) <= 51


@pytest.mark.parametrize(
    "times", [[10.0, float("nan"), 20.0], [10.0, 1e300, 20.0], [99.0, 10.0, 20.0], [-5.0, 10.0, 20.0]]
)
def test_samples_that_nobody_asked_for_are_left_out(lab, session, times):
    session.data = {"data": {"wind": [1.0, 2.0, 3.0]}, "timeline": {"t": {"t": times}}}
    ((found, _values),) = fetch(lab, "wind").series.values()
    assert found.tolist() == [10.0, 20.0]


@pytest.mark.parametrize(
    "path",
    ["observatory.a.feeds.f.x", "observatory.a.feeds.f.other", "livemon.A.x", "alarms.control.x.state", "age.a.b"],
)
def test_a_node_elsewhere_cannot_answer_for_an_instrument_of_this_machine(session, path):
    session.listed = [{"name": "0", "description": "first by its name"}]
    session.get_fields = {"wind": {"timeline": "t", "type": "number", "path": path}}
    lab = made(session, Socket("A"), inventory="{agents: [{id: a}]}")
    assert lab.catalogue.nodes["0"].fields["wind"].path == "sisock.0.wind"
    assert lab.catalogue.find("observatory.a.feeds.f.x").node == "A"


def test_of_two_nodes_with_one_path_the_one_of_this_machine_is_found_also_by_its_age(session):
    session.listed = [{"name": "0", "description": "first by its name"}]
    session.get_fields = {"wind": {"timeline": "t", "type": "number", "path": "observatory.a.feeds.f.x"}}
    lab = made(session, Socket("A"))
    assert lab.catalogue.find("observatory.a.feeds.f.x").node == "A"
    assert lab.catalogue.find("age.observatory.a.feeds.f.x").base.node == "A"


def test_a_node_that_invents_names_for_ever_is_not_remembered_for_ever(session):
    lab = made(session)
    for look in range(8):
        session.get_fields = {f"field{look}_{number}": {"timeline": "t"} for number in range(2000)}
        lab.look()
    assert len(lab.nodes.derived.fields) <= MOST_ABSENT + 2000


def test_a_hub_that_tells_of_thousands_of_nodes_is_asked_once(session):
    lab = made(session)
    for number in range(5000):
        session.announce("added", {"name": f"N{number}", "description": ""})
    session.calls.clear()
    lab.clock.advance(1)
    assert session.calls.count("get_data_node") == 1
