"""What a feed publishes when an agent hands it what cannot be published: real agents, feeds and serializers, without a router."""

# ruff: noqa: E402 - autobahn must learn of Twisted first
import math
import sys
import threading
import time
from enum import IntEnum
from types import SimpleNamespace

import numpy as np
import pytest
import txaio
from so3g_referee import so3g_load

txaio.use_twisted()
sys.modules["bjdata"] = None  # as the launcher does: a serializer that is not used

from autobahn.exception import PayloadExceededError
from autobahn.wamp import message, serializer
from autobahn.wamp.exception import SerializationError, TransportLost
from autobahn.wamp.types import ComponentConfig
from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.python import threadable

from livemon.agents import coalescing, feeds, publishable, supervision
from livemon.hkarchive import Recorder, load
from livemon.nodes.feed import FeedNode

T0 = 1_700_000_000.0
ADDRESS = "observatory.x.feeds.temperatures"
MIB = 1 << 20


class Transport:
    """A session's end: serializes as autobahn's does and takes no more than 1 MiB; keeps what others receive."""

    def __init__(self, kind):
        self.serializer = kind()
        self.clock = Clock()
        self._received = []

    @property
    def received(self):
        """All messages, also those that a feed holds back for a moment."""
        self.clock.advance(1)
        return self._received

    def publish(self, topic, content):
        try:
            octets, _binary = self.serializer.serialize(message.Publish(1, topic, args=[content]))
        except Exception as error:  # as autobahn's WampWebSocketProtocol.send
            raise SerializationError(str(error)) from error
        if len(octets) > MIB:
            raise PayloadExceededError(len(octets))
        self._received.append(self.serializer.unserialize(octets)[0].args[0])

    def samples(self):
        """All samples, in the order in which they came: ``(block, time, {field: value})``."""
        return [
            (name, when, {field: column[row] for field, column in block["data"].items()})
            for blocks, _about in self.received
            for name, block in blocks.items()
            for row, when in enumerate(block["timestamps"])
        ]

    def column(self, field):
        return [values[field] for _, _, values in self.samples() if field in values]


@pytest.fixture
def transport(request):
    return Transport(getattr(request, "param", serializer.CBORSerializer))


all_serializers = pytest.mark.parametrize(
    "transport",
    [serializer.CBORSerializer, serializer.MsgPackSerializer, serializer.JsonSerializer],
    indirect=True,
)


@pytest.fixture
def agent(monkeypatch, transport):
    monkeypatch.setattr(threadable, "ioThread", threadable.getThreadID())
    site = SimpleNamespace(
        instance_id="x", access_policy=None, log_dir=None, working_dir=None, address_root="observatory"
    )
    agent = supervision.SupervisedAgent(ComponentConfig("test_realm", {}), site, address="observatory.x")
    agent.log = SimpleNamespace(warnings=[], error=lambda *_, **__: None)
    agent.log.warn = lambda text, **values: agent.log.warnings.append(text.format(**values))
    monkeypatch.setattr(agent, "publish", transport.publish)
    monkeypatch.setattr(coalescing, "reactor", transport.clock)
    agent.register_feed("temperatures", record=True, buffer_time=0)
    return agent


def refused(agent):
    return agent._management_handler("get_api").get("refused", {})


def publish(agent, when, block="temps", **data):
    agent.publish_to_feed("temperatures", {"block_name": block, "timestamp": when, "data": data})


class Color(IntEnum):
    RED = 1


@all_serializers
@pytest.mark.parametrize(
    ("value", "published"),
    [
        (1.5, 1.5),
        (math.inf, math.inf),
        (True, True),
        ("over range", "over range"),
        ("", ""),
        (-(2**63), -(2**63)),
        (10**30, 1e30),
        (Color.RED, 1),
        (np.float64(1.5), 1.5),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.longdouble(1.5), 1.5),
        (np.int64(-7), -7),
        (np.uint64(2**64 - 1), 2.0**64),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.array(2.5), 2.5),
    ],
)
def test_a_number_a_truth_value_and_a_text_of_any_type_is_published_beside_its_neighbor(
    agent, transport, value, published
):
    publish(agent, T0, a=value, b=2.0)
    [(_, when, sample)] = transport.samples()
    assert (when, sample) == (T0, {"a": published, "b": 2.0})
    assert type(sample["a"]) is type(published)
    assert refused(agent) == {}


