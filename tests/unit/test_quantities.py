"""Numbers and durations read the same in the terminal as on the quick-look page."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from livemon import quantities
from livemon.quantities import duration, quantity

PAGE = Path(quantities.__file__).parent / "bridge/quicklook/static/text.js"
QUANTITIES = [
    (4.02134567, "K", "4.0213 K"),
    (0.0100567, "K", "10.057 mK"),
    (143.613, "K", "143.61 K"),
    (0.999996, "K", "1000 mK"),
    (-0.05, "K", "-50 mK"),
    (0.0, "K", "0 K"),
    (4, "K", "4 K"),
    (12345.678, "ohm", "12.346 kΩ"),
    (0.5, "ohm", "500 mΩ"),
    (1.23e-5, "V", "12.3 µV"),
    (1e-9, "V", "0.001 µV"),
    (1234567.0, "W", "1234.6 kW"),
    (97.25, "%", "97.25 %"),
    (123456.0, None, "123460"),
    (12345678.0, None, "1.235e+7"),
    (1e-5, "s", "1.000e-5 s"),
    ("warm", None, "warm"),
]
DURATIONS = [
    (1, "1 s"),
    (45.4, "45 s"),
    (100, "2 min"),
    (5399, "90 min"),
    (5400, "2 h"),
    (1e5, "28 h"),
    (172800, "2 d"),
]


@pytest.mark.parametrize(("value", "unit", "text"), QUANTITIES)
def test_a_value_has_a_prefix_and_no_more_digits_than_tell_something(value, unit, text):
    assert quantity(value, unit) == text


@pytest.mark.parametrize(("seconds", "text"), DURATIONS)
def test_a_duration_is_one_number(seconds, text):
    assert duration(seconds) == text


def test_nothing_is_a_dash_and_a_truth_value_is_no_number():
    assert quantity(None, "K") == "-"
    assert quantity(True, None) == "True"


@pytest.mark.skipif(not shutil.which("node"), reason="no JavaScript engine here; the tables above hold the same")
def test_the_page_says_the_same(tmp_path):
    module = tmp_path / "text.mjs"
    module.write_text(PAGE.read_text())
    asked = json.dumps([[[*each[:2]] for each in QUANTITIES], [each[0] for each in DURATIONS]])
    script = tmp_path / "ask.mjs"
    script.write_text(
        'import { duration, quantity } from "./text.mjs";\n'
        f"const [quantities, durations] = {asked};\n"
        "console.log(JSON.stringify([quantities.map((each) => quantity(...each)), durations.map(duration)]));\n"
    )
    answer = subprocess.run(["node", script], capture_output=True, text=True, timeout=60, check=True).stdout
    assert json.loads(answer) == [[each[2] for each in QUANTITIES], [each[1] for each in DURATIONS]]
