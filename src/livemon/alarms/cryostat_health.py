"""What the alarms say of the cryostat and its instruments, not of the appliance that watches them.

No input or output. Whether the appliance is well is another question: :mod:`livemon.health`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from livemon.alarms.definition import Alarm
from livemon.alarms.judgement import State
from livemon.alarms.kinds import MEASURED
from livemon.alarms.measures import MEASURES, Age, OfChannel, Unchanged
from livemon.alarms.sentences import TEMPLATES, sentence
from livemon.quantities import duration, some

UNJUDGED_AFTER = 30.0
"""Seconds without a judgement after which nothing is known: alarms are judged every other second."""
OLDEST = 3600.0
"""Seconds after which a reading says nothing of now, where no alarm says when its channel is silent."""
NAMED = 3
"""Channels in one sentence."""
EACH = "*"
"""The end of a path that stands for all channels of a feed."""
_KINDS = {made_of: kind for kind, made_of in MEASURES.items()}

States = Mapping[str, State]


def beyond(alarms: Iterable[Alarm], states: States) -> list[tuple[Alarm, State]]:
    """Return the alarms of the cryostat and its instruments that are beyond their limit now, with their states, the worst first.

    Those that fire come before those that have not lasted long enough, critical ones before warnings, then the oldest. What is held
    back, because another alarm explains it, is not among them.
    """
    known = [
        (alarm, states[alarm.id]) for alarm in alarms if alarm.tags.get("kind") in TEMPLATES and alarm.id in states
    ]
    found = [(alarm, state) for alarm, state in known if state.firing or _is_pending(state)]
    return sorted(
        found, key=lambda each: (not each[1].firing, each[0].tags.get("severity") != "critical", _since(each[1]))
    )


def told(alarm: Alarm, state: State) -> dict[str, Any]:
    """Return an alarm of :func:`beyond` as ``/api/health`` has it, but for where people find its channel (docs/architecture.md)."""
    is_time = alarm.measure.is_duration and not isinstance(alarm.measure, Unchanged)
    # The limit of a reading that never changes is a time, its value a temperature.
    limit = (
        None
        if isinstance(alarm.measure, Unchanged) or state.value is None
        else alarm.limit_of(state.value, already=state.is_out)
    )
    return {
        "id": alarm.id,
        "state": "firing" if state.firing else "pending",
        "severity": alarm.tags.get("severity"),
        "path": path_of(alarm),
        "label": alarm.tags.get("label"),
        "unit": "s" if is_time else alarm.tags.get("unit"),
        "value": state.value,
        "limit": limit,
        "age": state.age,
        "test": alarm.test,
        "kind": _KINDS[type(alarm.measure)],
        "since": _since(state),
        "sentence": sentence(alarm, state),
    }


def path_of(alarm: Alarm) -> str | None:
    """Return the channel that an alarm is of; `None` if it is of several."""
    if isinstance(alarm.measure, OfChannel):
        return alarm.measure.path
    paths = alarm.measure.paths
    return paths[0] if len(paths) == 1 and not paths[0].endswith(EACH) else None


def cryostat(alarms: Sequence[Alarm], states: States, unjudged: float, told_by: str | None) -> dict[str, Any]:
    """Return whether the cryostat is well, as ``/api/health`` has it.

    Parameters
    ----------
    alarms
        All of the inventory.
    states
        By their ids, as far as they have been judged.
    unjudged
        For how many seconds they have not been judged.
    told_by
        What notifies people of alarms; `None` if nothing does.
    """
    limits = [alarm for alarm in alarms if alarm.tags.get("kind") in MEASURED]
    well, said = _verdict(alarms, limits, states, unjudged)
    if told_by is None:
        said += ". Limits are only shown here: nobody is notified of an alarm"
    return {"well": well, "alarms_configured": len(limits), "told_by": told_by, "sentence": f"{said}."}


def _verdict(
    alarms: Sequence[Alarm], limits: Sequence[Alarm], states: States, unjudged: float
) -> tuple[bool | None, str]:
    if unjudged > UNJUDGED_AFTER:
        return None, f"It is not known whether the cryostat is well: no alarm has been judged for {duration(unjudged)}"
    found = beyond(alarms, states)
    firing = [each for each in found if each[1].firing]
    if firing:
        worst = sentence(*firing[0])
        return False, f"{len(firing)} alarms are firing, the worst: {worst}" if len(
            firing
        ) > 1 else f"An alarm is firing: {worst}"
    if not limits:
        return None, "It is not known whether the cryostat is well: the inventory sets no limit"
    unread = list(_unread(limits, alarms, states))
    if unread:
        return (
            None,
            f"{len(unread)} of {len(limits)} limits cannot be judged because they have no recent reading: {some(unread, NAMED)}",
        )
    if found:
        return True, f"No alarm is firing yet: {sentence(*found[0])}"
    return True, f"{len(limits)} limits are set, none is exceeded" if len(
        limits
    ) > 1 else "1 limit is set and not exceeded"


def _unread(limits: Iterable[Alarm], alarms: Iterable[Alarm], states: States) -> Iterator[str]:
    """Yield the subject of each limit that has no reading recent enough to judge it by.

    The alarm that says after what time something is silent is found by the input of its instrument, or by its channels.
    """
    silences = {
        key: alarm.limits[0]
        for alarm in alarms
        if isinstance(alarm.measure, Age)
        for key in (_input(alarm), *alarm.measure.of)
    }
    for alarm in limits:
        state = states.get(alarm.id)
        feed = f"{alarm.measure.paths[0].rpartition('.')[0]}.{EACH}"
        longest = silences.get(_input(alarm), silences.get(feed, OLDEST))
        if state is None or state.newest is None or (state.age or 0.0) > longest:
            yield alarm.tags.get("subject", alarm.id)


def _input(alarm: Alarm) -> tuple[str | None, str | None]:
    """Return the instrument and the number of the input that an alarm is of: a temperature and its sensor's own unit have one."""
    return alarm.tags.get("instrument"), alarm.tags.get("channel")


def _is_pending(state: State) -> bool:
    return state.beyond_since is not None and not state.firing and not state.held_back


def _since(state: State) -> float | None:
    return state.since if state.firing else state.beyond_since
