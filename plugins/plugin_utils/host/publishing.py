"""Which agents do not publish, from what the bridge and the Docker engine of their machine report, and in which words a run says so.

One rule for instruments and all other agents:

- An agent with feeds publishes when one of them has a sample that is newer than the start of the agent's container (the data nodes
  also have older ones, from the archive), and not older than the age at which its data node is silent for ``/api/health``.
- An agent without feeds is heard by its heartbeat, which every OCS agent sends once a second, after its container has run for
  `STEADY` seconds: one that ends soon after its start has a heartbeat too, and its container is started again and again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..contract import contract
from ..inventory.entries import Entry

STEADY = 10.0
"""Seconds after which Docker, too, considers the start of a container successful (its page "Start containers automatically")."""
_ADVICE = (
    "docker logs ocs_<id> shows more. For an instrument that is switched off for now, or an agent that seldom publishes, write "
    "wait_for_data: false in its entry; as a setting of the site it skips this check."
)
LATE = 1.0
"""Seconds for which lines of a container that has ended may still come into its log; Python takes longer to start again."""
LONGEST_LINE = 300
"""Characters of a line of a log."""
INSPECTED = (
    "[{{json .Name}},{{json .State.Status}},{{json .State.StartedAt}},{{json .State.FinishedAt}},{{.State.ExitCode}},"
    "{{.RestartCount}},{{.State.OOMKilled}},{{json .State.Error}}]"
)
"""The format of ``docker inspect`` that :func:`containers_of` reads."""

_NOISE = re.compile(r"\s|\W*\Z|Traceback |During handling |The above exception |(\d{4}-\S+ )?session joined: ")
"""What says nothing in a log: lines without words, those of a traceback but its last, the 30 with which OCS joins the router."""
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?\S* ?")


@dataclass(frozen=True)
class Awaited:
    """An agent that is expected to publish: its instance-id, what it is in words, and its feeds.

    Without feeds its heartbeat is enough.
    """

    id: str
    title: str
    feeds: tuple[str, ...] = ()

    @property
    def container(self) -> str:
        """The name of its container."""
        return f"ocs_{self.id}"


@dataclass(frozen=True)
class Container:
    """The state of a container.

    `started` and `finished` are its last start and end, UNIX seconds; `exit_status` is 0 while it is running.
    """

    status: str
    started: float = -math.inf
    finished: float = -math.inf
    exit_status: int = 0
    restarts: int = 0
    out_of_memory: bool = False
    error: str = ""


@dataclass(frozen=True)
class Seen:
    """What a machine reports: the bridge's ``/api/status``, `None` if it does not answer, and the containers by name."""

    status: Mapping[str, Any] | None
    containers: Mapping[str, Container]


def containers_of(printed: str) -> dict[str, Container]:
    """Return the containers that ``docker inspect --format INSPECTED`` has printed, one a line, by name."""
    found = {}
    for line in printed.splitlines():
        if line.strip():
            name, status, started, finished, *rest = json.loads(line)
            found[name.removeprefix("/")] = Container(status, _unix(started), _unix(finished), *rest)
    return found


def with_exits(now: Mapping[str, Container], before: Mapping[str, Container]) -> dict[str, Container]:
    """Return the containers, those that run again with the exit status that they had while they were waiting for their restart."""
    return {
        name: replace(each, exit_status=before[name].exit_status)
        if each.status == "running" and each.restarts and name in before
        else each
        for name, each in now.items()
    }


def _unix(stamp: str) -> float:
    """Return the UNIX seconds of a time as Docker writes it, with nanoseconds, which Python before 3.11 does not read."""
    found = _STAMP.match(stamp)
    assert found is not None, stamp
    return datetime.fromisoformat(f"{found[1]}+00:00").timestamp() + float(found[2] or 0)


def missing(agents: Iterable[Awaited], seen: Seen) -> list[Awaited]:
    """Return the agents that do not publish; all of them while the bridge does not answer."""
    return [agent for agent in agents if not _publishes(agent, seen)]


def _publishes(agent: Awaited, seen: Seen) -> bool:
    container = seen.containers.get(agent.container)
    if seen.status is None or container is None or container.status != "running":
        return False
    if agent.feeds:
        return any(_is_fresh(field, node, container) for node, field in _samples(agent, seen.status))
    heard = _heartbeat(agent, contract.CONNECTED, seen.status)
    return heard is not None and bool(heard["value"]) and heard["time"] >= container.started + STEADY


def _is_fresh(field: Entry, node: Entry, container: Container) -> bool:
    silent_after = node.get("silent_after")
    return bool(field["time"] >= container.started and (silent_after is None or field["age"] <= silent_after))


