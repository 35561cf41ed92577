"""The audit trail of control commands."""

import json

import pytest

from livemon.agents import audit_trail
from livemon.agents.audit_trail import AuditTrail


@pytest.fixture
def clock():
    return [1_800_000_000.25]


@pytest.fixture
def log():
    return []


@pytest.fixture
def trail(tmp_path, clock, log):
    return AuditTrail("control", log.append, tmp_path / "commands.log", lambda: clock[0])


def lines(tmp_path):
    return [json.loads(line) for line in (tmp_path / "commands.log").read_text().splitlines()]


def test_a_line_says_when_what_by_whom_and_what_became_of_it(trail, tmp_path, log):
    by = {"session": 5, "authid": "K3", "role": "host"}
    trail.note("start", "set_pid", "accepted", parameters={"P": 1}, run=4, level=3, by=by, message=None)
    assert lines(tmp_path) == [
        {
            "time": "2027-01-15T08:00:00.250Z",
            "agent": "control",
            "command": "start",
            "operation": "set_pid",
            "parameters": {"P": 1},
            "run": 4,
            "level": 3,
            "by": by,
            "outcome": "accepted",
        }
    ]
    assert log == ["control " + (tmp_path / "commands.log").read_text().rstrip()]
    assert (tmp_path / "commands.log").stat().st_mode & 0o777 == 0o640


def test_the_number_of_the_first_run_is_not_left_out(trail, tmp_path):
    trail.note("stop", "acq", "accepted", run=0, level=0)
    assert lines(tmp_path)[0].items() >= {"run": 0, "level": 0}.items()


@pytest.mark.parametrize(
    ("parameters", "written"),
    [
        (
            {"Password": "x", "deep": [{"api_token": "x", "a": 1}]},
            {"Password": "...", "deep": [{"api_token": "...", "a": 1}]},
        ),
        ("a\nb", "a\nb"),
        (["x" * 2000], json.dumps(["x" * 2000])[: audit_trail.LONGEST] + "..."),
        ({"object": {1}}, {"object": "{1}"}),
    ],
)
def test_parameters_have_no_passwords_and_an_end(trail, tmp_path, parameters, written):
    trail.note("start", "x", "accepted", parameters=parameters)
    assert lines(tmp_path)[0]["parameters"] == written


def test_who_is_refused_all_the_time_does_not_fill_the_disk(trail, tmp_path, clock):
    for _ in range(1000):
        trail.note("start", "x" * 5000, "refused")
    assert len(lines(tmp_path)) == audit_trail.REFUSALS
    trail.note("start", "acq", "accepted")
    assert lines(tmp_path)[-1]["refusals_left_out"] == 1000 - audit_trail.REFUSALS
    clock[0] += audit_trail.SECONDS
    trail.note("start", "y", "refused")
    assert lines(tmp_path)[-1]["operation"] == "y"
    assert "refusals_left_out" not in lines(tmp_path)[-1]


def test_a_clock_that_is_set_back_does_not_silence_it(trail, tmp_path, clock):
    for _ in range(100):
        trail.note("start", "x", "refused")
    clock[0] -= 86400
    trail.note("start", "y", "refused")
    assert lines(tmp_path)[-1]["operation"] == "y"


def test_what_cannot_be_written_is_told_in_the_agents_log(log, tmp_path):
    AuditTrail("control", log.append, tmp_path / "nowhere/commands.log").note("start", "acq", "accepted")
    assert log[0].startswith('control {"time"')
    assert log[1] == f"control: the line above is not in {tmp_path}/nowhere/commands.log: No such file or directory"
