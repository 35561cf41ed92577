"""What is said of an alarm of cryostat or instruments: the words of the messages that Grafana sends, filled in.

Templates are those of ``plugins/plugin_utils/inventory/grafana/sentences.py``, where Grafana's own language fills them;
tests/unit/test_alarm_cryostat_health.py holds both to the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from livemon.alarms.definition import Alarm
from livemon.alarms.judgement import State
from livemon.alarms.kinds import MEASURED, OLD
from livemon.quantities import duration, quantity

TEMPLATES: Mapping[str, str] = {
    "above": "{subject}: {value}, above {limit}",
    "below": "{subject}: {value}, below {limit}",
    "outside": "{subject}: {value}, {side} {limit}",
    "rising": "{subject}: rises by {value}, faster than {limit}",
    "silent": "{subject}: no sample for {duration}",
    "invalid": "{subject}: samples have come for {duration}, but no valid reading",
    "frozen": "{subject}: every reading has been exactly {exactly}{lasting}",
    "unreachable": "{subject}: no sample of any channel for {duration}: "
    "the instrument does not answer, or its acquisition was stopped",
}
"""By kind of alarm, as the tag `kind` has it."""


def sentence(alarm: Alarm, state: State) -> str:
    """Return one sentence without a full stop: what it is about, its value, its limit."""
    kind, unit = alarm.tags["kind"], alarm.tags.get("unit")
    value = 0.0 if state.value is None else state.value
    limit = alarm.limit_of(value, already=state.is_out)
    said = TEMPLATES[kind].format(
        subject=alarm.tags.get("subject", alarm.id),
        value=quantity(state.value, unit),
        limit=quantity(limit, unit),
        side="below" if value < limit else "above",
        duration=duration(value),
        exactly=f"{value:.10g} {unit or ''}".rstrip(),
        lasting=f" for {duration(state.age)}" if state.age else "",
    )
    if kind in MEASURED and state.age is not None and state.age > OLD:
        said += f", as measured {duration(state.age)} ago"
    return said if state.firing else f"{said}; it alarms if that lasts for {duration(alarm.hold)}"
