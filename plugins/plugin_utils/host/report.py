"""What a machine has told of itself: the output of roles/preflight/files/probe.sh."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

MISSING, TIMED_OUT = 127, 124
"""What the shell and `timeout` answer for a program that is not there, and for one that took too long."""

_HEAD = re.compile(r"@livemon (\S+) (\d+)\Z")


@dataclass(frozen=True)
class Section:
    """The answer of one command: its exit status, and its output with the errors."""

    rc: int = MISSING
    text: str = ""

    @property
    def lines(self) -> list[str]:
        """The lines in which something stands."""
        return [line for line in self.text.splitlines() if line.strip()]

    @property
    def words(self) -> list[str]:
        """The words, where the command succeeded; of what failed, none can be believed."""
        return self.text.split() if self.rc == 0 else []


class Report:
    """The sections of a report by their names; of one that is not there, the program was not there either."""

    def __init__(self, text: str) -> None:
        found: dict[str, tuple[int, list[str]]] = {}
        lines: list[str] = []
        for line in text.splitlines():
            head = _HEAD.match(line.rstrip())
            if head:
                lines = []
                found[head[1]] = int(head[2]), lines
            else:
                lines.append(line)
        self._sections = {name: Section(rc, "\n".join(lines).strip()) for name, (rc, lines) in found.items()}

    def __getitem__(self, name: str) -> Section:
        return self._sections.get(name, Section())

    @property
    def release(self) -> dict[str, str]:
        """What /etc/os-release says."""
        pairs = (line.split("=", 1) for line in self["os"].lines if "=" in line)
        return {key: value.strip("\"'") for key, value in pairs}

    @property
    def packages(self) -> set[str]:
        """Names of the packages that are installed, among those that were asked for."""
        return {line.split()[0] for line in self["packages"].lines if " ok installed " in line}

    @property
    def engine(self) -> dict[str, Any]:
        """What the Docker engine says of itself; empty without one."""
        try:
            return json.loads(self["info"].text) if self["info"].rc == 0 else {}
        except ValueError:
            return {}

    @property
    def has_engine(self) -> bool:
        """Whether there is a command `docker`, as there is where an engine was installed, running or not."""
        return self["engine"].rc != MISSING


def version(text: str) -> tuple[int, ...]:
    """Return the first three numbers of a version, to compare it."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])
