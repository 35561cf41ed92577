"""What the bridge is told, by those alone who have the pulse's secret: everything else that it answers only reads.

Grafana's webhook brings the pulse of the alarm path, and the dead-man's switch tells of itself. Whoever looks at Grafana reaches the
bridge's port through the proxy of the data source, with whatever headers they like, but without the secret:
docs/decisions/0025-what-changes-state-wants-a-secret.md.
"""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, current_app, request

from livemon.bridge.json_responses import json_answer
from livemon.bridge.simplejson.bodies import json_body, objects_in
from livemon.contract import WATCHDOG
from livemon.errors import ForbiddenError, RequestError, shown

"""The alarm that always fires: as long as it arrives, any other would."""

blueprint = Blueprint("pulse", __name__, url_prefix="/api")


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


@blueprint.before_request
def _only_with_the_secret() -> None:
    secret = current_app.extensions["pulse_secret"]()
    if secret is None:
        raise ForbiddenError(
            "this changes what the bridge knows, and it has no secret to ask for: set LIVEMON_PULSE_SECRET_FILE"
        )
    # The switch sends a token, Grafana's webhook a password: a build of 9.4 does not send a token that is in a file.
    sent = request.authorization
    shown_secret = (sent.token or sent.password or "") if sent else ""
    if not hmac.compare_digest(shown_secret.encode(), secret.encode()):
        raise ForbiddenError(
            "this changes what the bridge knows: send the header Authorization: Bearer, or a password, with the secret of "
            "/etc/livemon/secrets/master/pulse; through Grafana's data source one can only read"
        )


@blueprint.post("/watchdog")
def watchdog() -> Response:
    """Take the pulse of the path that alarms go: Grafana's webhook, called for the alarm that always fires."""
    pulses = _is_pulse(_message())
    if pulses:
        current_app.extensions["alarm_path"].hear()
        current_app.extensions["asked"].hear()
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
    if not request.is_json:
        raise RequestError("the request is not JSON: send it with the header Content-Type: application/json")
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
