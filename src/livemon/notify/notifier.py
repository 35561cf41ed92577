"""The notifier: follows the bridge's alarms and delivers what Grafana does not.

One process of it keeps in a directory of its own ::

outbox.json      what was told, and what is still to be told, kept over a restart; readable by the notifier only
notifier.json    {"turned", "delivered": UNIX seconds or null, "notifies": bool, "problems": [sentence]}, for the bridge
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livemon.files import write_private, write_public
from livemon.health.liveness import touch_alive
from livemon.notify.configuration import Configuration, Way
from livemon.notify.message import Item, Message
from livemon.notify.outbox import EVERY, Outbox
from livemon.notify.watch import Seen, Watch

OUTBOX, TOLD = "outbox.json", "notifier.json"


@dataclass
class Notifier:
    """What one process knows; `turn` is to be called every `every` seconds.

    Parameters
    ----------
    configuration
        Whom to notify, and how.
    directory
        Where it keeps what it knows.
    ask_alarms, ask_health
        Return what the bridge's ``/api/alarms`` and ``/api/health`` answer; raise a LivemonError if it cannot be asked.
    say
        Takes a sentence for the log.
    """

    configuration: Configuration
    directory: Path
    ask_alarms: Callable[[], Mapping[str, Any]]
    ask_health: Callable[[], Mapping[str, Any]]
    say: Callable[[str], None]
    clock: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    every: float = EVERY
    _notifies: bool = field(default=False, init=False)
    _saved: Any = field(default=None, init=False)
    _unkept: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        kept = _read(self.directory / OUTBOX)
        outboxes = kept.get("outboxes", {})
        self._outboxes = {
            way.name: Outbox.restored(outboxes.get(way.name), self.every) for way in self.configuration.ways
        }
        self._watch = Watch(
            self.ask_alarms,
            self.ask_health,
            self.configuration.sentences,
            problems=kept.get("problems", {}),
            silenced=kept.get("silenced", {}),
            by_grafana=kept.get("by_grafana"),
            clock=self.clock,
            steady=self.steady,
        )

    def turn(self) -> None:
        """Look what there is to notify of, deliver what is due, and write down how that went."""
        seen = self._watch.look()
        if seen.notifies != self._notifies:
            self._notifies = seen.notifies
            self.say(
                "Grafana does not notify of alarms: livemon does" if seen.notifies else "Grafana notifies of alarms"
            )
        goals = {name: self.configuration.goals(alarm.tags) for name, alarm in seen.alarms.items()}
        # Who does not answer is asked last: the others are not to wait for that.
        for way in sorted(self.configuration.ways, key=self._is_slow):
            repeats = {name: points[way.point] for name, points in goals.items() if way.point in points}
            self._serve(way, seen, repeats)
        self._tell()

    def _is_slow(self, way: Way) -> tuple[bool, bool]:
        return self._outboxes[way.name].failing is not None, way.settings["kind"] == "email"

    def _serve(self, way: Way, seen: Seen, repeats: Mapping[str, float]) -> None:
        outbox = self._outboxes[way.name]
        outbox.take(seen, repeats, self.clock())
        items = outbox.due(seen, repeats, self.clock())
        if items:
            self._deliver(way, outbox, items)
        self._save()

    def _deliver(self, way: Way, outbox: Outbox, items: list[Item]) -> None:
        grafana = "Grafana does not notify of alarms" if self._notifies else "Grafana cannot tell this of itself"
        message = Message(items, way.point, self.configuration.monitor, grafana, self.clock())
        try:
            fault = way.deliver(message)
        except Exception as error:  # one way that is broken holds no other up
            fault = type(error).__name__
        if fault is None:
            outbox.delivered(items, self.clock())
            self.say(f"delivered to {way.name}: {message.title}")
        else:
            if fault != outbox.reason:
                self.say(f"not delivered to {way.name}: {fault}; {message.title}")
            outbox.failed(fault, self.clock())
        self._tell()

    def _save(self) -> None:
        """Keep what was told if that has changed; not each value of an alarm that goes on."""
        present = [
            (name, outbox.failing, [(each, entry.told, entry.ended) for each, entry in outbox.entries.items()])
            for name, outbox in self._outboxes.items()
        ]
        watch = self._watch
        silenced = sorted((name, when // 600) for name, when in watch.silenced.items())
        key = present, sorted(watch.problems), silenced, watch.by_grafana
        if key == self._saved:
            return
        content = {
            "outboxes": {name: outbox.saved() for name, outbox in self._outboxes.items()},
            "problems": watch.problems,
            "silenced": watch.silenced,
            "by_grafana": watch.by_grafana,
        }
        if self._write(write_private, OUTBOX, content):
            self._saved = key

    def _tell(self) -> None:
        now = self.clock()
        sent = [outbox.sent for outbox in self._outboxes.values() if outbox.sent is not None]
        content = {
            "turned": now,
            "notifies": self._notifies,
            "delivered": max(sent, default=None),
            "problems": list(dict.fromkeys(self._problems(now))),
        }
        self._write(write_public, TOLD, content)
        touch_alive()

    def _write(self, write: Callable[[Path, bytes], None], name: str, content: Mapping[str, Any]) -> bool:
        """Write a file; return whether it was. A full disk does not keep people from being notified."""
        try:
            write(self.directory / name, json.dumps(content).encode())
        except OSError as error:
            if name not in self._unkept:
                self.say(f"{self.directory / name} cannot be written: {error.strerror}")
            self._unkept.add(name)
            return False
        self._unkept.discard(name)
        return True

    def _problems(self, now: float) -> list[str]:
        return [
            f"livemon cannot notify {way.point} by {way.title} since {_time_of_day(outbox.failing)} ({outbox.reason}); it tries again"
            for way in self.configuration.ways
            if (outbox := self._outboxes[way.name]).is_failing(now)
        ]


def try_ways(configuration: Configuration) -> dict[str, str | None]:
    """Send a test message on each way; return what kept it from arriving by the names of the ways, `None` where it arrived."""
    now = time.time()
    item = Item("test", {"severity": "test", "kind": "test"}, "this is a test of livemon's notifications", "", now)
    return {
        way.name: way.deliver(Message([item], way.point, configuration.monitor, "a test was asked for"))
        for way in configuration.ways
    }


def _time_of_day(moment: float | None) -> str:
    return time.strftime("%H:%M UTC", time.gmtime(moment))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