def _samples(agent: Awaited, status: Entry) -> Iterator[tuple[Entry, Entry]]:
    """Yield the fields of an agent's feeds that have a sample, each with its node."""
    prefixes = tuple(f"{contract.ADDRESS_ROOT}.{agent.id}.feeds.{feed}." for feed in agent.feeds)
    for node, field in _fields(status):
        if field["path"].startswith(prefixes) and field["time"] is not None:
            yield node, field


def _heartbeat(agent: Awaited, what: str, status: Entry) -> Entry | None:
    path = f"{contract.ADDRESS_ROOT}.{agent.id}{what}"
    return next((field for _, field in _fields(status) if field["path"] == path and field["time"] is not None), None)


def _fields(status: Entry) -> Iterator[tuple[Entry, Entry]]:
    return ((node, field) for node in status["nodes"] if not node["error"] for field in node["fields"])


def message(absent: Sequence[Awaited], of: int, seen: Seen, lines: Mapping[str, str], seconds: float) -> str:
    """Return the words with which a run fails: one line for each agent that does not publish.

    Parameters
    ----------
    absent
        The agents that do not publish.
    of
        How many are expected to.
    seen
        What the machine reported last.
    lines
        The last meaningful line of the log of each agent, by its instance-id.
    seconds
        How long the run has waited.
    """
    if seen.status is None:
        return (
            f"The bridge has not answered for {seconds:.0f} s, so whether any agent publishes is unknown: "
            "see docker logs sisock_grafana_http. wait_for_data: false skips this check."
        )
    head = f"{len(absent)} of {of} agents {'does' if len(absent) == 1 else 'do'} not publish after {seconds:.0f} s."
    if not seen.status["router"]["connected"]:
        head += " The bridge has no connection to the router: see docker logs sisock_crossbar."
    each = [f"- {agent.id} ({agent.title}) {_reason(agent, seen, lines.get(agent.id, ''))}" for agent in absent]
    return "\n".join([head, *each, _ADVICE])


def _reason(agent: Awaited, seen: Seen, line: str) -> str:
    assert seen.status is not None
    container = seen.containers.get(agent.container)
    last = f": {line}" if line else ""
    if container is None:
        return f"has no container {agent.container}: run the playbook without --tags and --skip-tags"
    if container.out_of_memory and container.status != "running":
        return f"was ended because it used more memory than its container may{last}"
    if has_exited(container, seen.status["time"]):
        exited = f"exited with status {container.exit_status}" if container.exit_status else "exited"
        times = "" if container.restarts < 2 else f" {container.restarts} times"
        return exited + (f" and was restarted{times}" if container.restarts else "") + last
    if container.status != "running":
        return f"is not running, its container is {container.status}: {container.error or line or 'its log is empty'}"
    why = f"is running, but {_silence(agent, seen.status)}"
    return why + (f"{'' if why.endswith('?') else '.'} The last line of its log: {line}" if line else "")


def has_exited(container: Container, now: float) -> bool:
    """Whether a container has exited with an error, or has not been running again for as long as a run waits."""
    is_new = container.status == "running" and now - container.started < contract.SILENT_AFTER
    return bool(container.exit_status) or (container.restarts > 0 and is_new)


def _silence(agent: Awaited, status: Entry) -> str:
    """Say what the bridge knows of an agent that runs."""
    connected, degraded = (_heartbeat(agent, what, status) for what in (contract.CONNECTED, contract.DEGRADED))
    if connected is None or not connected["value"]:
        return "sends no heartbeat"
    if degraded is not None and degraded["value"]:
        return "cannot do its work (degraded): is its instrument switched on, and its address right?"
    if not agent.feeds:
        return f"has not been running for {STEADY:.0f} s"
    feeds = f"its feed {agent.feeds[0]}" if len(agent.feeds) == 1 else f"its feeds {', '.join(agent.feeds)}"
    ages = [field["age"] for _, field in _samples(agent, status)]
    return f"the newest sample of {feeds} is {min(ages):.0f} s old" if ages else f"has published nothing in {feeds}"


def last_line(printed: Iterable[str], before: float = math.inf) -> str:
    """Return the last meaningful line of a log, without its time; an empty text if there is none.

    Parameters
    ----------
    printed
        What ``docker logs --timestamps`` prints, in any order: its two streams come one after the other.
    before
        Only lines of before that time count, UNIX seconds: the container may be running again, and saying that it starts.
    """
    for line in sorted(filter(_STAMP.match, printed), reverse=True):
        text = _STAMP.sub("", line, count=1)
        if _unix(line) < before and not _NOISE.match(text):
            return _STAMP.sub("", text, count=1).strip()[:LONGEST_LINE]
    return ""
