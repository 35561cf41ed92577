"""What a machine has reported about itself: the output of roles/preflight/files/probe.sh."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

MISSING, TIMED_OUT = 127, 124
"""The exit status by which the shell and `timeout` report a missing program, and one that took too long."""

_HEAD = re.compile(r"@livemon (\S+) (\d+)\Z")


@dataclass(frozen=True)
class Section:
    """The result of one command: its exit status, and its output together with its errors."""

    rc: int = MISSING
    text: str = ""

    @property
    def lines(self) -> list[str]:
        """The lines that are not empty."""
        return [line for line in self.text.splitlines() if line.strip()]

    @property
    def words(self) -> list[str]:
        """The words, if the command succeeded; the output of one that failed is not used."""
        return self.text.split() if self.rc == 0 else []


class Report:
    """The sections of a report by their names; a missing section counts as a missing program."""

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
        """The content of /etc/os-release."""
        pairs = (line.split("=", 1) for line in self["os"].lines if "=" in line)
        return {key: value.strip("\"'") for key, value in pairs}

    @property
    def packages(self) -> set[str]:
        """The packages that are installed, among those that were asked for."""
        return {line.split()[0] for line in self["packages"].lines if " ok installed " in line}

    @property
    def engine(self) -> dict[str, Any]:
        """The output of ``docker info``; empty without an engine."""
        try:
            info = json.loads(self["info"].text) if self["info"].rc == 0 else {}
        except ValueError:
            return {}
        return info if isinstance(info, dict) else {}

    @property
    def has_engine(self) -> bool:
        """Whether there is a command `docker`: then an engine is installed, running or not."""
        return self["engine"].rc != MISSING


def version(text: str) -> tuple[int, ...]:
    """Return the first three numbers of a version, for comparisons."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])
