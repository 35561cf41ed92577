"""Which replies can be a query's."""

import pytest

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.replies import fits, is_query
from livemon.instruments.lakeshore240.simulator import Model240
from livemon.instruments.lakeshore372.simulator import Model372

QUERIES = {
    Model240: (
        "*IDN?",
        "MODNAME?",
        *(f"{name} 3" for name in ["KRDG?", "SRDG?", "INTYPE?", "INNAME?", "CRVHDR?"]),
        "CRVPT? 3,1",
    ),
    Model372: (
        "*IDN?",
        "SCAN?",
        "CRVHDR? 21",
        "CRVPT? 21,1",
        "STILL?",
        "HTR?",
        *(
            f"{name} {n}"
            for name in ["KRDG?", "SRDG?", "RDGST?", "INSET?", "INTYPE?", "INNAME?", "TLIMIT?"]
            for n in ("2", "A")
        ),
        *(f"{name} 0" for name in ["OUTMODE?", "HTRSET?", "RANGE?", "SETP?", "MOUT?", "PID?"]),
    ),
}


@pytest.mark.parametrize("model", QUERIES)
def test_what_an_instrument_replies_fits_its_query_and_no_other_form(model):
    instrument = model("SIM1", Cryostat())
    replies = {query: instrument.handle(query, 1.0) for query in QUERIES[model]}
    for query, reply in replies.items():
        assert fits(query, reply), (query, reply)
    readings = [query for query in replies if query.startswith(("KRDG?", "SRDG?"))]
    others = [
        query for query in replies if query.startswith(("*IDN?", "SCAN?", "IN", "CRV", "OUTMODE?", "HTRSET?", "PID?"))
    ]
    for reading in readings:
        for other in others:
            assert not fits(reading, replies[other]), (reading, replies[other])
        assert not fits("SCAN?", replies[reading])


@pytest.mark.parametrize(
    ("query", "reply", "right"),
    [
        ("KRDG? 1", "+39.7702E+00", True),
        ("KRDG? 1", "+NAN", True),
        ("KRDG? 1", "", False),
        ("KRDG? 1", "04,1", False),
        ("KRDG? 1", "\x00+39.7", False),
        ("KRDG? 1", "+39.7702E+00+1.09", False),
        ("KRDG? 1", "1_0", False),
        ("krdg? 1", "1,2", False),
        ("KRDG? 0", "+1.0,+2.0,+3.0,+4.0", True),
        ("SRDG? 0", "+1.0, +2.0, +3.0, +4.0, +5.0, +6.0, +7.0, +8.0", True),
        ("SRDG? 0", "+1.0", False),
        ("KRDG? 0", "LSCI,MODEL336,1,1.0", False),
        ("SCAN?", "04,0", True),
        ("SCAN?", "17,0", False),
        ("SCAN?", "4,2", False),
        ("*IDN?", "LSCI,MODEL372,LSA22YG,1.3", True),
        ("*IDN?", "+39.7702E+00", False),
        ("*IDN?", "2,0,0,0", False),
        ("INNAME? 1", "", True),
        ("INNAME? 1", "4K plate, left", True),
        ("INNAME? 1", "LSCI,MODEL372,LSA22YG,1.3", False),
        ("INNAME? 1", "gar\ufffdbage", False),
        ("INTYPE? A", "1,1,0,0,1", True),
        ("INTYPE? 1", "1,1,0,0,1,1,1", False),
        ("OUTMODE? 0", "5,A,1,0,0,1", True),
        ("OUTMODE? 1", "1,1,0", True),
        ("NEW? 1", "whatever", True),
    ],
)
def test_a_reply_is_told_from_others_by_its_form(query, reply, right):
    assert fits(query, reply) is right


@pytest.mark.parametrize(
    ("message", "asks"), [("*IDN?", True), ("KRDG? 1", True), ("SCAN 1,1", False), ("INNAME 1,why?", False)]
)
def test_a_question_mark_in_a_name_asks_nothing(message, asks):
    assert is_query(message) is asks
