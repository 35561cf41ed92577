"""What is wrong with the appliance, as far as the bridge can see: the one place of its limits. No input or output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from livemon.contract import ADDRESS_ROOT, CERTIFICATE_DAYS, CONNECTED, DEGRADED, DISK_USED, LAG, SENSORS

HUB_AWAY_AFTER = 5.0
"""Seconds; the bridge asks the hub every two."""
STALE_AFTER = 300.0
"""Seconds. A 372 that scans sixteen channels, each with 3 s of pause and 10 s of dwell, comes back to one after 208 s."""
LATE_AFTER = 120.0
"""Seconds that the archive may be behind the samples; frames are on the disk within seconds."""
FULL_FROM = 95.0
"""Percent of the disk."""
DAYS_TO_RENEW = 7.0
"""A certificate that ends this soon should have been renewed long ago."""

_LIMITS: Mapping[str, tuple[Callable[[float], bool], str]] = {
    LAG: (
        lambda value: value > LATE_AFTER,
        "the archive is {value:.0f} s behind: see docker logs ocs_aggregator",
    ),
    DISK_USED: (lambda value: value >= FULL_FROM, "the disk is {value:.0f} % full: see df -h"),
    CERTIFICATE_DAYS: (
        lambda value: value < DAYS_TO_RENEW,
        "a certificate ends in {value:.0f} d: the playbook renews it",
    ),
}


def problems(status: Mapping[str, Any]) -> Iterator[str]:
    """Yield one short clause for each thing that is wrong with router, nodes, archive and machine.

    Parameters
    ----------
    status
        The bridge's ``/api/status``; empty where it could not be asked.
    """
    if status and not status["router"]["connected"]:
        yield "the bridge has no connection to the router"
    yield from _hub_problems(status.get("hub") or {})
    if status and not status["nodes"]:
        yield "there are no data nodes: see docker logs sisock_nodes"
    for node in status.get("nodes", []):
        yield from _silence(node)
    for field in _fields(status):
        if field["path"] in _LIMITS and isinstance(field["value"], (int, float)):
            is_beyond, sentence = _LIMITS[field["path"]]
            if is_beyond(field["value"]):
                yield sentence.format(value=field["value"])


def agent_problems(status: Mapping[str, Any], has_gone: Callable[[str], bool]) -> Iterator[str]:
    """Yield one short clause for each agent that is away or does not do its work, as its heartbeat tells.

    Parameters
    ----------
    status
        As for :func:`problems`.
    has_gone
        Whether a channel is of an agent that the inventory has no more.

    Heartbeats come through the router only: while it is away, nothing is known of any agent.
    """
    if status and not status["router"]["connected"]:
        return
    for field in _fields(status):
        if has_gone(field["path"]):
            continue
        for end, wrong, complaint in ((CONNECTED, False, "is away"), (DEGRADED, True, "does not do its work")):
            if field["path"].endswith(end) and field["value"] is not None and bool(field["value"]) is wrong:
                instance_id = field["path"].removesuffix(end).rpartition(".")[2]
                yield f"agent {instance_id} {complaint}: see docker logs ocs_{instance_id}"


def notes(status: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the nodes tell people, one short clause each; nothing of it keeps a node from its work."""
    for node in status.get("nodes", []):
        for note in node.get("notes", []):
            yield f"node {node['name']}: {note}"


def _hub_problems(hub: Mapping[str, Any]) -> Iterator[str]:
    away, left_out = hub.get("away", 0.0), hub.get("left_out", 0)
    if away > HUB_AWAY_AFTER:
        yield f"the hub has not answered for {age(away)}: see docker logs sisock_hub"
    if left_out:
        yield f"the hub lists too many data nodes: {left_out} of them are not shown (see docker logs sisock_hub for their sessions)"


def _silence(node: Mapping[str, Any]) -> Iterator[str]:
    if node["error"]:
        yield f"node {node['name']}: {node['error']}"
        return
    for fault in node.get("faults", []):
        yield f"node {node['name']}: {fault}"
    after = node.get("silent_after")
    if after is None:  # it is not expected to publish
        return
    heard = [field for field in node["fields"] if field["age"] is not None]
    ages = [field["age"] for field in heard if not field["path"].endswith(DEGRADED)]
    if not heard:
        if not node.get("faults"):
            yield f"node {node['name']} has no values"
    elif ages and min(ages) > after:
        yield f"node {node['name']} has been silent for {age(min(ages))}"
    else:
        expected = [field for field in heard if _is_live(field) and field.get("expected", True)]
        silent = [
            field["name"] for field in expected if field["age"] > max(STALE_AFTER, field.get("silent_after") or after)
        ]
        if silent:
            yield f"silent in node {node['name']}: {', '.join(silent)}"


def _fields(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (field for node in status.get("nodes", []) if not node["error"] for field in node["fields"])


def _is_live(field: Mapping[str, Any]) -> bool:
    """Whether each field of its node goes on as long as all is well; a node of others may have some that seldom have a sample."""
    return field["path"].startswith((f"{ADDRESS_ROOT}.", f"{SENSORS}.")) and not field["path"].endswith(DEGRADED)


def age(seconds: float | None) -> str:
    """Return a duration as people say it: ``2.1 s``, ``7 min``, ``3.2 h``, ``5 d``; a dash for none."""
    if seconds is None:
        return "-"
    for limit, size, unit, digits in ((90, 1, "s", 1), (5400, 60, "min", 0), (172800, 3600, "h", 1)):
        if seconds < limit:
            return f"{seconds / size:.{digits}f} {unit}"
    return f"{seconds / 86400:.0f} d"
