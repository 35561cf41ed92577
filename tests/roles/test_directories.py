"""The action `directories` makes what is wanted, removes what is not, and runs one module where nothing is to be done."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from paths import CONTROLLER, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Bring the directories to the wanted state
      livemon.appliance.directories:
        directories: "{{ directories }}"
      register: done
    - ansible.builtin.copy: {content: "{{ done | to_json }}", dest: HERE/done.json, mode: "0644"}
      check_mode: false
      changed_when: false
"""
VAULT = "plugh"


def run(here: Path, directories: list[dict], *options: str, fails: bool = False) -> str:
    (here / "play.yml").write_text(PLAY.replace("HERE", str(here)))
    (here / "given.json").write_text(
        json.dumps({"directories": directories, "ansible_python_interpreter": sys.executable})
    )
    answer = subprocess.run(
        [CONTROLLER / "ansible-playbook", "-i", "localhost,", "-e", f"@{here}/given.json", *options, here / "play.yml"],
        cwd=here,
        env=os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (answer.returncode != 0) == fails, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def changed(printed: str) -> bool:
    return bool(re.search(r"changed=[1-9]", printed))


def done(here: Path) -> dict:
    """Return the result of the task."""
    return json.loads((here / "done.json").read_text())


def modules(printed: str) -> list[str]:
    """Return the modules that a run with -vvv ran for the task."""
    return re.findall(r"Using module file \S+/(\w+)\.py", printed.rpartition("TASK [ansible.builtin.copy]")[0])


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "on_the_machine").mkdir()
    return tmp_path / "on_the_machine"


def test_from_run_to_run(tmp_path, place):
    (tmp_path / "here.txt").write_text("from the controller\n")
    wanted = [
        {
            "path": f"{place}/a",
            "owner": str(os.getuid()),
            "mode": "0750",
            "files": {"x.json": '{"a": 1}\n', "y[1].json": "[]\n", "kept.log": None},
            "remove": ["*.json"],
        },
        {"path": f"{place}/a/b", "mode": "2755", "copies": {"z": f"{tmp_path}/here.txt"}, "file_mode": "0400"},
    ]
    printed = run(tmp_path, wanted)
    assert changed(printed)
    names = ["a", "a/b", "a/x.json", "a/y[1].json", "a/kept.log", "a/b/z"]
    assert done(tmp_path)["created"] == [f"{place}/{name}" for name in names]
    assert (place / "a/x.json").read_text() == '{"a": 1}\n'
    assert (place / "a/b/z").read_text() == "from the controller\n"
    assert [mode(place / name) for name in names] == ["0750", "2755", "0644", "0644", "0644", "0400"]

    (place / "a/kept.log").write_text("of somebody else")
    printed = run(tmp_path, wanted, "-vvv")
    assert not changed(printed)
    assert modules(printed) == ["find"]
    assert (place / "a/kept.log").read_text() == "of somebody else"
    assert done(tmp_path)["created"] == []

    (place / "a/old.json").touch()
    (place / "a/other.txt").touch()
    (place / "a/x.json").chmod(0o600)
    (place / "a/y[1].json").write_text("damaged")
    printed = run(tmp_path, wanted, "--check", "--diff")
    assert changed(printed)
    assert "-damaged" in printed
    assert (place / "a/old.json").exists()
    assert (place / "a/y[1].json").read_text() == "damaged"
    printed = run(tmp_path, wanted)
    assert changed(printed)
    assert done(tmp_path)["removed"] == [f"{place}/a/old.json"]
    assert sorted(path.name for path in (place / "a").iterdir()) == [
        "b",
        "kept.log",
        "other.txt",
        "x.json",
        "y[1].json",
    ]
    assert mode(place / "a/x.json") == "0644"
    assert (place / "a/y[1].json").read_text() == "[]\n"
    assert not changed(run(tmp_path, wanted))


def test_a_directory_of_which_nothing_is_stated_stays_as_it_is_and_is_not_made(tmp_path, place):
    place.chmod(0o711)
    (place / "old").mkdir()
    (place / "old/file").touch()
    wanted = [
        {"path": str(place), "files": {"x": "1"}, "remove": ["old"]},
        {"path": f"{place}/missing", "remove": ["*"]},
    ]
    assert changed(run(tmp_path, wanted))
    assert mode(place) == "0711"
    assert [path.name for path in place.iterdir()] == ["x"]
    assert not changed(run(tmp_path, wanted))


def test_a_link_to_a_directory_is_taken_for_the_directory(tmp_path, place):
    """A lab's data directory may be a link to a disk."""
    (tmp_path / "disk").mkdir(mode=0o755)
    (place / "data").symlink_to(tmp_path / "disk")
    wanted = [{"path": f"{place}/data/", "mode": "2750"}, {"path": f"{place}/data/hk", "mode": "2750"}]
    assert changed(run(tmp_path, wanted))
    assert (place / "data").is_symlink()
    assert mode(tmp_path / "disk/hk") == mode(tmp_path / "disk") == "2750"
    assert not changed(run(tmp_path, wanted))


def test_an_encrypted_file_is_copied_as_it_is_meant(tmp_path, place):
    (tmp_path / "password").write_text(VAULT)
    (tmp_path / "key").write_text("xyzzy\n")
    password = ("--vault-password-file", str(tmp_path / "password"))
    subprocess.run(
        [CONTROLLER / "ansible-vault", "encrypt", *password, tmp_path / "key"], check=True, capture_output=True
    )
    wanted = [{"path": str(place), "copies": {"key": f"{tmp_path}/key"}, "file_mode": "0400"}]
    printed = run(tmp_path, wanted, *password)
    assert (place / "key").read_text() == "xyzzy\n"
    assert not changed(run(tmp_path, wanted, *password))
    assert "xyzzy" not in printed


def test_check_mode_on_a_bare_machine(tmp_path, place):
    wanted = [{"path": f"{place}/new", "mode": "0755", "files": {"x": "1", "y": None}}]
    assert changed(run(tmp_path, wanted, "--check", "--diff"))
    assert done(tmp_path)["created"] == [f"{place}/new", f"{place}/new/x", f"{place}/new/y"]
    assert list(place.iterdir()) == []


def test_a_file_that_is_not_valid_stays_away_and_fails_the_task(tmp_path, place):
    wanted = [{"path": str(place), "files": {"x": "wrong"}, "validate": "grep right %s"}]
    assert "failed to validate" in run(tmp_path, wanted, fails=True)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("directory", [{"mode": "0755"}, {"path": "/tmp", "fils": {}}], ids=["no path", "unknown key"])
def test_what_is_not_an_argument_fails_the_task(tmp_path, directory):
    assert re.search("missing required arguments|Unsupported parameters", run(tmp_path, [directory], fails=True))
