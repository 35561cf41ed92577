"""What the views of a request reach: the bridge that their application belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask, current_app

from livemon.bridge.evaluated_rules import EvaluatedRules
from livemon.bridge.last_message import LastMessage
from livemon.bridge.source import Source
from livemon.hkarchive.gaps import GapList

_NAME = "livemon"


@dataclass
class Bridge:
    """The bridge's parts.

    Attributes
    ----------
    source
        Samples and channels.
    pulse_secret
        Returns the secret that requests need to change the bridge's state; `None`: there is none, and nobody can. It is called for
        each such request, because the secret may be replaced.
    gaps
        The archive's list of gaps; `None` where the bridge sees no archive.
    evaluated_rules
        When Grafana last evaluated each rule.
    alarm_path
        The pulse of the path that alarms take through Grafana.
    dead_mans_switch
        The last report of the dead-man's switch.
    """

    source: Source
    pulse_secret: Callable[[], str | None] = lambda: None
    gaps: GapList | None = None
    evaluated_rules: EvaluatedRules = field(default_factory=EvaluatedRules)
    alarm_path: LastMessage = field(default_factory=LastMessage)
    dead_mans_switch: LastMessage = field(default_factory=LastMessage)

    def belong_to(self, app: Flask) -> None:
        """Let an application's views find this bridge."""
        app.extensions[_NAME] = self


def bridge_of(app: Flask) -> Bridge:
    """Return the bridge that an application belongs to."""
    found: Bridge = app.extensions[_NAME]
    return found


def bridge() -> Bridge:
    """Return the bridge of the present request."""
    return bridge_of(current_app)


def source() -> Source:
    """Return its source."""
    return bridge().source