@all_serializers
def test_nan_stays_nan(agent, transport):
    publish(agent, T0, a=math.nan, b=2.0)
    assert math.isnan(transport.column("a")[0])


@all_serializers
@pytest.mark.parametrize(
    "value",
    [
        None,
        10**400,
        10**5000,
        "a\ud800",
        b"bytes",
        [1.0],
        {"x": 1},
        1j,
        object(),
        np.array([1.0, 2.0]),
        np.complex128(1j),
        np.datetime64("2020-01-01T00:00:00", "ns"),
        np.timedelta64(1, "s"),
        np.bytes_(b"x"),
        np.longdouble("1e4000"),
        "x" * MIB,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_cannot_be_published_costs_itself(agent, transport, value):
    publish(agent, T0, a=value, b=2.0)
    publish(agent, T0 + 1, a=1.0, b=3.0)
    assert transport.samples() == [("temps", T0, {"b": 2.0}), ("temps", T0 + 1, {"a": 1.0, "b": 3.0})]
    [kind] = refused(agent)["temperatures"]
    assert kind in {"value", "size"}
    assert refused(agent) == {"temperatures": {kind: 1}}


def test_none_among_200_samples_costs_67_values(agent, transport):
    """Upstream refuses the whole message: 67 of 200 samples of both fields were lost."""
    for number in range(200):
        publish(agent, T0 + number, a=None if number % 3 == 0 else float(number), b=float(number))
    assert transport.column("b") == list(range(200))
    assert transport.column("a") == [number for number in range(200) if number % 3]
    assert refused(agent) == {"temperatures": {"value": 67}}


def test_a_changed_set_of_fields_is_published_in_time_order_also_from_a_buffer(agent, transport):
    """Upstream's block keeps the fields of its first message for ever: 150 of 200 samples were lost."""
    agent.register_feed("temperatures", record=True, buffer_time=1000)
    sets = ({"a": 1.0}, {"a": 1.0, "b": 2.0}, {"b": 2.0}, {"c": "x"})
    for number in range(200):
        publish(agent, T0 + number, **sets[number // 5 % 4])
    agent.feeds["temperatures"].flush_buffer()
    assert [(when - T0, values) for _, when, values in transport.samples()] == [
        (number, sets[number // 5 % 4]) for number in range(200)
    ]
    assert len(transport.received) == 40, "what has the same fields goes into one message"
    assert refused(agent) == {}


def test_a_name_that_cannot_be_serialized_poisons_no_feed(agent, transport):
    """278 of 378 samples, all that came after it, were lost without a word."""
    publish(agent, T0, block="b\ud800", a=1.0)
    publish(agent, T0 + 1, **{"a\ud800": 1.0, "b": 2.0})
    publish(agent, T0 + 2, a=3.0)
    assert transport.samples() == [
        ("b\\ud800", T0, {"a": 1.0}),
        ("temps", T0 + 1, {"b": 2.0}),
        ("temps", T0 + 2, {"a": 3.0}),
    ]
    assert refused(agent) == {"temperatures": {"field name": 1}}
    [line] = agent.log.warnings
    assert line.startswith(
        "feed temperatures, block 'temps', field 'a\\ud800': a name has letters, digits and underscores"
    )


@pytest.mark.parametrize("field", ["", "50K.plate", "T[mK]", "a b", "1st", "x" * 256, 7, None, ("a",)])
def test_a_field_that_upstream_has_no_name_for_costs_itself(agent, transport, field):
    agent.publish_to_feed("temperatures", {"block_name": "temps", "timestamp": T0, "data": {field: 1.0, "b": 2.0}})
    assert transport.samples() == [("temps", T0, {"b": 2.0})]
    assert refused(agent) == {"temperatures": {"field name": 1}}


@pytest.mark.parametrize("when", [None, math.nan, math.inf, "now", True, -1.0, T0 * 1000, 10**400, [T0]])
def test_a_time_that_is_none_costs_its_own_sample(agent, transport, when):
    """Buffered with others it was the end of them all: consumers refuse the whole message."""
    agent.register_feed("temperatures", record=True, buffer_time=1000)
    for each in (T0, when, T0 + 2):
        publish(agent, each, a=1.0, b=2.0)
    agent.feeds["temperatures"].flush_buffer()
    assert [time for _, time, _ in transport.samples()] == [T0, T0 + 2]
    assert refused(agent) == {"temperatures": {"time": 2}}


def test_many_samples_at_once_keep_all_that_is_sound(agent, transport):
    agent.publish_to_feed(
        "temperatures",
        {
            "block_name": "temps",
            "timestamps": np.array([T0, T0 + 1, np.nan, T0 + 3]),
            "data": {
                "mixed": [1, "two", None, None],
                "array": np.arange(4, dtype=np.float32),
                "tuple": (True, False, True, False),
                "short": [1.0, 2.0],
                "scalar": 5.0,
                "text": "four",
                "dates": np.array(["2020-01-01"] * 4, dtype="datetime64[ns]"),
            },
        },
    )
    assert transport.samples() == [
        ("temps", T0, {"mixed": 1, "array": 0.0, "tuple": True}),
        ("temps", T0 + 1, {"mixed": "two", "array": 1.0, "tuple": False}),
        ("temps", T0 + 3, {"array": 3.0, "tuple": False}),
    ]
    assert refused(agent) == {"temperatures": {"number of values": 4, "value": 6, "time": 4}}


@pytest.mark.parametrize(
    "content",
    [
        {"block_name": "temps", "timestamp": T0, "data": {}},
        {"block_name": "temps", "timestamps": [], "data": {}},
        {"block_name": "temps", "timestamps": [], "data": {"a": []}},
        {"block_name": "temps", "timestamps": np.array([]), "data": {"a": np.array([])}},
    ],
)
def test_a_message_without_samples_says_nothing_and_costs_nothing(agent, transport, content):
    agent.publish_to_feed("temperatures", content)
    publish(agent, T0 + 1, a=1.0)
    assert transport.samples() == [("temps", T0 + 1, {"a": 1.0})]
    assert refused(agent) == {}


@pytest.mark.parametrize(
    "content",
    [
        {},
        None,
        "text",
        {"block_name": "temps", "timestamp": T0},
        {"block_name": "temps", "timestamp": T0, "data": [1.0]},
        {"block_name": "temps", "data": {"a": 1.0}},
        {"timestamp": T0, "data": {"a": 1.0}},
        {"block_name": "temps", "timestamps": T0, "data": {"a": [1.0]}},
    ],
)
def test_what_has_not_the_form_of_a_message_does_not_end_the_agent_s_work(agent, transport, content):
    agent.publish_to_feed("temperatures", content)
    publish(agent, T0, a=1.0)
    assert transport.samples() == [("temps", T0, {"a": 1.0})]
    assert refused(agent) == {"temperatures": {"message": 1}}


@all_serializers
@pytest.mark.parametrize("buffer_time", [0, 1000])
def test_what_is_too_much_for_one_message_goes_in_several(agent, transport, buffer_time):
    """More than 1 MiB raised in upstream's feed before it had emptied its buffer: nothing was published ever again."""
    agent.register_feed("temperatures", record=True, buffer_time=buffer_time)
    times = [T0 + number for number in range(60_000)]
    agent.publish_to_feed(
        "temperatures", {"block_name": "temps", "timestamps": times, "data": {"a": [1.0] * 60_000, "b": [2.5] * 60_000}}
    )
    for number in range(4):
        publish(agent, T0 + 60_000 + number, text="x" * (MIB // 2))
    agent.feeds["temperatures"].flush_buffer()
    assert [when for _, when, _ in transport.samples()] == [T0 + number for number in range(60_004)]
    assert refused(agent) == {}


def test_of_a_sample_that_is_too_large_the_longest_values_are_left_out(agent, transport):
    publish(agent, T0, a=1.0, long="x" * MIB, medium="y" * (MIB // 2), short="z")
    assert transport.samples() == [("temps", T0, {"a": 1.0, "medium": "y" * (MIB // 2), "short": "z"})]
    assert refused(agent) == {"temperatures": {"size": 1}}


def test_tags_that_do_not_fit_cost_themselves(agent, transport):
    data = {"a": 1.0, "b": None}
    sound = {field: {"_field": "T", "channel": 1} for field in data}
    for tags in (sound, {"a": sound["a"]}, {"a": {}, "b": {}}, {"a": {"_field": {1, 2}}, "b": sound["b"]}):
        agent.publish_to_feed(
            "temperatures", {"block_name": "temps", "timestamp": T0, "data": data, "influxdb_tags": tags}
        )
    assert transport.column("a") == [1.0] * 4
    assert transport.received[0][0]["temps"]["influxdb_tags"] == {"a": sound["a"]}
    assert refused(agent) == {"temperatures": {"value": 4, "influxdb_tags": 3}}


def test_an_agent_s_thread_goes_on_and_may_change_what_it_has_handed_over(agent, transport, monkeypatch):
    calls, failures = [], []
    monkeypatch.setattr(reactor, "callFromThread", lambda call, *args, **kwargs: calls.append((call, args, kwargs)))
    content = {"block_name": "temps", "timestamps": [T0, T0 + 1], "data": {"a": [1.0, None], "b": [2.0, 3.0]}}

    def work():
        try:
            agent.publish_to_feed("temperatures", content)
            content["data"]["b"][:] = [-1.0, -1.0]
            agent.publish_to_feed("temperatures", {"nothing": "of it"})
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=work, name="PoolThread-twisted.internet.reactor-0")
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "publish_to_feed did not return within 10 s"
    for call, args, kwargs in calls:
        call(*args, **kwargs)
    assert failures == []
    assert transport.samples() == [("temps", T0, {"a": 1.0, "b": 2.0}), ("temps", T0 + 1, {"b": 3.0})]
    assert refused(agent) == {"temperatures": {"value": 1, "message": 1}}


def test_a_feed_that_is_not_recorded_publishes_what_can_be_sent_and_counts_the_rest(agent, transport):
    agent.register_feed("events", record=False)
    for content in ({"any": ["form", None]}, {"b\ud800": 1}, {"x": "y" * MIB}, {"any": "more"}):
        agent.publish_to_feed("events", content)
    assert [content for content, _about in transport.received] == [{"any": ["form", None]}, {"any": "more"}]
    assert refused(agent) == {"events": {"message": 2}}


def test_what_cannot_be_sent_for_another_reason_is_not_tried_for_ever(agent, transport):
    agent.register_feed("temperatures", record=True, agg_params={"about": "\ud800"})
    publish(agent, T0, a=1.0, b=2.0)
    agent.feeds["temperatures"].agg_params = {}
    publish(agent, T0 + 1, a=1.0, b=2.0)
    assert [when for _, when, _ in transport.samples()] == [T0 + 1]
    assert refused(agent) == {"temperatures": {"message": 2}}


def test_samples_that_are_flushed_are_published_once_and_no_message_is_empty(agent, transport):
    """As many agents flush in each turn."""
    for number in range(3):
        publish(agent, T0 + number, a=1.0, **({"b": 2.0} if number == 1 else {}))
        agent.feeds["temperatures"].flush_buffer()
    agent.feeds["temperatures"].flush_buffer()
    assert [when for _, when, _ in transport.samples()] == [T0, T0 + 1, T0 + 2]
    assert [len(blocks) for blocks, _about in transport.received] == [1, 1, 1]


def test_each_kind_is_logged_once_and_after_an_hour_with_how_often_since(agent, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(agent.feeds["temperatures"], "_throttle", feeds.LogThrottle(clock=lambda: now))
    for _ in range(200):
        publish(agent, T0, a=None, b=1.0)
    assert len(agent.log.warnings) == 1
    assert (
        "field 'a': None is a NoneType; a value is a number, a boolean or a text. Left out: 1 value"
        in (agent.log.warnings[0])
    )
    publish(agent, None, a=1.0)
    assert len(agent.log.warnings) == 2, "another kind"
    now += 3601
    publish(agent, T0, a=None, b=1.0)
    assert "Left out: 200 values" in agent.log.warnings[2]


def test_what_is_left_is_archived_and_plotted(agent, transport, tmp_path):
    """Values beside None, beside what is too large, and of changing fields: in the archive, and on the way to the plot."""
    agent.register_feed("temperatures", record=True, buffer_time=1000)
    now = time.time() - 100
    recorder = Recorder(tmp_path)
    node = FeedNode("x", "x", target="x")
    for number in range(60):
        a = (1.0, None, 10**400)[number % 3]
        publish(agent, now + number, b=float(number), **({} if number % 5 == 0 else {"a": a}))
    agent.feeds["temperatures"].flush_buffer()
    for blocks, about in transport.received:
        recorder.add(blocks, about)
        node.receive(ADDRESS, (blocks, about))
    recorder.close()
    expected = [number for number in range(60) if number % 3 == 0 and number % 5]
    archived = load([f"{ADDRESS}.a", f"{ADDRESS}.b"], now - 1, now + 100, tmp_path)
    _, values = archived[f"{ADDRESS}.b"]
    assert values.tolist() == list(range(60))
    assert (archived[f"{ADDRESS}.a"][0] - now).round().tolist() == expected
    names = [f"{ADDRESS}.a", f"{ADDRESS}.b"]
    found = so3g_load(names, now - 1, now + 100, tmp_path)
    a, b = ((times, list(map(float, values))) for times, values in map(found.get, names))
    # so3g puts the samples of one frame together block by block.
    assert sorted(round(when - now) for when in a[0]) == expected
    assert sorted(zip(*b, strict=True)) == [(pytest.approx(now + number, abs=1e-6), number) for number in range(60)]
    data = node.get_data(["a", "b"], now - 1, now + 100)["data"]
    assert data["b"] == list(range(60))
    assert [number for number, value in enumerate(data["a"]) if value is not None] == expected
    assert recorder.dropped["malformed"] == 0


def test_what_a_message_takes_is_never_underestimated():
    columns = {"a": [1.5e-300, -(2**63)], "b": ["\u00e4\U0001f600\x00" * 9, "\\\"'" * 30], "c": [True, math.pi]}
    block = publishable.Part("b", [T0, T0 + 0.123456], columns, {"a": {"_field": "\x00"}})
    for kind in (serializer.CBORSerializer, serializer.MsgPackSerializer, serializer.JsonSerializer):
        octets, _ = kind().serialize(message.Publish(1, "a.b", args=[block.as_message()]))
        assert len(octets) < block.bytes + publishable.ENVELOPE_BYTES
        plain, _ = kind().serialize(message.Publish(1, "a.b", args=[[]]))
        assert len(octets) - len(plain) <= block.bytes + 60, "beside the words of the form itself"


def test_every_message_says_how_many_samples_were_published_also_when_nobody_took_them(agent, transport, monkeypatch):
    publish(agent, T0, a=1.0)
    transport.clock.advance(1)
    with monkeypatch.context() as away:
        away.setattr(agent, "publish", router_away)
        for second in (1, 2):
            publish(agent, T0 + second, a=1.0)
            transport.clock.advance(1)
        agent.feeds["temperatures"].publish_message(
            {"block_name": "many", "timestamps": [T0 + 3, T0 + 4], "data": {"b": [1.0, 2.0]}}
        )
        transport.clock.advance(1)
    publish(agent, T0 + 5, a=1.0)
    counts = [(about["published"], about["session_id"]) for _, about in transport.received]
    assert counts == [({"temperatures": 1}, agent.agent_session_id), ({"temperatures": 6}, agent.agent_session_id)]


def test_a_heartbeat_says_what_is_published_and_not_what_waits(agent, transport):
    agent.register_feed("heartbeat", max_messages=1)
    agent.register_feed("private", record=True, agg_params={"exclude_aggregator": True})
    publish(agent, T0, a=1.0)
    publish(agent, T0 + 0.01, a=1.0)  # is held back for 50 ms
    assert agent.feeds["heartbeat"].encoded()["published"] == {"temperatures": 1}
    transport.clock.advance(1)
    assert agent.feeds["heartbeat"].encoded()["published"] == {"temperatures": 2}
    agent.register_feed("temperatures", record=True)
    assert agent.published == {"temperatures": 2}, "a feed that is registered again goes on counting"


def router_away(*_):
    raise TransportLost
