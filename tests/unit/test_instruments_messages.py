"""Framing, grammar and number format that all Lake Shore instruments share."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livemon.instruments.common.messages import LineFramer, Request, engineering, parse, split_run_together

LINES = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30), max_size=8)


@settings(deadline=None)
@given(lines=LINES, terminator=st.sampled_from([b"\r\n", b"\n", b"\r", b"\n\r"]), data=st.data())
def test_messages_survive_any_split_and_merge(lines, terminator, data):
    stream = b"".join(line.encode() + terminator for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    framer = LineFramer()
    received = [
        line
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for line in framer.feed(stream[start:end])
    ]
    assert received == lines
    assert not framer.unfinished


def test_unfinished_message_waits_until_it_is_flushed():
    framer = LineFramer()
    assert framer.feed(b"KRDG? 1\r\nSRDG") == ["KRDG? 1"]
    assert framer.unfinished
    assert framer.flush() == "SRDG"
    assert framer.flush() == ""


@pytest.mark.parametrize("piece", [1, 7, 100])
def test_overlong_message_is_dropped_and_memory_stays_bounded(piece):
    framer = LineFramer(longest=20)
    noise = b"x" * 1000
    for start in range(0, len(noise), piece):
        assert framer.feed(noise[start : start + piece]) == []
    assert framer.unfinished
    assert deepcopy(framer).flush() == ""
    assert framer.feed(b"x\r\nSCAN?\r\n") == ["SCAN?"]


def test_a_flush_ends_an_overlong_message():
    framer = LineFramer(longest=20)
    framer.feed(b"x" * 1000)
    assert framer.flush() == ""
    assert framer.feed(b"SCAN?\r\n") == ["SCAN?"]


def test_bytes_that_are_no_ascii_do_no_harm():
    assert LineFramer().feed(b"\xff\xfe\r\n") == ["��"]


@pytest.mark.parametrize(
    ("message", "requests"),
    [
        ("*IDN?", [Request("*IDN?", ())]),
        ("krdg? 1", [Request("KRDG?", ("1",))]),
        ("KRDG?1", [Request("KRDG?", ("1",))]),
        ("  INSET 1, 1,5 ,3,21,1  ", [Request("INSET", ("1", "1", "5", "3", "21", "1"))]),
        ("KRDG? 1;SRDG? 1", [Request("KRDG?", ("1",)), Request("SRDG?", ("1",))]),
        ("KRDG? 1;;", [Request("KRDG?", ("1",))]),
        ('INNAME 1,"a,b;c"', [Request("INNAME", ("1", "a,b;c"))]),
        ("INNAME 1,", [Request("INNAME", ("1", ""))]),
        ("123", [None]),
        ("  ", []),
    ],
)
def test_parse(message, requests):
    assert parse(message) == requests


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("*IDN?", ["*IDN?"]),
        ("INNAME 1,4K plateINTYPE 1,1,0,0,0,1,1", ["INNAME 1,4K plate", "INTYPE 1,1,0,0,0,1,1"]),
        ("INTYPE 1,1,0,0,0,1,1KRDG? 1", ["INTYPE 1,1,0,0,0,1,1", "KRDG? 1"]),
        ("nonsense", ["nonsense"]),
        ("", []),
    ],
)
def test_requests_that_ran_together_are_split(text, messages):
    assert split_run_together(text, ["*IDN?", "INNAME", "INNAME?", "INTYPE", "INTYPE?", "KRDG?"]) == messages


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (293.873, "+293.873E+00"),
        (0.0106, "+10.6000E-03"),
        (-195.8, "-195.800E+00"),
        (1022.44, "+1.02244E+03"),
        (999999.7, "+1.00000E+06"),
        (63.2e6, "+63.2000E+06"),
        (4e-12, "+4.00000E-12"),
        (0, "+00.0000E-03"),
    ],
)
def test_engineering(value, text):
    assert engineering(value) == text


@settings(deadline=None)
@given(st.floats(1e-15, 1e12) | st.floats(-1e12, -1e-15))
def test_engineering_keeps_six_digits(value):
    assert float(engineering(value)) == pytest.approx(value, rel=5.1e-6)
