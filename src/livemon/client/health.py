"""What an operator should know of the appliance's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from livemon.client.agents import Agent, Operation

SILENT_AFTER = 120.0
"""Seconds without a sample of any field after which a node is silent."""
STALE_AFTER = 300.0
"""Seconds. A 372 that scans sixteen channels, each with 3 s of pause and 10 s of dwell, comes back to one after 208 s."""
LOST = {"not written": "samples that the disk did not take", "overflow": "messages that came too fast"}
"""What an aggregator's counts of what it dropped mean; duplicates are no loss, and malformed messages are among its problems."""


def problems(agents: Sequence[Agent], status: Mapping[str, Any]) -> Iterator[str]:
    """Yield one short clause for each thing that is wrong.

    Parameters
    ----------
    agents
        Empty where they could not be asked.
    status
        The bridge's ``/api/status``; empty where it could not be asked.
    """
    for agent in agents:
        if agent.fault:
            yield f"agent {agent.fault}" if agent.fault.startswith(agent.instance_id) else agent.fault
        for operation in agent.operations:
            if operation.kind == "process" and operation.failed:
                yield f"{operation.name} of {agent.instance_id} ended with an error"
            yield from _without_its_work(agent, operation)
            if agent.agent_class == "AggregatorAgent" and operation.name == "record":
                yield from _gaps(agent.instance_id, operation.data)
    if status and not status["router"]["connected"]:
        yield "the bridge has no connection to the router"
    for node in status.get("nodes", []):
        if node["error"]:
            yield f"node {node['name']}: {node['error']}"
            continue
        heard = [field for field in node["fields"] if field["age"] is not None]
        ages = [field["age"] for field in heard if _is_live(field)]
        if not heard:
            yield f"node {node['name']} has no values"
        elif ages and min(ages) > SILENT_AFTER:
            yield f"node {node['name']} has been silent for {age(min(ages))}"
        else:
            silent = [field["name"] for field in heard if _is_live(field) and field["age"] > STALE_AFTER]
            if silent:
                yield f"silent in node {node['name']}: {', '.join(silent)}"


def _is_live(field: Mapping[str, Any]) -> bool:
    """Whether it is read from something that runs; a text file, or the weather, may well be old."""
    return field["path"].startswith(("observatory.", "livemon.sensors."))


def _without_its_work(agent: Agent, operation: Operation) -> Iterator[str]:
    who, reason = f"{operation.name} of {agent.instance_id}", f"docker logs ocs_{agent.instance_id} tells why"
    connection = operation.data.get("connection")  # so tell agents that are never degraded, a 240's among them
    if operation.degraded and (write_error := operation.data.get("write_error")):
        yield f"{agent.instance_id} cannot write the archive (df -h tells the space left): {write_error}"
    elif operation.degraded:
        yield f"{who} runs without doing its work (degraded): {reason}"
    elif operation.status == "running" and isinstance(connection, dict) and connection.get("connected") is False:
        yield f"{who} has no connection to its instrument: {reason}"


def _gaps(instance_id: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an aggregator could not record since its recording began."""
    dropped = data.get("dropped") or {}
    lost = [f"{dropped[reason]} {what}" for reason, what in LOST.items() if dropped.get(reason)]
    if lost:
        yield (
            f"{instance_id} has lost {' and '.join(lost)} since its recording began: "
            "df -h and docker stats tell of disk and load"
        )
    for where, problem in (data.get("problems") or {}).items():
        yield f"{instance_id} could not archive all of {where}: {problem}"


def age(seconds: float | None) -> str:
    """Return a duration as people say it: ``2.1 s``, ``7 min``, ``3.2 h``, ``5 d``; a dash for none."""
    if seconds is None:
        return "-"
    for limit, size, unit, digits in ((90, 1, "s", 1), (5400, 60, "min", 0), (172800, 3600, "h", 1)):
        if seconds < limit:
            return f"{seconds / size:.{digits}f} {unit}"
    return f"{seconds / 86400:.0f} d"
