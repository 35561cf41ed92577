"""A change of ufw that undoes itself unless it is confirmed, with stand-ins of ufw and systemd."""

from __future__ import annotations

import io
from importlib.util import module_from_spec, spec_from_file_location

import pytest
from paths import ROOT

STAND_IN = """#!/bin/sh
cd {directory}
echo "$(basename "$0") $*" >>calls
test ! -e "fails-$(basename "$0")-$1"
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """The program, whose files are in a directory of the test."""
    spec = spec_from_file_location("livemon_firewall_change", ROOT / "roles/firewall/files/livemon_firewall_change.py")
    program = module_from_spec(spec)
    spec.loader.exec_module(program)
    for command in ("ufw", "systemctl", "systemd-run"):
        path = tmp_path / "bin" / command
        path.parent.mkdir(exist_ok=True)
        path.write_text(STAND_IN.format(directory=tmp_path))
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    for name, path in {"RULES": "ufw", "SETTINGS": "default", "ASIDE": "state/before-change"}.items():
        monkeypatch.setattr(program, name, tmp_path / path)
    (tmp_path / "ufw").mkdir()
    (tmp_path / "ufw/ufw.conf").write_text("ENABLED=yes\n")
    (tmp_path / "ufw/user.rules").write_text("before\n")
    (tmp_path / "default").write_text("before\n")
    return program


@pytest.fixture
def calls(tmp_path):
    """The commands that it started, in their order."""
    path = tmp_path / "calls"
    return lambda: path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def changed(program, tmp_path):
    """What is kept aside has been changed since."""
    assert program.main(["begin", "90"]) == 0
    (tmp_path / "ufw/user.rules").write_text("changed\n")
    (tmp_path / "default").write_text("changed\n")
    (tmp_path / "calls").unlink()


def test_begin_starts_the_timer_that_undoes(program, calls):
    assert program.main(["begin", "90"]) == 0
    assert calls()[-1] == (
        "systemd-run --quiet --unit livemon-firewall-undo --on-active 90 --timer-property AccuracySec=1s"
        " /usr/local/sbin/livemon-firewall-change undo"
    )


@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize("command", ["undo", "abandoned"])
def test_undo_restores_rules_and_settings(command, program, tmp_path, calls):
    (tmp_path / "fails-systemctl---quiet").touch()  # no timer is active
    assert program.main([command]) == 0
    assert (tmp_path / "ufw/user.rules").read_text() == "before\n"
    assert (tmp_path / "default").read_text() == "before\n"
    assert calls()[-2:] == ["ufw reload", "systemctl --no-block start livemon-firewall.service"]
    assert not program.ASIDE.exists()


@pytest.mark.usefixtures("changed")
def test_what_the_timer_still_waits_for_is_not_abandoned(program, tmp_path):
    assert program.main(["abandoned"]) == 0
    assert (tmp_path / "ufw/user.rules").read_text() == "changed\n"


@pytest.mark.parametrize(("conf", "failing"), [("ENABLED=no\n", False), ("enabled=yes\n", True)])
def test_undo_disables_ufw_where_it_was_off_or_cannot_be_reloaded(conf, failing, program, tmp_path, calls):
    (tmp_path / "ufw/ufw.conf").write_text(conf)
    program.main(["begin", "90"])
    if failing:
        (tmp_path / "fails-ufw-reload").touch()
    assert program.main(["undo"]) == 0
    assert "ufw disable" in calls()


def test_undo_without_a_change_does_nothing(program, calls):
    assert program.main(["undo"]) == 0
    assert calls() == []


@pytest.mark.usefixtures("changed")
def test_a_confirmed_change_stays(program, tmp_path, calls):
    assert program.main(["keep"]) == 0
    assert "systemctl stop livemon-firewall-undo.timer" in calls()
    assert program.main(["undo"]) == 0
    assert (tmp_path / "ufw/user.rules").read_text() == "changed\n"


@pytest.mark.usefixtures("changed")
def test_a_confirmation_after_the_undoing_fails(program, capsys):
    program.main(["undo"])
    assert program.main(["keep"]) == 1
    assert "too late" in capsys.readouterr().err


def test_a_new_change_begins_from_what_is_set_now(program, tmp_path, changed):
    program.main(["begin", "90"])
    (tmp_path / "ufw/user.rules").write_text("third\n")
    program.main(["undo"])
    assert (tmp_path / "ufw/user.rules").read_text() == "changed\n"


def test_run_passes_lines_to_ufw_until_one_fails(program, tmp_path, calls, monkeypatch):
    (tmp_path / "fails-ufw-default").touch()
    lines = "allow 22/tcp comment 'the operator'\ndefault deny incoming\n--force enable\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert program.main(["run"]) == 1
    assert calls() == ["ufw allow 22/tcp comment the operator", "ufw default deny incoming"]


@pytest.mark.parametrize("command", [[], ["begin"], ["keep", "it"], ["restore"]])
def test_an_unknown_command_is_refused(command, program, calls, capsys):
    assert program.main(command) == 64
    assert capsys.readouterr().err == "livemon-firewall-change: write begin SECONDS, run, keep, undo or abandoned\n"
    assert calls() == []
