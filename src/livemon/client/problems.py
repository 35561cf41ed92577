"""What an operator should know of the appliance's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from livemon.client.agents import Agent, Operation
from livemon.health import limits
from livemon.hkarchive.gaps import gap_of

TURNS_MISSED = 3
"""Turns of the dead-man's switch after whose absence it is taken for dead."""
_NOTHING: Mapping[str, Any] = {}


def problems(agents: Sequence[Agent], status: Mapping[str, Any], told: Mapping[str, Any] = _NOTHING) -> Iterator[str]:
    """Yield one short clause for each thing that is wrong with the appliance.

    Parameters
    ----------
    agents
        Empty where they could not be asked.
    status
        The bridge's ``/api/status``; empty where it could not be asked.
    told
        The bridge's ``/api/health``, likewise. What it has against an agent that has told a reason of its own is not repeated.
    """
    complained = set()
    for agent in agents:
        for problem in _of_agent(agent):
            complained.add(agent.instance_id)
            yield problem
    if told:
        known = tuple(f"agent {instance_id} " for instance_id in complained)
        yield from (problem for problem in told["problems"] if not problem.startswith(known))
    else:
        yield from limits.problems(status)
    yield from limits.notes(status)


def _of_agent(agent: Agent) -> Iterator[str]:
    if agent.fault:
        yield f"agent {agent.fault}" if agent.fault.startswith(agent.instance_id) else agent.fault
    yield from _refusals(agent)
    for operation in agent.operations:
        if operation.kind == "process" and operation.failed:
            yield f"{operation.name} of {agent.instance_id} ended with an error"
        yield from _without_its_work(agent, operation)
        if agent.agent_class == "AggregatorAgent" and operation.name == "record":
            yield from _not_archived(agent.instance_id, operation.data)


def losses(gaps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence if samples of the last day are missing from the archive, or may be; `gaps` as the bridge lists them."""
    lost = [gap for gap in map(gap_of, gaps) if gap.is_loss]
    if lost:
        known, feeds = sum(gap.samples or 0 for gap in lost), {gap.feed for gap in lost}
        number = f"{known} samples" if known else "an unknown number of samples"
        of = f"{len(feeds)} feed{'s' if len(feeds) > 1 else ''}"
        yield f"The archive lacks {number} of {of}, of the last day: livemon gaps lists them."


def switch_problems(switch: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the dead-man's switch, as the bridge's ``/api/health`` tells of it; nothing if it never was there."""
    if not switch.get("heard"):
        return
    if switch["age"] > TURNS_MISSED * switch["every"]:
        yield f"the dead-man's switch has said nothing for {limits.age(switch['age'])}: see docker logs livemon_deadman"
    elif switch["fault"]:
        yield f"the dead-man's switch does not ping: {switch['fault']}"


def _refusals(agent: Agent) -> Iterator[str]:
    for feed, counts in agent.refused.items():
        values, kinds = sum(counts.values()), ", ".join(f"{kind}: {count}" for kind, count in counts.items())
        yield (
            f"{agent.instance_id} could not publish {values} {'value' if values == 1 else 'values'} of its feed {feed} "
            f"({kinds}): see docker logs ocs_{agent.instance_id} for which"
        )


def _without_its_work(agent: Agent, operation: Operation) -> Iterator[str]:
    who, reason = f"{operation.name} of {agent.instance_id}", f"see docker logs ocs_{agent.instance_id}"
    connection = operation.data.get("connection")  # what some agents tell of it, a 240's among them
    if operation.degraded and (write_error := operation.data.get("write_error")):
        yield f"{agent.instance_id} cannot write the archive (df -h shows the space left): {write_error}"
    elif operation.status == "running" and isinstance(connection, dict) and connection.get("connected") is False:
        yield f"{who} has no connection to its instrument: {reason}"
    elif operation.degraded:
        yield f"{who} runs without doing its work (degraded): {reason}"


def _not_archived(instance_id: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an aggregator could not archive since its recording began, and why."""
    for where, problem in (data.get("problems") or {}).items():
        yield f"{instance_id} could not archive all of {where}: {problem}"
