"""Faults on command: how they are written, what they affect, and that the same seed gives the same faults."""

from __future__ import annotations

import math
from copy import deepcopy

import pytest

from livemon.errors import DeviceError
from livemon.instruments.common.control import ControlServer
from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.faults import Delivery, Faults, Kind, parse
from livemon.instruments.lakeshore240.simulator import Model240
from livemon.instruments.lakeshore372.simulator import Model372

CHANNELS = [1, 2, 3, "A"]
ANSWER = b"+10.0565E-03\r\n"


def faults(*texts: str, seed: int = 0) -> Faults:
    ordered = Faults(seed)
    for text in texts:
        ordered.add(parse(text, 0.0, CHANNELS))
    return ordered


def sent(delivery: Delivery) -> bytes:
    return b"".join(piece for _, piece in delivery.pieces)


# How they are written


@pytest.mark.parametrize(
    ("text", "begins", "ends", "times"),
    [
        ("split", 100, math.inf, math.inf),
        ("split,times=1", 100, math.inf, 1),
        ("stall,after=5,for=10", 105, 115, math.inf),
        ("power-cycle", 100, 105, math.inf),
        (" garbage , for=2 ", 100, 102, math.inf),
    ],
)
def test_a_fault_is_read(text, begins, ends, times):
    fault = parse(text, 100.0, CHANNELS)
    assert (fault.begins, fault.ends, fault.times) == (begins, ends, times)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_can_be_ordered_and_described(kind):
    assert str(kind) in parse(f"{kind},after=1,for=2", 0.0, CHANNELS).describe(0.0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("stal", "there is no fault 'stal': did you mean stall?"),
        ("", "there is no fault '': write one of split, garbage"),
        ("split,once", "'once': write KEY=VALUE"),
        ("stall,times=1", "'times' means nothing for stall: write one of after, for"),
        ("split,channel=1", "'channel' means nothing for split"),
        ("split,times=0", "times=0: write a whole number, 1 or more"),
        ("split,times=0.5", "times=0.5: write a whole number"),
        ("split,probability=2", "probability=2: write a number from 0 to 1"),
        ("stall,for=-1", "for=-1: write seconds"),
        ("stall,for=nan", "for=nan: write seconds"),
        ("stall,for=soon", "for=soon: write seconds"),
        ("stall,for=1,for=2", "for is given twice"),
        ("frozen,channel=17", "channel=17: the instrument has the inputs 1, 2, 3, A"),
    ],
)
def test_what_cannot_be_read_gets_one_message(text, complaint):
    with pytest.raises(DeviceError) as error:
        parse(text, 0.0, CHANNELS)
    assert complaint in str(error.value)


# Answers


def test_without_faults_an_answer_is_sent_as_it_is():
    assert Faults().deliver(ANSWER, 0.0) == Delivery(((0.0, ANSWER),))


def test_a_split_answer_comes_in_two_pieces():
    (_, first), (pause, second) = faults("split,delay=0.3").deliver(ANSWER, 0.0).pieces
    assert first
    assert second
    assert (first + second, pause) == (ANSWER, 0.3)


def test_an_answer_of_one_character_is_split_too():
    assert len(faults("split").deliver(b"1\r\n", 0.0).pieces) == 2


def test_noise_cannot_be_taken_for_a_number():
    noisy = faults("garbage")
    for _ in range(200):
        noise = sent(noisy.deliver(b"1\r\n", 0.0))
        assert noise.endswith(b"\r\n")
        assert noise[0] >= 0x80


def test_a_dropped_answer_is_not_sent_at_all():
    assert faults("drop").deliver(ANSWER, 0.0) == Delivery((), hang_up=True)


def test_a_slow_answer_comes_late_and_may_be_split_besides():
    (before, _), (pause, _) = faults("slow,delay=3", "split").deliver(ANSWER, 0.0).pieces
    assert (before, pause) == (3, 0.2)


def test_a_number_of_answers_is_hit():
    hit = faults("garbage,times=3")
    assert [sent(hit.deliver(ANSWER, 0.0)) == ANSWER for _ in range(5)] == [False] * 3 + [True] * 2
    assert hit.listed(0.0) == []


