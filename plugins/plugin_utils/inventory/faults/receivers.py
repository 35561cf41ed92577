"""Faults in the receivers of a contact point: settings that are missing, and secrets that others could read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..checks import is_web_address, kind
from ..contact_points import SHORT_FORMS
from ..entries import Entry, is_true
from ..grafana.receiver_settings import RECEIVERS, hidden_settings, is_hidden, missing_settings
from ..grafana.releases import DEFAULT_IMAGE, NEWEST, Release, formatted, release_of
from ..secret_references import is_reference

REFER = "write {{secret: {name}}} and the value under notification_secrets, preferably from Ansible Vault"
_MAIL = re.compile(r"[^@\s;,<>$\"']+@[^@\s;,<>$\"']+\Z")
_SECRET_KEY = re.compile(r"password|token|secret|credential|key\Z", re.IGNORECASE)
_WITH_SECRET_URL = {"slack", "discord", "teams", "googlechat", "wecom", "dingding", "victorops", "sensugo"}
"""Receivers whose address is a secret: anyone who knows it can write there."""
_ADDRESSES = {"url", "endpointUrl", "api_url", "brokerUrl", "kafkaRestProxy"}
"""Settings that are an address, which may contain a secret."""


@dataclass(frozen=True)
class Viewers:
    """Who can see a setting that Grafana does not hide: that depends on its release, and on whether anonymous viewers are allowed."""

    release: Release
    are_anonymous: bool

    @classmethod
    def of(cls, settings: Entry) -> Viewers:
        """Return those of a site."""
        image = settings.get("grafana_image")
        release = release_of(image if isinstance(image, str) else DEFAULT_IMAGE)
        return cls(release, is_true(settings.get("grafana_anonymous_viewer")))

    @property
    def grafana(self) -> str:
        """The site's Grafana by name."""
        return "Grafana" if self.release == NEWEST else f"Grafana {formatted(self.release)}"


def is_mail_address(value: Any) -> bool:
    """Whether it looks like one e-mail address."""
    return isinstance(value, str) and bool(_MAIL.match(value))


def receiver_faults(place: str, point: Entry, viewers: Viewers) -> Iterator[str]:
    """Every fault of the receivers of a contact point, apart from e-mail addresses."""
    for receiver in ("slack", "webhook"):
        value = point.get(receiver)
        if isinstance(value, Mapping) and not is_reference(value):
            yield from _settings_faults(f"{place}.{receiver}", receiver, value, viewers)
        elif value is not None:
            yield from _setting_faults(f"{place}.{receiver}", receiver, "url", value, viewers)
    if "settings" in point and "type" not in point:
        yield f"{place}.type is missing; write the receiver as Grafana names it, for example type: telegram"
    if "type" in point:
        yield from _typed_faults(place, point, viewers)


def _typed_faults(place: str, point: Entry, viewers: Viewers) -> Iterator[str]:
    """Every fault of a receiver that is written as Grafana has it."""
    receiver, settings = point["type"], point.get("settings")
    if receiver not in RECEIVERS:
        near = difflib.get_close_matches(str(receiver).lower(), RECEIVERS, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(RECEIVERS)}"
        yield f"{place}.type: Grafana has no receiver {receiver!r}; {hint}"
    elif RECEIVERS[receiver].since > viewers.release:
        image = f"grafana/grafana:{formatted(RECEIVERS[receiver].since)}.0"
        yield f"{place}.type: {viewers.grafana} has no receiver {receiver}; write another, or grafana_image: {image} or newer"
    elif receiver in SHORT_FORMS and receiver in point:
        yield f"{place}.type: {receiver} is given twice; leave out one of them"
    elif not isinstance(settings, Mapping) or not settings:
        yield f"{place}.settings: write them as Grafana names them, for example {{chatid: '-42', bottoken: {{secret: telegram}}}}"
    else:
        yield from _settings_faults(f"{place}.settings", receiver, settings, viewers)


def _settings_faults(place: str, receiver: str, settings: Entry, viewers: Viewers) -> Iterator[str]:
    """Every fault of a receiver's settings. Grafana does not start if a required one is missing."""
    missing = missing_settings(receiver, settings)
    if missing:
        yield f"{place}: {' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing, which {receiver} requires"
    if receiver == "telegram" and settings.get("parse_mode") not in (None, "None") and not settings.get("message"):
        yield f"{place}.parse_mode: the messages of livemon are plain text; leave it out, or write a message as well"
    for name, value in _leaves(settings):
        yield from _setting_faults(f"{place}.{name}", receiver, name, value, viewers)


def _leaves(settings: Entry, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each setting and its value; the names of those inside others are joined with dots."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and not isinstance(value.get("secret"), str):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _setting_faults(place: str, receiver: str, name: str, value: Any, viewers: Viewers) -> Iterator[str]:
    """Every fault of one setting: as an address, or because others could read it."""
    refer = REFER.format(name=re.sub(r"[^a-z0-9_]", "_", f"{receiver}_{name}".lower()))
    is_secret = bool(_SECRET_KEY.search(name)) or (name == "url" and receiver in _WITH_SECRET_URL)
    if is_reference(value):
        if not is_hidden(receiver, name, viewers.release):
            yield from _shown(place, receiver, name, viewers)
    elif isinstance(value, Mapping):
        yield f"{place}: a reference to a secret has only its name; {refer}"
    elif name == "url" and not is_secret and not is_web_address(value):
        yield f"{place}: this is not a valid address; write https://..., or {refer.removeprefix('write ')}"
    elif name == "url" and not is_secret and "@" in urlsplit(value).netloc:
        yield f"{place}: this address contains a password; {refer}"
    elif is_secret and isinstance(value, str):
        yield f"{place}: this is a secret in plain text, which anyone could read here; {refer}"
    elif is_secret and value is not None:
        yield f"{place}: this is {kind(value)}; {refer}"


def _shown(place: str, receiver: str, name: str, viewers: Viewers) -> Iterator[str]:
    """Say so if Grafana shows a secret to viewers. In an address it is tolerated where viewers need a password."""
    hidden = " and ".join(hidden_settings(receiver, viewers.release))
    since = RECEIVERS[receiver].hidden.get(name)
    newer = f", or use Grafana {formatted(_minor(since))} or newer, which hides it" if since else ""
    if name not in _ADDRESSES:
        instead = (
            f"it hides only {hidden} of {receiver}"
            if hidden
            else f"it hides nothing of {receiver}: use another receiver"
        )
        yield f"{place}: {viewers.grafana} shows this setting to all viewers; write no secret here, {instead}{newer}"
    elif viewers.are_anonymous:
        instead = f", write the address in plain text and the secret part as {hidden}" if hidden else ""
        yield (
            f"{place}: {viewers.grafana} shows this address to all viewers, and with grafana_anonymous_viewer anyone is one; "
            f"leave grafana_anonymous_viewer out{instead}{newer}"
        )


def _minor(release: Release) -> Release:
    """Return the first minor release that is not older: images are compared by these two numbers only."""
    major, minor, *patch = release
    return (major, minor + 1) if any(patch) else (major, minor)
