"""The command `livemon` on a monitor: the container that it runs in, and which serial lines that container gets."""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

import pytest
from paths import ROOT

SCRIPT = ROOT / "roles/ocs/files/command"


@pytest.fixture
def command(tmp_path):
    """Run it with a `docker run` that only prints its words, and serial lines in a directory instead of /dev."""
    settings = tmp_path / "command"
    settings.write_text("run='echo run'\nimage=app\nuid=1\nsite_host=lab\ndata_directory=/data\n")
    text = SCRIPT.read_text().replace("/etc/livemon/ocs/command", str(settings)).replace("/dev/tty", f"{tmp_path}/tty")
    program = tmp_path / "livemon"
    program.write_text(text)

    def run(*words: str) -> list[str]:
        environment = os.environ | {"DOCKER_HOST": "unix:///nowhere"}
        answer = subprocess.run(
            ["sh", program, *words], env=environment, capture_output=True, text=True, check=True, timeout=30
        )
        return answer.stdout.split()

    return run


@pytest.fixture
def lines(tmp_path):
    """Two serial lines, and a file that is not one."""
    near, far = os.openpty()
    for name in ("ttyUSB0", "ttyACM3"):
        (tmp_path / name).symlink_to(os.ttyname(far))
    (tmp_path / "ttyUSB9").touch()
    yield [str(tmp_path / "ttyUSB0"), str(tmp_path / "ttyACM3")], str(Path(os.ttyname(far)).stat().st_gid)
    os.close(near)
    os.close(far)


def values(words: list[str], option: str) -> list[str]:
    return [value for name, value in itertools.pairwise(words) if name == option]


def test_discover_gets_the_serial_lines_and_their_groups(command, lines):
    words = command("discover", "172.16.127.0/24")
    assert values(words, "--device") == lines[0]
    assert values(words, "--group-add") == [lines[1]] * 2
    assert words[-3:] == ["app", "discover", "172.16.127.0/24"]
    assert values(words, "--network") == ["host"]


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize("words", [("status",), ("acq", "stop", "discover"), ()])
def test_no_other_command_gets_any(command, words):
    assert not {"--device", "--group-add"} & set(command(*words))


def test_without_serial_lines_there_is_nothing_to_get(command):
    assert "--device" not in command("discover")
