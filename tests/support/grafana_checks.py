"""What a check of provisioned files is: a small function, the releases it holds for, what Grafana does, and where that is known.

A source is a file of grafana/grafana as of 9.4 (``pkg/...``), of grafana/alerting, or a pull request of theirs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from go_program import answers

Release = tuple[int, ...]

FIRST: Release = (9, 4)
ENDS = "Grafana does not start"
FAILS = "the rule fails at every evaluation"
LOST = "Grafana passes over it"
CHANGED = "Grafana takes it for something else"
SECRET = "a secret"
"""In place of what a file holds."""
LONGEST_UID = 40
LONGEST_TITLE = 190
"""Bytes of the title of a rule, and of the name of a group."""

_UID = re.compile(r"[A-Za-z0-9_-]+\Z")
_DURATION = re.compile(r"(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?\Z")
_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
_SET = re.compile(r"\$__(?:file|env)\{[^}]+\}")
_VARIABLE = re.compile(r"\$(?:\{[^}]*\}?|[A-Za-z_]\w*|[*#$@!?\-0-9])")
_NOT_REPLACED = ("annotations", "model", "templates", "muteTimes")
"""Parts of the alerting file that Grafana reads as they are written; pkg/services/provisioning/alerting/rules_types.go."""


@dataclass(frozen=True)
class Provisioned:
    """All that one Grafana is given: parsed files, and its release."""

    written: dict
    """The alerting file, its ``$`` as they are written."""
    dashboards: dict[str, dict]
    datasources: dict
    release: Release

    @cached_property
    def alerting(self) -> dict:
        """The alerting file as Grafana has it once its variables are replaced; a secret's value is some text."""
        return _replaced(self.written)

    @property
    def groups(self) -> list[dict]:
        return self.alerting.get("groups") or []

    @property
    def rules(self) -> list[tuple[str, dict, dict]]:
        """Each rule with a name for messages and its group."""
        return [
            (f"rule {rule.get('uid') or rule.get('title')!r}", group, rule)
            for group in self.groups
            for rule in group.get("rules") or []
        ]

    @property
    def points(self) -> list[dict]:
        return self.alerting.get("contactPoints") or []

    @property
    def receivers(self) -> list[tuple[str, dict]]:
        """Each receiver with a name for messages."""
        return [
            (f"contact point {point.get('name')!r}, receiver {each.get('uid')!r}", each)
            for point in self.points
            for each in point.get("receivers") or []
        ]

    @property
    def policies(self) -> list[dict]:
        return self.alerting.get("policies") or []


@dataclass(frozen=True)
class Refusal:
    """One thing that Grafana does not take: a sentence about it, and what Grafana does."""

    sentence: str
    effect: str

    def __str__(self) -> str:
        return f"{self.sentence} ({self.effect})"


@dataclass(frozen=True)
class Check:
    """A function that yields a sentence for each fault; it holds from `since` on and before `until`."""

    find: Callable[[Provisioned], Iterator[str]]
    effect: str
    source: str
    since: Release = FIRST
    until: Release | None = None

    def holds_for(self, release: Release) -> bool:
        return release >= self.since and (self.until is None or release < self.until)

    def refusals(self, given: Provisioned) -> list[Refusal]:
        return [Refusal(sentence, self.effect) for sentence in self.find(given)]


@dataclass
class Checks:
    """A list of checks, filled by the decorator that an instance is."""

    members: list[Check] = field(default_factory=list)

    def __call__(self, effect: str, source: str, since: Release = FIRST, until: Release | None = None) -> Callable:
        def added(find: Callable) -> Callable:
            self.members.append(Check(find, effect, source, since, until))
            return find

        return added


def seconds(text: Any) -> float | None:
    """Return a duration as Prometheus reads it (``1m30s``, in this order of units, ``0``); None if it is not one."""
    if text == "0":
        return 0
    if not isinstance(text, str) or not text or not _DURATION.match(text):
        return None
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([a-z]+)", text))


def is_uid(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= LONGEST_UID and bool(_UID.match(text))


def repeated(values: list) -> list:
    """Return the values that are in the list more than once, each once."""
    return [value for value, times in Counter(values).items() if times > 1]


def slug(title: str) -> str:
    """Return what 9.4 makes of a title to look for a folder; letters beyond a to z count as gaps (pkg/infra/slugify)."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower().replace("&", "and").replace("@", "at")).strip("-") or title


def replaced_names(text: str) -> list[str]:
    """Return what Grafana would take for variables in a text that it interpolates, files and named sources apart."""
    return [found for part in text.split("$$") for found in _VARIABLE.findall(_SET.sub("", part))]


def texts(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text of the alerting file that Grafana interpolates, and where it is."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in _NOT_REPLACED:
                yield from texts(each, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from texts(each, f"{where}[{number}]")


_said: dict[tuple[str, str], str] = {}


def go_faults(kind: str, given: list[str]) -> list[str]:
    """Return what Go says against each text: ``rule`` and ``message`` are templates, ``pattern`` a regular expression."""
    new = [text for text in dict.fromkeys(given) if (kind, text) not in _said]
    if new:
        faults = answers("templates", [{"kind": kind, "text": text} for text in new])
        _said.update(zip([(kind, text) for text in new], faults, strict=True))
    return [_said[kind, text] for text in given]


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        parts = [_VARIABLE.sub("", _SET.sub(SECRET, part)) for part in value.split("$$")]
        return "$".join(parts)
    if isinstance(value, dict):
        return {key: each if key in _NOT_REPLACED else _replaced(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each) for each in value]
    return value
