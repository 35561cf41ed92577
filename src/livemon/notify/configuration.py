"""What the notifier reads: a file that ``plugins/plugin_utils/inventory/rendering/notifier.py`` makes of the inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livemon.config import yaml_content
from livemon.errors import ConfigError
from livemon.notify import mail, web
from livemon.notify.message import Message

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Way:
    """One way to somebody: the contact point, what people call the way, and its settings, which hold files of secrets, not secrets.

    `name` stays the same while the settings change: what went this way is kept under it.
    """

    name: str
    point: str
    title: str
    settings: Settings
    smtp: Settings

    def deliver(self, message: Message) -> str | None:
        """Send a message; return why it did not arrive, in words that hold no secret, or `None`."""
        if self.settings["kind"] == "email":
            return mail.deliver(message, self.settings, self.smtp)
        return web.deliver(message, self.settings)


@dataclass(frozen=True)
class Route:
    """Which alarms go where: those whose tags have one of the values of each label in `match`. `repeat` is in seconds."""

    to: tuple[str, ...]
    match: Mapping[str, tuple[str, ...]]
    repeat: float | None = None
    goes_on: bool = False

    def takes(self, tags: Mapping[str, str]) -> bool:
        """Whether an alarm with these tags goes this way."""
        return all(tags.get(label) in values for label, values in self.match.items())


@dataclass(frozen=True)
class Configuration:
    """Ways, routes and sentences. `repeat` is in seconds; `sentences` are ``{kind: {"firing", "over", "advice"}}``."""

    monitor: str
    ways: Sequence[Way]
    default: str
    repeat: float
    routes: Sequence[Route]
    sentences: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, path: Path) -> Configuration:
        """Read the file.

        Raises
        ------
        ConfigError
            If it cannot be read, or lacks something.
        """
        try:
            content = yaml_content(path.read_bytes(), str(path))
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
        try:
            return cls(
                monitor=str(content["monitor"]),
                ways=tuple(_ways(content)),
                default=content["default"],
                repeat=float(content["repeat"]),
                routes=tuple(_route(each) for each in content["routes"]),
                sentences=content["sentences"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(
                f"{path} is not what livemon makes of an inventory ({error}): run the playbook"
            ) from error

    def goals(self, tags: Mapping[str, str]) -> dict[str, float]:
        """Return the contact points to which an alarm goes, and after how many seconds each is told again.

        The first route that takes it counts, and those below a route that says so; without any it goes to the default.
        """
        found: dict[str, float] = {}
        for route in self.routes:
            if route.takes(tags):
                found = dict.fromkeys(route.to, route.repeat or self.repeat) | found
                if not route.goes_on:
                    return found
        return found or {self.default: self.repeat}


def _ways(content: Settings) -> Iterator[Way]:
    for point in content["contact_points"]:
        for number, settings in enumerate(point["ways"]):
            # One for each address: where one is refused, the others are not told again.
            for address in settings.get("addresses") or [None]:
                kind = settings["kind"]
                own = settings if address is None else {**settings, "to": address}
                name = "/".join(str(each) for each in (point["name"], number, kind, address) if each is not None)
                yield Way(name, point["name"], "e-mail" if kind == "email" else kind, own, content["smtp"])


def _route(entry: Settings) -> Route:
    match = {label: tuple(values) for label, values in entry["match"].items()}
    return Route(tuple(entry["to"]), match, entry.get("repeat"), bool(entry.get("continue")))
