"""What `make test` says when it fails: the end of its log names the tests, by the scripts themselves with a `make` of ours."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from paths import ROOT

MAKE = r"""#!/bin/bash
case $2 in
one) printf '%s\n' 'E  assert 1 == 2' 'FAILED tests/unit/test_a.py::test_it - assert 1 == 2' '1 failed in 3 s'; exit 2 ;;
two) for i in {1..40}; do echo "ERROR tests/unit/test_b.py::test_$i - $(printf 'x%.0s' {1..300})"; done; exit 2 ;;
molecule)
    printf '  \e[2m│\e[0m \e[31m%s\e[0m\n' 'TASK [See the machine] ***' 'FAILED - RETRYING: [lab]: See it' \
        '[ERROR]: Task failed: See it: waited 30 s in vain' "- 'FAILED tests/machine/test_host.py::test_c - OSError'"
    exit 2 ;;
lint) printf '%s\n' 'lab/test:12: SC2086 quote this' 'make[1]: *** [Makefile:60: lint] Error 1'; exit 2 ;;
slow) exec sleep 60 ;;
*) echo "$2 is well" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the scripts, and a `make` and a `docker` before the others'."""
    shutil.copytree(ROOT / "lab", tmp_path / "lab")
    shutil.copytree(ROOT / "files/images/base", tmp_path / "files/images/base")
    for name, content in {"make": MAKE, "docker": "#!/bin/sh\nexit 1\n"}.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(content)
        program.chmod(0o755)
    return tmp_path


def last_lines(checkout: Path, *stages: str, status: int = 1, **environment: str) -> list[str]:
    """The last twenty lines of a run of the stages, which ends with that status."""
    environment |= {"PATH": f"{checkout}/bin:{os.environ['PATH']}", "XDG_CACHE_HOME": str(checkout / "cache")}
    answer = subprocess.run(
        [checkout / "lab/test", *stages],
        check=False,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
    )
    assert answer.returncode == status, answer.stdout
    return answer.stdout.splitlines()[-20:]


def test_the_end_of_the_log_names_the_failed_tests_of_each_lane(checkout: Path):
    lines = last_lines(checkout, "well", "one | fine | molecule lint", "never")
    start = lines.index(f"== make one failed, its whole output is in {checkout}/.cache/lab/log/one.log:")
    assert lines[start + 1] == "   FAILED tests/unit/test_a.py::test_it - assert 1 == 2"
    assert "   ERROR TASK [See the machine] ***: Task failed: See it: waited 30 s in vain" in lines
    assert "   FAILED tests/machine/test_host.py::test_c - OSError" in lines
    assert lines[-1].startswith("== make test: FAILED after ")
    assert not any("RETRYING" in line or "lint failed" in line for line in lines[start:])
    assert not (checkout / ".cache/lab/log/never.log").exists()


def test_many_failures_leave_room_for_those_of_the_other_lane(checkout: Path):
    lines = last_lines(checkout, "one | two")
    assert "   FAILED tests/unit/test_a.py::test_it - assert 1 == 2" in lines
    assert "   and 34 more" in lines
    assert max(len(line) for line in lines if line.startswith("   ERROR")) == 203
    assert lines[-1].startswith("== make test: FAILED after ")


def test_a_target_that_names_no_test_is_told_by_its_last_lines(checkout: Path):
    assert "   lab/test:12: SC2086 quote this" in last_lines(checkout, "well | lint")[-3:]


def test_a_target_that_is_ended_for_its_time_says_so(checkout: Path):
    assert "   ERROR: make slow was ended after 1 s" in last_lines(checkout, "slow", LIVEMON_TARGET_LIMIT="1")


def test_a_run_that_passed_says_so_last(checkout: Path):
    assert last_lines(checkout, "well", "fine | well", status=0)[-1].startswith("== make test: passed in ")
