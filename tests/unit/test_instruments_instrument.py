"""What all instruments share: the table of commands, the IEEE 488.2 registers, the conversation with a peer."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.instrument import Conversation, Instrument
from livemon.instruments.lakeshore240.simulator import Model240
from livemon.instruments.lakeshore372.simulator import Model372


@pytest.fixture(params=[Model240, Model372], ids=["240", "372"])
def instrument(request) -> Instrument:
    return request.param("LSA0001", Cryostat(600.0))


@pytest.fixture(scope="module", params=[Model240, Model372], ids=["240", "372"])
def shared_instrument(request) -> Instrument:
    return request.param("LSA0001", Cryostat(600.0))


@pytest.mark.parametrize(
    ("messages", "answer"),
    [
        (["*ESR?"], "128"),
        (["*CLS", "*ESR?"], "000"),
        (["*CLS", "NOSUCH?", "*ESR?"], "032"),
        (["*CLS", "12;*ESR?"], "032"),
        (["*CLS", "INNAME? 99", "*ESR?"], "016"),
        (["*CLS", "INNAME?", "*ESR?"], "016"),
        (["*CLS", "INNAME? one", "*ESR?"], "016"),
        (["*CLS", "INNAME? 1,2,3", "*ESR?"], "016"),
        (["*CLS", "*OPC", "*ESR?"], "001"),
        (["*CLS", "*STB?"], "000"),
        (["*ESE 32", "*SRE 32", "NOSUCH", "*STB?"], "096"),
        (["*ESE 32", "*ESE?"], "032"),
        (["*SRE 32", "*SRE?"], "032"),
        (["*OPC?"], "1"),
        (["*TST?"], "0"),
        (["*WAI", "*RST", "*OPC?"], "1"),
    ],
)
def test_status_registers(instrument, messages, answer):
    *before, last = messages
    for message in before:
        assert instrument.handle(message, 0.0) is None
    assert instrument.handle(last, 0.0) == answer


def test_reading_the_event_register_clears_it(instrument):
    assert instrument.handle("*ESR?;*ESR?", 0.0) == "128;000"


def test_answers_of_a_chain_come_in_one_line(instrument):
    assert instrument.handle("*OPC?;NOSUCH?;*TST?", 0.0) == "1;0"


def test_every_query_answers_something(instrument):
    answers = {"CRVPT?": "1,1", "FREQ?": "0", "HTR?": "", "ZONE?": "1,1"}
    for mnemonic, row in instrument.table.items():
        if mnemonic.endswith("?"):
            parameters = answers.get(mnemonic, "1" if row.casts else "")
            assert instrument.handle(f"{mnemonic} {parameters}", 1.0), f"{mnemonic} {parameters} got no answer"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_that_a_peer_sends_raises(shared_instrument, data):
    mnemonics = st.sampled_from(sorted(shared_instrument.table))
    words = st.lists(st.sampled_from(["1", "0", "99", "-1", "A", "nan", "1e400", "", '"', "x" * 300]), max_size=8)
    requests = st.tuples(mnemonics, words).map(lambda pair: f"{pair[0]} {','.join(pair[1])}".encode()) | st.binary()
    message = b";".join(data.draw(st.lists(requests, max_size=4)))
    answer = Conversation(shared_instrument).receive(message + b"\r\n", 1.0)
    assert answer == b"" or answer.endswith(b"\r\n")


def test_conversation_answers_each_message_in_a_line(instrument):
    conversation = Conversation(instrument)
    assert conversation.receive(b"*OPC?\r\n*T", 0.0) == b"1\r\n"
    assert conversation.receive(b"ST?\r\nNOSUCH?\r\n", 0.0) == b"0\r\n"


def test_an_empty_answer_is_sent_too(instrument):
    assert Conversation(instrument).receive(b'INNAME 1,""\r\nINNAME? 1\r\n', 0.0) == b"\r\n"
    assert instrument.handle("INNAME? 1;*OPC?", 0.0) == ";1"


def test_two_conversations_do_not_mix(instrument):
    one, other = Conversation(instrument), Conversation(instrument)
    assert one.receive(b"*OP", 0.0) == b""
    assert other.receive(b"*TST?\r\n", 0.0) == b"0\r\n"
    assert one.receive(b"C?\r\n", 0.0) == b"1\r\n"


def test_silence_ends_a_message_without_terminator():
    conversation = Conversation(Model240("LSA0001", Cryostat()), unterminated=True)
    assert conversation.receive(b"*OP", 0.0) == b""
    assert conversation.ends_by_silence
    assert conversation.receive(b"C?", 0.0) == b""
    assert conversation.silence(0.0) == b"1\r\n"
    assert not conversation.ends_by_silence


def test_requests_without_terminators_that_arrive_as_one_are_all_carried_out():
    conversation = Conversation(Model240("LSA0001", Cryostat()), unterminated=True)
    conversation.receive(b"INNAME 1,4K plateINTYPE 1,1,0,0,0,2,1INNAME? 1", 0.0)
    assert conversation.silence(0.0) == b"4K plate\r\n"


def test_a_whole_curve_may_arrive_as_one():
    conversation = Conversation(Model240("LSA0001", Cryostat()), unterminated=True)
    points = [f"CRVPT 1,{n},{n / 123.0!r},{300 - n / 7!r}".encode() for n in range(1, 201)]
    conversation.receive(b"CRVHDR 1,DT-670,D6012345,2,330.0,1" + b"".join(points), 0.0)
    assert conversation.silence(0.0) == b""
    conversation.receive(b"CRVPT? 1,200", 0.0)
    assert conversation.silence(0.0) == b"+1.62602E+00,+271.429E+00\r\n"


def test_silence_after_too_much_without_terminator_lets_the_peer_go_on():
    conversation = Conversation(Model240("LSA0001", Cryostat()), unterminated=True)
    conversation.receive(b"x" * 100_000, 0.0)
    assert conversation.ends_by_silence
    assert conversation.silence(0.0) == b""
    conversation.receive(b"*OPC?", 0.0)
    assert conversation.silence(0.0) == b"1\r\n"


def test_a_peer_that_terminates_may_pause_within_a_message():
    conversation = Conversation(Model240("LSA0001", Cryostat()), unterminated=True)
    conversation.receive(b"*OPC?\r\n*OP", 0.0)
    assert not conversation.ends_by_silence
