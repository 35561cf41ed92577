"""What an alarm is, as the site file tells it: made by ``plugins/plugin_utils/inventory/rendering/bridge_site.py``."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from livemon.alarms.measures import MEASURES, Measure
from livemon.errors import ConfigError

TESTS = ("above", "below", "outside")
_NAME = re.compile(r"[A-Za-z0-9_:-]{1,200}\Z")
_KEYS = {"id", "rule", "measure", *TESTS, "clears_at", "hold", "held_back_by", "tags"}


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    `id` is its name for ever, `rule` that of Grafana's rule which asks for it. Numbers of its `measure` are compared with `limits`:
    one of them, or the lower and the upper one of a range (`test` ``outside``). A limit itself is never beyond. It is over where a
    number is no longer beyond `clears_at`, or the limits if that is `None`. Numbers must be beyond for `hold` seconds;
    `held_back_by` are the ids of alarms that explain it, and `tags` what people and routes know it by.
    """

    id: str
    rule: str
    measure: Measure
    test: str
    limits: tuple[float, ...]
    clears_at: float | None = None
    hold: float = 0.0
    held_back_by: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def is_beyond(self, value: float, *, already: bool = False) -> bool:
        """Whether a number is beyond the limits, or still beyond where it is over if it has been beyond `already`."""
        limits = (self.clears_at,) if already and self.clears_at is not None else self.limits
        if self.test == "above":
            return value > limits[0]
        if self.test == "below":
            return value < limits[0]
        return value < limits[0] or value > limits[1]

    def limit_of(self, value: float, *, already: bool = False) -> float:
        """Return the limit that a number is beyond, or the one that it is nearest to.

        If it has been beyond `already`, and is only not over yet, the value at which it ends is used: 4.9 is not above 5.
        """
        if already and self.clears_at is not None and not self.is_beyond(value):
            return self.clears_at if self.is_beyond(value, already=True) else self.limits[0]
        return min(self.limits, key=lambda limit: abs(limit - value))

    def worse(self, one: float, other: float) -> float:
        """Return which of two numbers is further beyond."""
        if self.test == "above":
            return max(one, other)
        if self.test == "below":
            return min(one, other)
        low, high = self.limits
        return max(one, other, key=lambda value: max(low - value, value - high))


def read(entries: Any, place: str) -> tuple[Alarm, ...]:
    """Return the alarms of a site file.

    Raises
    ------
    ConfigError
        One sentence: where, what, and what to write instead.
    """
    if not isinstance(entries, list):
        raise ConfigError(f"{place}: write a list of alarms, each with id, rule, measure and a limit")
    alarms: dict[str, Alarm] = {}
    for number, entry in enumerate(entries):
        where = f"{place}[{number}]"
        alarm = _alarm(entry, where)
        if alarm.id in alarms:
            raise ConfigError(f"{where}.id: {alarm.id} stands twice; write an id of its own")
        alarms[alarm.id] = alarm
    for alarm in alarms.values():
        for each in alarm.held_back_by:
            if each not in alarms:
                raise ConfigError(f"{place}: {alarm.id} is held back by {each}, and there is no such alarm")
    return tuple(alarms.values())


def _alarm(entry: Any, where: str) -> Alarm:
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{where}: write a mapping with id, rule, measure and a limit")
    unknown = sorted(str(key) for key in entry.keys() - _KEYS)
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
    for key in ("id", "rule"):
        if not isinstance(entry.get(key), str) or not _NAME.match(entry[key]):
            raise ConfigError(f"{where}.{key}: write a name of letters, digits, _, : and -")
    tests = [test for test in TESTS if test in entry]
    if len(tests) != 1:
        raise ConfigError(f"{where}: write one of {', '.join(TESTS)}")
    said = entry[tests[0]]
    limits = tuple(said) if tests[0] == "outside" and isinstance(said, list) else (said,)
    if not all(map(_is_number, limits)) or len(limits) != (2 if tests[0] == "outside" else 1):
        raise ConfigError(f"{where}.{tests[0]}: write a number, or the two ends of a range for outside")
    for key, usual in (("clears_at", None), ("hold", 0)):
        if entry.get(key, usual) is not None and not _is_number(entry.get(key, usual)):
            raise ConfigError(f"{where}.{key}: write a number")
    return Alarm(
        id=entry["id"],
        rule=entry["rule"],
        measure=_measure(entry.get("measure"), f"{where}.measure"),
        test=tests[0],
        limits=tuple(float(limit) for limit in limits),
        clears_at=None if entry.get("clears_at") is None else float(entry["clears_at"]),
        hold=float(entry.get("hold", 0)),
        held_back_by=_texts(entry.get("held_back_by", []), f"{where}.held_back_by"),
        tags=_tags(entry.get("tags", {}), f"{where}.tags"),
    )


def _measure(entry: Any, where: str) -> Measure:
    kind = entry.get("kind") if isinstance(entry, Mapping) else None
    if not isinstance(kind, str) or kind not in MEASURES:
        raise ConfigError(f"{where}: write {{kind: ...}}, one of {', '.join(MEASURES)}, and what that needs")
    made_of = MEASURES[kind]
    options = {key: _option(value, f"{where}.{key}") for key, value in entry.items() if key != "kind"}
    fields = {each.name: each for each in dataclasses.fields(made_of)}
    missing = [name for name, each in fields.items() if name not in options and each.default is dataclasses.MISSING]
    unknown = sorted(str(key) for key in options.keys() - fields.keys())
    if missing or unknown:
        raise ConfigError(
            f"{where}: {kind} "
            + (f"needs {missing[0]}" if missing else f"has no {unknown[0]}; it has {', '.join(fields)}")
        )
    return made_of(**options)


def _option(value: Any, where: str) -> Any:
    if not isinstance(value, list):
        return value
    if value and all(isinstance(each, Mapping) for each in value):
        return tuple(_measure(each, where) for each in value)
    return _texts(value, where)


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, Iterable) or isinstance(value, str) or not all(isinstance(each, str) for each in value):
        raise ConfigError(f"{where}: write a list of texts")
    return tuple(value)


def _tags(value: Any, where: str) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(each, str) and each for each in value.values()):
        raise ConfigError(f"{where}: write a text for each tag, in quotes where it looks like a number")
    return dict(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
