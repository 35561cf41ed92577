"""What the heartbeats of agents say of their operations: one code for each, as OCS numbers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from livemon.sisock.answers import Operation

STATUSES = {
    2: "starting",
    3: "running",
    4: "stopping",
    5: "succeeded",
    6: "failed",
    7: "expired",
    8: "degraded",
}
"""By OCS's codes (ocs/base.py, 0.12.1, ``OpCode``); an operation that has never been started has none of them."""
MOST = 50
"""Operations of one agent. Any host on the agents' network may publish heartbeats."""
LONGEST_NAME = 64


class Operations:
    """The operations of agents, each with its status and since when it has had that."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Operation]] = {}

    def note(self, agent: str, message: Any, now: float) -> None:
        """Note a heartbeat that arrived at `now`, UNIX seconds; a malformed one changes nothing.

        Since when an operation has had its status is not known of the first heartbeat of an agent: it is then `None`.
        """
        codes = message[0] if isinstance(message, (list, tuple)) and message else None
        if not isinstance(codes, Mapping):
            return
        before, found = self._known.get(agent), dict[str, Operation]()
        for name, code in list(codes.items())[:MOST]:
            status = STATUSES.get(code) if isinstance(code, int) else None
            if status is None or not isinstance(name, str) or len(name) > LONGEST_NAME:
                continue
            last = (before or {}).get(name)
            since = None if before is None else now
            found[name] = (
                last
                if last and last["status"] == status
                else {"agent": agent, "operation": name, "status": status, "since": since}
            )
        self._known[agent] = found

    def forget(self, agent: str) -> None:
        """Forget an agent: it is away, and nothing is known of its operations."""
        self._known.pop(agent, None)

    def all(self) -> list[Operation]:
        """Return the operations of all agents that have ever been started, by agent."""
        return [each for _, operations in sorted(self._known.items()) for each in operations.values()]
