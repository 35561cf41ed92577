"""The sentences about alarms, as templates of Grafana's annotations, in which it puts values and labels.

A sentence has ``{subject}`` (what it is about), ``{value}``, ``{limit}`` (each with its unit), ``{side}`` (above or below the limit),
``{duration}`` (the value, as a time), ``{exactly}`` (the value with all its digits and its unit) and ``{lasting}`` (its age, as in
`` for 5m 0s``). Grafana evaluates an annotation at each evaluation of the rule, so that the sentence of an alarm that is over has
the value of that moment (its ``pkg/services/ngalert/state``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .alarms.kinds import BRIDGE, KINDS

STATE, VALUE, LIMIT, AGE = "E", "F", "G", "H"
"""The numbers of a rule by the letters that Grafana knows them by, see rules.py."""
UNJUDGED, LONGEST = "B", 30.0
"""For how many seconds no alarm has been judged: its letter in the bridge's rule, and the longest; it judges every two seconds."""
_INSTRUMENT = "docker logs ocs_{instrument}"


@dataclass(frozen=True)
class Sentence:
    """The text for one kind of alarm: while it fires, when it is over, and what to do. `is_measured`: its number has an age."""

    firing: str
    over: str
    advice: str
    is_measured: bool = False


_LOOK_AT_STAGES = "The dashboards show since when; the other stages, the pumps and the compressor tell why."
_LOOK_AT_CHANNEL = (
    "Is the channel switched on at the instrument, and does it scan? A sensor out of range, a broken wire or a wrong curve gives no "
    f"valid reading. On the monitor: {_INSTRUMENT}."
)
SENTENCES: Mapping[str, Sentence] = {
    "above": Sentence(
        "{subject}: {value}, above {limit}",
        "{subject}: {value}, no longer above {limit}",
        _LOOK_AT_STAGES,
        is_measured=True,
    ),
    "below": Sentence(
        "{subject}: {value}, below {limit}",
        "{subject}: {value}, no longer below {limit}",
        _LOOK_AT_STAGES,
        is_measured=True,
    ),
    "outside": Sentence(
        "{subject}: {value}, {side} {limit}",
        "{subject}: {value}, in its range again",
        _LOOK_AT_STAGES,
        is_measured=True,
    ),
    "rising": Sentence(
        "{subject}: rises by {value}, faster than {limit}",
        "{subject}: rises by {value}, no faster than {limit}",
        _LOOK_AT_STAGES,
        is_measured=True,
    ),
    "silent": Sentence("{subject}: no sample for {duration}", "{subject}: samples come again", _LOOK_AT_CHANNEL),
    "invalid": Sentence(
        "{subject}: samples have come for {duration}, but no valid reading",
        "{subject}: valid readings again",
        _LOOK_AT_CHANNEL,
    ),
    "frozen": Sentence(
        "{subject}: every reading has been exactly {exactly}{lasting}",
        "{subject}: readings change again, {value}",
        "The stage may be at any temperature: the input may be disabled, or its sensor disconnected, and the instrument repeats the "
        "last reading. Is the input enabled, and does the instrument's own display change? Until then trust another sensor. "
        f"On the monitor: {_INSTRUMENT}.",
    ),
    "unreachable": Sentence(
        "{subject}: no sample of any channel for {duration}: the instrument does not answer, or its acquisition was stopped",
        "{subject}: samples come again",
        "Is it on, is its cable in, does it answer at its address? On the monitor: livemon status says whether its acquisition was "
        f"stopped, livemon acq start {{instrument}} starts it again; {_INSTRUMENT}.",
    ),
    "away": Sentence(
        "{subject}: the agent is not running, no heartbeat for {duration}",
        "{subject}: the agent is running again",
        f"Nothing is read and archived of it. On the monitor: {_INSTRUMENT}; docker restart ocs_{{instrument}}.",
    ),
    "degraded": Sentence(
        "{subject}: the agent has run for {duration} without doing its work",
        "{subject}: the agent does its work again",
        f"Does the instrument answer? On the monitor: {_INSTRUMENT}; livemon status.",
    ),
    **{name: Sentence(kind.firing, kind.over, kind.advice) for name, kind in KINDS.items()},
}
"""By kind of alarm."""
_PLACE = re.compile(r"\{([a-z]+)\}")
_NUMBER = '{{{{ with $values.{letter} }}}}{{{{ printf "%.4g" .Value }}}}{{{{ end }}}}'
_EXACT = '{{{{ with $values.{letter} }}}}{{{{ printf "%.10g" .Value }}}}{{{{ end }}}}'
_UNIT = "{{ with $labels.unit }} {{ . }}{{ end }}"
_PLACES = {
    "subject": "{{ $labels.subject }}",
    "instrument": "{{ $labels.instrument }}",
    "value": _NUMBER.format(letter=VALUE) + _UNIT,
    "limit": _NUMBER.format(letter=LIMIT) + _UNIT,
    "exactly": _EXACT.format(letter=VALUE) + _UNIT,
    "lasting": (
        f"{{{{ with $values.{AGE} }}}}{{{{ if gt .Value 0.0 }}}} for {{{{ humanizeDuration .Value }}}}{{{{ end }}}}{{{{ end }}}}"
    ),
    "side": f"{{{{ if lt $values.{VALUE}.Value $values.{LIMIT}.Value }}}}below{{{{ else }}}}above{{{{ end }}}}",
    "duration": f"{{{{ with $values.{VALUE} }}}}{{{{ humanizeDuration .Value }}}}{{{{ end }}}}",
}