def test_the_same_seed_hits_the_same_answers():
    runs = [
        [faulty.deliver(ANSWER, 0.0) for _ in range(100)]
        for faulty in (faults("garbage,probability=0.3", "split,probability=0.5", seed=seed) for seed in (1, 1, 2))
    ]
    assert runs[0] == runs[1] != runs[2]
    assert 15 < sum(sent(delivery) != ANSWER for delivery in runs[0]) < 45


@pytest.mark.parametrize(("now", "hit"), [(0, False), (4.9, False), (5, True), (14.9, True), (15, False)])
def test_a_fault_has_a_beginning_and_an_end(now, hit):
    assert (sent(faults("garbage,after=5,for=10").deliver(ANSWER, now)) != ANSWER) is hit


def test_changes_are_known_beforehand():
    ordered = faults("stall,after=5,for=10", "frozen")
    assert [ordered.next_change(now) for now in (0, 5, 15)] == [5, 15, math.inf]


# Readings


@pytest.fixture(scope="module")
def warm() -> Cryostat:
    return Cryostat(600.0)


@pytest.fixture
def module(warm) -> Model240:
    return Model240("LSA21OQ", deepcopy(warm), seed=1)


@pytest.fixture
def bridge(warm) -> Model372:
    return Model372("LSA22YG", deepcopy(warm), seed=1)


def order(instrument: Model240 | Model372, text: str) -> None:
    instrument.faults.add(parse(text, instrument.elapsed, [*range(1, 9), "A"]))


def test_a_240_over_range_says_so(module):
    order(module, "over-range,channel=1,after=1,for=10")
    assert module.handle("RDGST? 1", 0.5) == "000"
    assert module.handle("KRDG? 1;SRDG? 1;RDGST? 1;RDGST? 2", 5.0) == "+00.0000E-03;+00.0000E-03;064;000"
    assert module.handle("RDGST? 1", 11.0) == "000"


def test_a_372_over_range_says_so(bridge):
    order(bridge, "over-range,channel=A,for=10")
    assert bridge.handle("KRDG? A;SRDG? A;RDGST? A", 5.0) == "+00.0000E-03;+00.0000E-03;016"
    assert bridge.handle("RDGST? A;RDGST? 1", 11.0) == "000;000"


@pytest.mark.parametrize("channel", [1, 3])
def test_a_frozen_240_repeats_and_calls_it_valid(module, channel):
    asked = f"KRDG? {channel};SRDG? {channel};RDGST? {channel}"
    before = module.handle(asked, 20.0)
    order(module, f"frozen,channel={channel},for=30")
    assert module.handle(asked, 20.0) == before
    assert module.handle(asked, 49.0) == before
    assert before.endswith(";000")
    assert module.handle(asked, 51.0) != before
    assert module.handle("KRDG? 2", 20.0) != module.handle("KRDG? 2", 52.0)


def test_a_frozen_372_repeats_and_calls_it_valid(bridge):
    before = bridge.handle("KRDG? A;RDGST? A", 20.0)
    order(bridge, "frozen,channel=A,for=30")
    assert bridge.handle("KRDG? A;RDGST? A", 49.0) == before
    assert bridge.handle("KRDG? A;RDGST? A", 51.0) != before


# By the control socket


def test_requests_of_the_control_socket():
    ordered, changes = Faults(), []
    control = ControlServer(ordered, CHANNELS, lambda: 7.0, lambda: changes.append(1))
    assert control.answer("") == "no faults\n"
    assert control.answer("stall,for=10") == "stall, for 10.0 s\n"
    assert control.answer("frozen,channel=3,channel=a") == "stall, for 10.0 s\nfrozen, channel 3 A\n"
    assert control.answer("clear,stall") == "frozen, channel 3 A\n"
    assert control.answer("clear,stal").startswith("error: there is no fault 'stal'")
    assert control.answer("clear") == "no faults\n"
    assert control.answer("split,channel=1").startswith("error: 'channel' means nothing for split")
    assert len(changes) == 4
