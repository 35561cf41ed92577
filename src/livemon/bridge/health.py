"""Whether the appliance is well, its path for alarms included: what the dead-man's switch asks. docs/dead-mans-switch.md."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from flask import Blueprint, Response, current_app, request

from livemon import health
from livemon.bridge import watched
from livemon.bridge.answers import json_answer
from livemon.bridge.api import state
from livemon.bridge.simplejson.bodies import json_body, objects_in
from livemon.bridge.site import ROOT
from livemon.errors import LivemonError, RequestError, shown

WATCHDOG = "Watchdog"
"""The alarm that always fires: as long as it arrives, any other would."""
LOOK_BACK = 600.0
"""Seconds for which a loss of samples counts as something that is wrong now."""
SAMPLES = 1000

blueprint = Blueprint("health", __name__, url_prefix="/api")


class Heard:
    """What somebody said last, and when: by the wall clock for people, by one that nobody sets for how long ago it was."""

    def __init__(self, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._steady = clock, steady
        self._last: tuple[float, float, dict[str, Any]] | None = None

    def hear(self, **said: Any) -> None:
        """Note that somebody is there, and what he says."""
        self._last = self._clock(), self._steady(), said

    def forget(self) -> None:
        """Know of nobody, as at the beginning."""
        self._last = None

    def told(self) -> dict[str, Any]:
        """Return ``heard`` (UNIX seconds, UTC) and ``age`` (seconds), both null if nothing was heard, with what was said."""
        if self._last is None:
            return {"heard": None, "age": None}
        heard, moment, said = self._last
        return {"heard": heard, "age": self._steady() - moment} | said


@blueprint.record_once
def _nothing_heard_yet(setup: Any) -> None:
    setup.app.extensions |= {"alarm_path": Heard(), "dead_mans_switch": Heard()}


@blueprint.get("/health")
def how_it_is() -> Response:
    """Tell whether all is well: 200 if it is, 503 if not, as monitors expect, with the reasons in the body."""
    of_grafana = list(watched.problems(time.time()))
    problems = [*_problems(current_app.extensions["source"]), *of_grafana]
    about = {name: current_app.extensions[name].told() for name in ("alarm_path", "dead_mans_switch")}
    content = {"well": not problems, "problems": problems, "grafana": of_grafana, "time": time.time()} | about
    return json_answer(content, 503 if problems else 200)


@blueprint.post("/watchdog")
def watchdog() -> Response:
    """Take the pulse of the path that alarms go: Grafana's webhook, called for the alarm that always fires."""
    pulses = _is_pulse(_message())
    if pulses:
        current_app.extensions["alarm_path"].hear()
    return json_answer({"pulse": pulses})


@blueprint.post("/dead_mans_switch")
def dead_mans_switch() -> Response:
    """Take what the switch tells of itself, for people to see."""
    body = _message()
    pinged, every, fault = body.get("pinged"), body.get("every"), body.get("fault")
    if every is None or not (_is_time(pinged) and _is_time(every) and (fault is None or isinstance(fault, str))):
        raise RequestError("write {pinged: UNIX seconds or null, every: seconds, fault: a sentence or null}")
    current_app.extensions["dead_mans_switch"].hear(pinged=pinged, every=every, fault=fault)
    return json_answer({})


@blueprint.delete("/dead_mans_switch")
def no_dead_mans_switch() -> Response:
    """Forget a switch that was taken out: its silence is nothing that is wrong."""
    current_app.extensions["dead_mans_switch"].forget()
    return json_answer({})


def _message() -> dict[str, Any]:
    # A page of another site can make a browser send anything but this type.
    if not request.is_json:
        raise RequestError("the request is no JSON: send it with the header Content-Type: application/json")
    return json_body()


def _is_pulse(message: Mapping[str, Any]) -> bool:
    """Whether it says that the alarm which always fires does so; one that says that it is over is no pulse, and no mistake.

    The form is that of Grafana's webhook: ``{"status", "alerts": [{"status", "labels": {"alertname"}}]}``.
    """
    status, alerts = message.get("status"), objects_in(message, "alerts", '{"labels": {"alertname": "Watchdog"}}')
    labels = [alert.get("labels") for alert in alerts]
    names = [each.get("alertname") for each in labels if isinstance(each, dict)]
    if WATCHDOG not in names:
        heard = ", ".join(shown(name, 40) for name in names[:5]) or "nothing"
        raise RequestError(f"only the alarm {WATCHDOG} is taken here, and this tells of {heard}")
    if status not in ("firing", "resolved"):
        raise RequestError(f"status: {shown(status, 40)} is neither firing nor resolved")
    return status == "firing"


def _is_time(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value))


def _problems(source: Any) -> Iterator[str]:
    try:
        status = state(source)
        yield from health.problems(status)
        yield from health.agent_problems(status, source.site.has_dropped)
        yield from _absences(source)
        yield from _losses(source)
    except LivemonError as error:
        yield str(error)


def _absences(source: Any) -> Iterator[str]:
    """Yield what the inventory has and nobody has seen, be it that it never came, or that it went too long ago."""
    nodes, channels = source.catalogue.nodes, source.catalogue.by_path
    for node in sorted({each.node for each in source.site.expected} - nodes.keys()):
        yield f"node {node} is not there: docker logs sisock_nodes tells why"
    for agent in source.site.agents:
        if f"{ROOT}.{agent}{health.CONNECTED}" not in channels:
            yield f"agent {agent} has not been heard yet: docker logs ocs_{agent} tells why"


def _losses(source: Any) -> Iterator[str]:
    field = source.catalogue.by_path.get(health.LOST)
    if field is None:
        return
    now = time.time()
    _times, values = source.fetch([field], now - LOOK_BACK, now, SAMPLES).series[field]
    # A recording that begins anew counts from zero.
    lost = np.maximum(np.diff(values[np.isfinite(values)]), 0).sum()
    if lost > 0:
        yield f"the archive lost {lost:.0f} samples within the last {health.age(LOOK_BACK)}: docker logs ocs_aggregator tells why"
