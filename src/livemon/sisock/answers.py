"""The shapes of what data nodes answer: upstream's (sisock, sisock/base.py at 8bd5ec6), and livemon's additions."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Sample = tuple[float, Any]
"""Time (UNIX seconds, UTC) and value: a number, a truth value, a string or `None`."""


class FieldInfo(TypedDict):
    """One field in an answer of ``get_fields``; the keys that may be missing are livemon's own."""

    description: str | None
    timeline: str
    type: str
    """``number``, ``string`` or ``bool``."""
    units: str | None
    path: NotRequired[str]
    """The field's permanent name, parts between dots."""
    label: NotRequired[str | None]
    silent_after: NotRequired[float | None]
    """Seconds without a sample after which the field is silent; `None` if no sample is expected."""
    ended: NotRequired[bool]
    """Whether the field has samples of the past only, and should have none now."""


class TimelineInfo(TypedDict):
    """One timeline in an answer of ``get_fields``."""

    interval: float | None
    """Average seconds between samples; `None` if irregular."""
    field: list[str]
    """The names of the fields that follow it."""


Fields = tuple[dict[str, FieldInfo], dict[str, TimelineInfo]]
"""The answer of ``get_fields``: fields and timelines, each by name."""


class TimelineData(TypedDict):
    """One timeline in an answer of ``get_data``."""

    t: list[float]
    """UNIX seconds (UTC), ascending."""
    finalized_until: float | None
    """Samples before this time will not change; `None` if that is not known."""


class Data(TypedDict):
    """The answer of ``get_data``."""

    data: dict[str, list[Any]]
    """By field, as many values as its timeline has times: `None` for no value. Empty for a field without samples."""
    timeline: dict[str, TimelineData]
    """By name; a timeline without samples is left out."""


TooLarge = Literal[False]
"""What a node answers instead of samples that do not fit into one message."""


class Operation(TypedDict):
    """An operation of an agent, its status, and since when it has had that (UNIX seconds; `None` if that is not known)."""

    agent: str
    operation: str
    status: str
    since: float | None


class NodeStatus(TypedDict):
    """What a node reports about itself besides its fields and samples."""

    faults: list[str]
    """One sentence for each thing that is wrong although the node answers."""
    counts: dict[str, int]
    """How often something went wrong, by what it was."""
    notes: list[str]
    """Sentences that people should know, but that are no longer a fault or never were one."""
    operations: NotRequired[list[Operation]]
    """What the agents are doing that a node follows."""
