"""What changes the bridge's state, for holders of the pulse's secret only: everything else only reads.

Grafana's webhook brings the pulse of the alarm path, and the dead-man's switch reports about itself. Anyone who may look at Grafana
reaches the bridge's port through the data source's proxy, with whatever headers they like, but without the secret:
docs/decisions/0025-what-changes-state-wants-a-secret.md.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from livemon.bridge.current import bridge
from livemon.bridge.json_bodies import json_body, objects_in
from livemon.bridge.json_responses import json_response
from livemon.contract import WATCHDOG
from livemon.errors import ForbiddenError, RequestError, shown

blueprint = Blueprint("pulse", __name__, url_prefix="/api")


@blueprint.before_request
def _require_the_secret() -> None:
    secret = bridge().pulse_secret()
    if secret is None:
        raise ForbiddenError(
            "this request changes the bridge's state, and no secret is configured for it: set LIVEMON_PULSE_SECRET_FILE"
        )
    # The switch sends a token, Grafana's webhook a password: a build of 9.4 does not send a token that is in a file.
    sent = request.authorization
    given = (sent.token or sent.password or "") if sent else ""
    if not hmac.compare_digest(given.encode(), secret.encode()):
        raise ForbiddenError(
            "this request changes the bridge's state: send the secret in /etc/livemon/secrets/master/pulse, as the header "
            "Authorization: Bearer or as a password; through Grafana's data source one can only read"
        )


@blueprint.post("/watchdog")
def watchdog() -> Response:
    """Take the pulse of the alarm path: Grafana's webhook, called for the alarm that always fires."""
    pulses = _is_pulse(_message())
    if pulses:
        bridge().alarm_path.hear()
        bridge().evaluated_rules.hear()
    return json_response({"pulse": pulses})


@blueprint.post("/dead_mans_switch")
def dead_mans_switch() -> Response:
    """Take the switch's report, for people to see."""
    body = _message()
    pinged, every, fault = body.get("pinged"), body.get("every"), body.get("fault")
    if every is None or not (_is_time(pinged) and _is_time(every) and (fault is None or isinstance(fault, str))):
        raise RequestError("write {pinged: UNIX seconds or null, every: seconds, fault: a sentence or null}")
    bridge().dead_mans_switch.hear(pinged=pinged, every=every, fault=fault)
    return json_response({})


@blueprint.delete("/dead_mans_switch")
def no_dead_mans_switch() -> Response:
    """Forget a switch that was removed: its silence is not a problem."""
    bridge().dead_mans_switch.forget()
    return json_response({})


def _message() -> dict[str, Any]:
    if not request.is_json:
        raise RequestError("the request is not JSON: send it with the header Content-Type: application/json")
    return json_body()


def _is_pulse(message: Mapping[str, Any]) -> bool:
    """Whether the alarm that always fires does so; a message that it is resolved is neither a pulse nor a mistake.

    The message has the form of Grafana's webhook: ``{"status", "alerts": [{"status", "labels": {"alertname"}}]}``.
    """
    status, alerts = message.get("status"), objects_in(message, "alerts", '{"labels": {"alertname": "Watchdog"}}')
    labels = [alert.get("labels") for alert in alerts]
    names = [each.get("alertname") for each in labels if isinstance(each, dict)]
    if WATCHDOG not in names:
        given = ", ".join(shown(name, 40) for name in names[:5]) or "no alarm"
        raise RequestError(f"only the alarm {WATCHDOG} is accepted here; this message is about {given}")
    if status not in ("firing", "resolved"):
        raise RequestError(f"status: {shown(status, 40)} is neither firing nor resolved")
    return bool(status == "firing")


def _is_time(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value))
