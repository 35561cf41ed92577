"""Requests to addresses outside of the appliance. They are secrets, so that no message has any part of one."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import NameResolutionError

SECONDS_TO_ANSWER = 10.0
NO_ADDRESS = requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema
_REASONS = (
    (requests.Timeout, f"no answer within {SECONDS_TO_ANSWER:g} s"),
    (
        (requests.exceptions.SSLError, ssl.SSLCertVerificationError),
        "the certificate does not verify; a lab's own authority goes into extra_ca_certificates",
    ),
    (requests.exceptions.ProxyError, "the proxy does not let it through"),
    (NO_ADDRESS, "this is not a valid address; write one that begins with https://"),
    ((NameResolutionError, socket.gaierror), "the name of the host is not known here"),
)


def ping(url: str, method: str) -> str | None:
    """Ask for `url`; return what kept the ping from arriving, in a few words, and `None` if it arrived."""
    return send(method, url)


def send(method: str, url: str, headers: Mapping[str, str] | None = None, **content: Any) -> str | None:
    """Send a request, with what `requests` takes as ``json`` and ``auth``; return why it did not arrive, in a few words, or `None`.

    TLS is always verified, against ``REQUESTS_CA_BUNDLE`` where that is set; proxies are those of the environment. A redirect is
    refused: a proxy's page for logging in would answer well.
    """
    headers = {"User-Agent": "livemon", **(headers or {})}
    try:
        # Of an answer that never ends only the beginning is read.
        with requests.request(
            method, url, headers=headers, timeout=SECONDS_TO_ANSWER, allow_redirects=False, stream=True, **content
        ) as answer:
            return None if answer.ok and not answer.is_redirect else f"the answer is HTTP status {answer.status_code}"
    except (OSError, ValueError) as error:
        return reason(error)


def reason(error: Exception) -> str:
    """Say in a few words why something outside was not reached, without any part of an address."""
    for cause in _causes(error):
        for kinds, words in _REASONS:
            if isinstance(cause, kinds):
                return words
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
    return type(error).__name__


def _causes(error: BaseException | None) -> list[BaseException]:
    """Return an exception and what led to it; urllib3 keeps that in attributes and arguments, too."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            waiting += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
    return found
