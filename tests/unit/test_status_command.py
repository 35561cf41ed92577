"""``livemon status``: what it shows of the cryostat, and by which exit status it ends."""

from __future__ import annotations

import io
import json

import pytest
from click.testing import CliRunner
from rich.console import Console

from livemon import cli
from livemon.client import agents, bridge, tables

PATH = "observatory.control.feeds.temperatures.Channel_02"
NOW = 1764511440.0  # 30 Nov 2025 14:04 UTC
ALARM = {
    "id": "control:2:above:critical",
    "state": "firing",
    "severity": "critical",
    "node": "LSA22YG",
    "field": "channel_02_t",
    "path": f"{PATH}_T",
    "label": "4K plate",
    "unit": "K",
    "value": 143.613,
    "limit": 5.0,
    "test": "above",
    "kind": "value",
    "since": NOW - 420,
    "silenced": None,
    "sentence": "4K plate (control, channel 2): 143.61 K, above 5 K",
}
WELL = {"well": True, "alarms_configured": 1, "told_by": "grafana", "sentence": "1 limit is set and not exceeded."}
WARM = WELL | {"well": False, "sentence": "An alarm is firing: 4K plate (control, channel 2): 143.61 K, above 5 K."}
UNKNOWN = WELL | {
    "well": None,
    "sentence": "It is not known whether the cryostat is well: the inventory sets no limit.",
}


def field(name="T", value=4.0, age=1.0, units="K", path=None, **about):
    name = path or f"{PATH}_{name}"
    own = {"name": name.rpartition(".")[2].lower(), "path": name, "label": "4K plate", "units": units, "expected": True}
    return own | {"value": value, "age": age, "time": NOW - (age or 0), "type": "number", "tags": {}} | about


def status_of(*fields, **about):
    node = {"name": "LSA22YG", "description": "Dilution fridge", "error": None, "fields": list(fields)}
    return {"router": {"connected": True}, "nodes": [node], "time_zone": None} | about


def shown(table):
    """A table as a terminal shows it, its spaces made one."""
    output = io.StringIO()
    Console(file=output, width=200, markup=False, highlight=False, emoji=False).print(table)
    return "\n".join(" ".join(line.split()) for line in output.getvalue().splitlines())


@pytest.fixture
def livemon(monkeypatch):
    """Runs the command against a bridge that answers as given, without agents."""

    def run(*words, cryostat=WELL, alarms=(), problems=(), state=None):
        health = {"well": not problems, "problems": list(problems), "grafana": [], "dead_mans_switch": {"heard": None}}
        monkeypatch.setattr(bridge, "status", lambda: state or status_of(field()))
        monkeypatch.setattr(bridge, "health", lambda: health | {"alarms": list(alarms), "cryostat": cryostat})
        monkeypatch.setattr(bridge, "gaps", lambda *_interval: [])
        monkeypatch.setattr(agents.Agents, "agents", lambda _self: [])
        return CliRunner().invoke(cli.livemon, ["status", *words])

    return run


def test_an_alarm_of_the_cryostat_has_an_exit_status_of_its_own(livemon):
    """Seen: a critical limit of 5 K, 143.6 K, and exit status 0."""
    answer = livemon(cryostat=WARM, alarms=[ALARM])
    assert answer.exit_code == 3
    lines = answer.stdout.splitlines()
    first_table = "\n".join(lines[:4])
    for word in ("CRITICAL", "143.61 K, above 5 K", "4K plate", "ago"):
        assert word in first_table
    assert "Appliance: well" in lines
    assert f"Cryostat: {WARM['sentence']}" in lines


def test_what_is_wrong_with_the_appliance_goes_before(livemon):
    answer = livemon(cryostat=WARM, alarms=[ALARM], problems=["the archive is 240 s behind"])
    assert answer.exit_code == 1
    assert str(answer.exception) == "the archive is 240 s behind"
    assert "CRITICAL" in answer.stdout
    assert "Appliance: something is wrong (1)" in answer.stdout


@pytest.mark.parametrize("cryostat", [WELL, UNKNOWN])
def test_without_an_alarm_the_exit_status_is_0_and_the_last_line_says_what_is_known(livemon, cryostat):
    answer = livemon(cryostat=cryostat)
    assert answer.exit_code == 0
    assert answer.stdout.splitlines()[-1] == f"Cryostat: {cryostat['sentence']}"


def test_what_is_pending_is_shown_and_is_no_alarm_yet(livemon):
    pending = ALARM | {"state": "pending", "sentence": "4K plate (control, channel 2): 5.3 K, above 5 K; it alarms if"}
    answer = livemon(alarms=[pending])
    assert answer.exit_code == 0
    assert "not yet" in answer.stdout
    assert "CRITICAL" not in answer.stdout


