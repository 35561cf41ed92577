"""The report of a benchmark run: what is met, what is recorded, what is left out."""

import pytest

from bench.figures import Figures
from bench.report import judged, missed, report

TARGET = {"key": "query.24 h.16.p50", "what": "panel", "unit": "ms", "limit": 5, "recorded": {"sisock": 2568}}
OF_ONE_HOUR = {"key": "long", "what": "message", "unit": "ms", "times": {"key": "short", "limit": 1.5}}
NONE_AT_ALL = {"key": "lost", "what": "lost", "unit": "", "limit": 0}


def figures(**by_key: float) -> Figures:
    found = Figures()
    for key, value in by_key.items():
        found.add("livemon", key, value)
    return found


@pytest.mark.parametrize(
    ("target", "measured", "met"),
    [
        (TARGET, {TARGET["key"]: 4.9}, "yes"),
        (TARGET, {TARGET["key"]: 5.0}, "**no**"),
        (OF_ONE_HOUR, {"short": 0.02, "long": 0.029}, "yes"),
        (OF_ONE_HOUR, {"short": 0.02, "long": 0.031}, "**no**"),
        (NONE_AT_ALL, {"lost": 0}, "yes"),
        (NONE_AT_ALL, {"lost": 1}, "**no**"),
    ],
)
def test_a_target_is_met_or_not(target, measured, met):
    assert judged(target, figures(**measured))[3] == met


def test_what_was_recorded_stands_in_brackets_and_what_was_measured_does_not():
    found = figures(**{TARGET["key"]: 4.0})
    assert judged(TARGET, found)[4:6] == ["[2,568 ms]", "[642]"]
    found.add("sisock", TARGET["key"], 2000)
    assert judged(TARGET, found)[4:6] == ["2,000 ms", "500"]


def test_what_a_run_did_not_measure_is_left_out():
    found = figures(**{"load.missing": 3})
    assert judged(TARGET, found) is None
    assert len(missed(found)) == 1
    text = report(found, {"processor": "abacus"}, "bench/run --only load")
    assert "messages lost" in text
    assert "16 channels" not in text.partition("## Details")[0].partition("## Where")[0]
