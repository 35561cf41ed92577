"""Stands in for a Docker engine: runs processes as containers that are restarted when they end, and answers as `docker` does.

Only what the action `wait_for_agents` uses: ``docker inspect`` with its format, and ``docker logs --timestamps``.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from processes import terminate

from plugins.plugin_utils.host.publishing import INSPECTED

PAUSE = 1.0
"""Seconds between the end of a process and its next start; Docker begins with a tenth and doubles it up to a minute."""


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"


@dataclass
class State:
    """What `INSPECTED` has of a container."""

    name: str
    status: str
    started: str
    finished: str = "0001-01-01T00:00:00Z"
    exit_status: int = 0
    restarts: int = 0
    out_of_memory: bool = False
    error: str = ""


class Engine:
    """The containers, and a directory for the path on which the command `docker` is."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bin = directory / "bin"
        self.bin.mkdir(parents=True)
        command = self.bin / "docker"
        command.write_text(
            "#!/bin/sh\n"
            f"export PYTHONPATH={shlex.quote(os.pathsep.join(sys.path))}\n"
            f'exec {shlex.quote(sys.executable)} {shlex.quote(__file__)} {shlex.quote(str(directory))} "$@"\n'
        )
        command.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of programs that find this engine."""
        return os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}"}

    @contextmanager
    def container(self, name: str, *command: object, environment: Mapping[str, str]) -> Iterator[None]:
        """Run a command as a container as long as the block lasts."""
        ended = threading.Event()
        running: list[subprocess.Popen] = []
        words = [str(word) for word in command]
        supervisor = threading.Thread(target=self._supervise, args=(name, words, environment, running, ended))
        supervisor.start()
        try:
            yield
        finally:
            ended.set()
            for child in running[-1:]:
                terminate(child, 15)
            supervisor.join()

    def _supervise(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        running: list[subprocess.Popen],
        ended: threading.Event,
    ) -> None:
        state = State(f"/{name}", "running", _now())
        while not ended.is_set():
            state.status, state.started, state.exit_status = "running", _now(), 0
            self._write(name, state)
            child = subprocess.Popen(
                command, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            running.append(child)
            with child, (self.directory / f"{name}.log").open("a") as log:
                for line in child.stdout:
                    log.write(f"{_now()} {line}")
                    log.flush()
            state.status, state.finished, state.exit_status = "restarting", _now(), child.returncode
            self._write(name, state)
            ended.wait(PAUSE)
            state.restarts += 1

    def _write(self, name: str, state: State) -> None:
        part = self.directory / f"{name}.part"
        part.write_text(json.dumps(asdict(state)))
        part.replace(self.directory / f"{name}.json")


def _answer(directory: Path, arguments: list[str]) -> int:
    match arguments:
        case ["inspect", "--format", form, *names] if form == INSPECTED:
            known = [name for name in names if (directory / f"{name}.json").exists()]
            for name in known:
                print(json.dumps(list(json.loads((directory / f"{name}.json").read_text()).values())))
            for name in set(names) - set(known):
                print(f"error: no such object: {name}", file=sys.stderr)
            return int(known != names)
        case ["logs", "--timestamps", "--tail", count, name]:
            print(*(directory / f"{name}.log").read_text().splitlines()[-int(count) :], sep="\n")
            return 0
    print(f"this stand-in does not know docker {' '.join(arguments)}", file=sys.stderr)
    return 125


if __name__ == "__main__":
    sys.exit(_answer(Path(sys.argv[1]), sys.argv[2:]))