def test_json_has_both(livemon):
    content = json.loads(livemon("--json", cryostat=WARM, alarms=[ALARM]).stdout)
    assert content["alarms"] == [ALARM]
    assert content["cryostat"] == WARM
    assert content["problems"] == []


def test_help_tells_the_exit_statuses():
    text = CliRunner().invoke(cli.livemon, ["status", "--help"]).stdout
    lines = [line.strip() for line in text.splitlines()]
    begin = lines.index("Exit status")
    assert [line[:2] for line in lines[begin + 1 : begin + 4]] == ["0 ", "1 ", "3 "]
    assert "an alarm of the cryostat is firing" in lines[begin + 3]


@pytest.mark.parametrize(
    ("seconds", "zone", "text"),
    [
        (420, None, "13:57 UTC, 7 min ago"),
        (420, "Europe/Amsterdam", "14:57 CET, 7 min ago"),
        (93600, None, "29 Nov 12:04 UTC, 26 h ago"),
        (420, "Mars/Olympus_Mons", "13:57 UTC, 7 min ago"),
        (-1, None, "14:04 UTC, 0 s ago"),
    ],
)
def test_since_when_is_told_in_words(seconds, zone, text):
    assert tables.since(NOW - seconds, NOW, zone) == text


def test_a_silenced_alarm_says_so():
    assert "above 5 K (silenced in Grafana)" in shown(tables.alarms_table([ALARM | {"silenced": True}], NOW, None))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ([field(value=0.0100567)], "10.057 mK"),
        ([field("R", 12345.678, units="ohm")], "12.346 kΩ"),
        ([field(value=0.0, expected=False)], "not connected"),  # a 240's input without a sensor
        ([field(value=0.0)], "no reading"),
        ([field(value=0.0, units=None, tags={"quantity": "temperature"})], "no reading"),
        ([field("R", 0.0, units="ohm")], "0 Ω"),
        ([field(value=4.0), field("status", 0, units=None)], "4 K"),
        ([field(value=4.0), field("status", 128, units=None)], "no reading"),  # what a 372 read last
        ([field(value=None, age=None, expected=False), field("status", 1, units=None)], "not connected"),
        ([field("R", 10.0, units="ohm"), field("status", 128, units=None)], "10 Ω"),  # valid, and not on the curve
        ([field("R", 10.0, units="ohm"), field("status", 16, units=None)], "no reading"),
        ([field("V", 1.6, units=None), field("status", 128, units=None)], "no reading"),  # what a 336 read last
        ([field("V", 1.6, units=None), field("status", 32, units=None)], "1.6"),  # over the end of its curve
        ([field("T_flagged", 0.0, tags={"quantity": "flagged"})], "0 K"),
        ([field(value=-3.0, units=None, path="livemon.sensors.temperature_of_air")], "-3"),
    ],
)
def test_what_is_no_reading_is_not_shown_as_one(fields, text):
    table = tables.fields_table(status_of(*fields))
    assert next(iter(table.columns[3].cells)).plain == text


def test_an_input_that_is_switched_off_has_no_red_age():
    def style(**about):
        table = tables.fields_table(status_of(field(age=9000.0, **about)))
        return next(iter(table.columns[4].cells)).style

    assert style(expected=True) == tables.RED
    assert style(expected=False) == ""
    assert style(expected=True, silent_after=10000.0) == "", "it is published less often than others"


def test_the_field_of_an_alarm_is_red():
    table = tables.fields_table(status_of(field(value=143.613), field("R", 99.0, units="ohm")), [ALARM])
    assert [[cell.style for cell in list(column.cells)] for column in table.columns[1:4]] == [[tables.RED, ""]] * 3


@pytest.mark.parametrize("words", [("stop",), ("stop", "ls240", "--target=ls240"), ("start",)])
def test_acq_wants_one_agent(words):
    answer = CliRunner().invoke(cli.livemon, ["acq", *words])
    assert answer.exit_code == 2
    assert "name one agent by its instance-id, for example ls240" in answer.stderr


@pytest.mark.parametrize("words", [["ls240"], ["--target", "ls240"]])
def test_acq_takes_the_agent_with_and_without_the_option(words, monkeypatch):
    stopped = []
    monkeypatch.setattr(agents.Agents, "stop", lambda _self, *about: stopped.append(about) or True)
    answer = CliRunner().invoke(cli.livemon, ["acq", "stop", *words])
    assert (answer.stdout, stopped) == ("ls240: acquisition stopped\n", [("ls240", "acq")])