_FIRING = f"{{{{ $firing := false }}}}{{{{ with $values.{STATE} }}}}{{{{ $firing = gt .Value 0.5 }}}}{{{{ end }}}}"
"""The start of a template: sets whether the alarm fires."""


def summary(kinds: list[str], old_after: float) -> str:
    """Return the annotation of a rule whose alarms are of these kinds; it says so if a value is older than `old_after` seconds."""
    age = (
        f"{{{{ with $values.{AGE} }}}}{{{{ if gt .Value {old_after:.1f} }}}}"
        ", as measured {{ humanizeDuration .Value }} ago{{ end }}{{ end }}"
    )

    def one(kind: str) -> str:
        sentence = SENTENCES[kind]
        said = f"{{{{ if $firing }}}}{sentence.firing}{{{{ else }}}}{sentence.over}{{{{ end }}}}"
        return _filled(said) + (age if sentence.is_measured else "")

    return _FIRING + _by_kind({kind: one(kind) for kind in kinds})


def state() -> str:
    """Return the annotation that says which sentence the summary is, for templates of messages: ``firing`` or ``over``."""
    return _FIRING + "{{ if $firing }}firing{{ else }}over{{ end }}"


def bridge_state() -> str:
    """Return the same for the alarm that only Grafana can judge."""
    judges = f"{{{{ if gt .Value {LONGEST:.1f} }}}}firing{{{{ else }}}}over{{{{ end }}}}"
    return f"{{{{ with $values.{UNJUDGED} }}}}{judges}{{{{ else }}}}firing{{{{ end }}}}"


def bridge_summary() -> str:
    """Return the annotation of the alarm that only Grafana can judge: without a value, the bridge does not answer."""
    kind = KINDS[BRIDGE]
    hangs = "The bridge has judged no alarm for {{ humanizeDuration .Value }}: all stay as they were"
    judged = f"{{{{ if gt .Value {LONGEST:.1f} }}}}{hangs}{{{{ else }}}}{kind.over}{{{{ end }}}}"
    return f"{{{{ with $values.{UNJUDGED} }}}}{judged}{{{{ else }}}}{kind.firing}{{{{ end }}}}"


def bridge_answered() -> str:
    """Return the annotation that says what it means if its query no longer fails; empty if a value was the reason."""
    return f"{{{{ with $values.{UNJUDGED} }}}}{{{{ else }}}}{KINDS[BRIDGE].over}{{{{ end }}}}"


def advice(kinds: list[str]) -> str:
    """Return the annotation that says what to do, for alarms of these kinds."""
    return _by_kind({kind: _filled(SENTENCES[kind].advice) for kind in kinds})


def _by_kind(texts: Mapping[str, str]) -> str:
    """Return a template that chooses by the label `kind`; what kinds have in common is written once."""
    kinds: dict[str, list[str]] = {}
    for kind, text in texts.items():
        kinds.setdefault(text, []).append(f'"{kind}"')
    if len(kinds) == 1:
        return next(iter(kinds))
    branches = [f"if eq $labels.kind {' '.join(names)} }}}}{text}" for text, names in kinds.items()]
    return "{{ " + "{{ else ".join(branches) + "{{ end }}"


def _filled(sentence: str) -> str:
    return _PLACE.sub(lambda found: _PLACES[found[1]], sentence)
