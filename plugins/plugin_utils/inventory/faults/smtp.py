"""Faults in the setting ``smtp``: the server that sends e-mail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..checks import kind, unknown_keys
from ..entries import given
from ..secret_references import is_reference
from .receivers import REFER, is_mail_address

KEYS = ("host", "from", "from_name", "user", "password", "verify")
EXAMPLE = "{host: smtp.lab.example:587, from: cryo@lab.example}"
_SERVER = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}\Z")


def smtp_faults(smtp: Any) -> Iterator[str]:
    """Every fault of the setting."""
    if not isinstance(smtp, Mapping):
        yield f"smtp: this is {kind(smtp)}; write {EXAMPLE}"
        return
    yield from unknown_keys("smtp", smtp, KEYS)
    smtp = given(smtp)
    for key, what, is_valid, example in (
        ("host", "host and port", _is_server, "smtp.lab.example:587"),
        ("from", "e-mail address", is_mail_address, "cryo@lab.example"),
    ):
        if key not in smtp:
            yield f"smtp.{key} is missing; write, for example, {key}: {example}"
        elif not is_valid(smtp[key]):
            yield f"smtp.{key}: {smtp[key]!r} is not a valid {what}; write, for example, {key}: {example}"
    for key in ("user", "from_name"):
        value = smtp.get(key, "x")
        if not isinstance(value, str) or not value.isprintable() or not value or "$" in value:
            yield f"smtp.{key}: {value!r} is not a valid name; write text in quotes, without $"
    if "password" in smtp and not is_reference(smtp["password"]):
        yield f"smtp.password: this is not a reference to a secret; {REFER.format(name='smtp_password')}"
    if "verify" in smtp:
        yield (
            "smtp.verify: certificates are always verified; leave it out, and name the certificate of the server's authority in "
            "extra_ca_certificates"
        )


def _is_server(value: Any) -> bool:
    return isinstance(value, str) and bool(_SERVER.match(value))
