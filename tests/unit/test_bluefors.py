"""The log files of a simulated Bluefors refrigerator: their names and lines, as socs's agent reads them, and a new day."""

from __future__ import annotations

import warnings
from datetime import datetime

import pytest

from livemon.bluefors import log_files
from livemon.bluefors.simulator import THERMOMETERS, Refrigerator
from livemon.instruments.common.cryostat import Cryostat

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from socs.agents.bluefors.agent import LogParser

EVENING = datetime(2026, 12, 1, 23, 59, 59)
MORNING = datetime(2026, 12, 2, 0, 0, 9)


@pytest.fixture(scope="module")
def cold():
    return Refrigerator(Cryostat(0))


@pytest.fixture(scope="module")
def parsed(cold, tmp_path_factory):
    """What socs reads of each file, by the name that it gives it."""
    directory = tmp_path_factory.mktemp("logs")
    for file, content in cold.lines(1.0):
        log_files.append(directory, file, EVENING, content)
    parser = LogParser(tracker=None)
    found = {}
    for path in directory.glob("26-12-01/*.log"):
        kind, name = parser.identify_log(str(path))
        (line,) = path.read_text().splitlines()
        if kind in {"lakeshore", "flowmeter"}:
            found[name] = parser._parse_single_value_log(line, name)
        elif kind == "maxiguage":
            found[name] = parser._parse_maxigauge_log(line, name)
        else:
            found[name] = parser._parse_multi_value_log(line, kind, name)
    return found


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.000000E+0"), (102.005, "1.020050E+2"), (-2.5e-12, "-2.500000E-12"), (0.0123, "1.230000E-2")],
)
def test_numbers_are_written_as_labview_does(value, text):
    assert log_files.number(value) == text


def test_every_file_is_known_to_socs_and_has_the_time_of_the_line(parsed):
    thermometers = {f"lakeshore_ch{channel}_{quantity}" for channel in THERMOMETERS for quantity in "rt"}
    assert parsed.keys() == thermometers | {"flowmeter", "maxigauge", "channels", "status", "heaters"}
    assert {each["timestamp"] for each in parsed.values()} == {EVENING.timestamp()}


def test_a_cold_refrigerator_circulates(parsed):
    temperatures = {
        channel: parsed[f"lakeshore_ch{channel}_t"]["data"][f"lakeshore_ch{channel}_t"] for channel in THERMOMETERS
    }
    assert sorted(temperatures.values(), reverse=True) == list(temperatures.values())
    assert temperatures[6] < 0.02
    assert parsed["flowmeter"]["data"]["flowmeter"] == pytest.approx(0.5, rel=0.05)
    assert parsed["maxigauge"]["data"]["pressure_ch1"] < 1e-5
    valves = parsed["channels"]["data"]
    assert (valves["v4"], valves["turbo1"], valves["pulsetube"], valves["hs_mc"]) == (1, 1, 1, 0)
    assert parsed["status"]["data"]["cpahp"] == pytest.approx(295.7, abs=1)
    assert parsed["heaters"]["data"]["a2_r_htr"] == 120


def test_a_warm_one_does_not():
    lines = dict(Refrigerator(Cryostat(600)).lines(0.0))
    assert lines[log_files.FLOW] == "0.000000"
    assert lines[log_files.VALVES].endswith("hs-still,1,hs-mc,1,ext,1")
    assert lines[log_files.thermometer(6, "T")] == "2.950000E+2"


def test_midnight_begins_a_new_directory(tmp_path):
    for when in (EVENING, MORNING, MORNING):
        log_files.append(tmp_path, log_files.STATUS, when, "cparun,1.000000E+0")
    assert {str(path.relative_to(tmp_path)): path.read_bytes().count(b"\r\n") for path in tmp_path.glob("*/*")} == {
        "26-12-01/Status_26-12-01.log": 1,
        "26-12-02/Status_26-12-02.log": 2,
    }
