"""The audit trail of control commands: one line of JSON each, in the agent's log and in a file that all agents of a host share.

A line says when (UTC), which agent, what was asked for, by whom as far as the router discloses it, and with what outcome; the end of
an operation is a line of its own with the same number (``run``). The file outlives containers and their logs; nothing rotates it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livemon.config import setting

LONGEST = 1000
"""Characters of what a caller wrote; a longer text is cut."""
REFUSALS = 30
"""Per minute. Anyone can be refused, and must not fill the disk with it: further ones are counted in the next line."""
SECONDS = 60.0
SECRETIVE = ("password", "passwd", "secret", "token", "credential")


class AuditTrail:
    """Writes the lines of one agent.

    Parameters
    ----------
    agent
        The agent's instance-id.
    log
        Called with each line, for the agent's own log.
    file
        The file that all agents of this host share, or `None`.
    clock
        UNIX seconds.
    """

    def __init__(
        self,
        agent: str,
        log: Callable[[str], None],
        file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._agent = agent
        self._log = log
        self._file = file
        self._clock = clock
        self._minute = 0.0
        self._refusals = self._left_out = 0

    @classmethod
    def from_environment(
        cls, agent: str, log: Callable[[str], None], environ: Mapping[str, str] = os.environ
    ) -> AuditTrail:
        """Write to the file of ``LIVEMON_CONTROL_LOG``, if that is set."""
        return cls(agent, log, setting("LIVEMON_CONTROL_LOG", Path, None, environ))

    def note(self, command: str, operation: object, outcome: str, **more: Any) -> None:
        """Write a line; values of `more` that are `None` or empty are left out."""
        if outcome == "refused" and self._is_too_much():
            return
        left_out, self._left_out = self._left_out, 0
        entry = {
            "time": datetime.fromtimestamp(self._clock(), UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "agent": self._agent,
            "command": command,
            "operation": _short(operation),
            **{name: _short(value) for name, value in more.items() if value not in (None, "", {})},
            "outcome": outcome,
            **({"refusals_left_out": left_out} if left_out else {}),
        }
        line = json.dumps(entry, ensure_ascii=True)
        self._log(f"control {line}")
        self._append(line)

    def _is_too_much(self) -> bool:
        now = self._clock()
        if not 0 <= now - self._minute < SECONDS:
            self._minute, self._refusals = now, 0
        self._refusals += 1
        if self._refusals <= REFUSALS:
            return False
        self._left_out += 1
        return True

    def _append(self, line: str) -> None:
        """Append in one write, so that agents' lines do not mix. A full disk does not stop an operator's command."""
        if self._file is None:
            return
        try:
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                os.write(descriptor, f"{line}\n".encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            self._log(f"control: the line above is not in {self._file}: {error.strerror}")


def _short(value: Any) -> Any:
    """Return a value for a line: JSON, without passwords, not too long."""
    value = _without_secrets(value)
    text = json.dumps(value, default=str)
    return value if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            str(key): "..." if any(word in str(key).lower() for word in SECRETIVE) else _without_secrets(each)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_without_secrets(each) for each in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
