"""The node of a directory of text files, of any age and growing, as upstream's sisock has one for a telescope's weather."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NotRequired, ParamSpec, TypedDict, TypeVar

from twisted.internet import threads
from twisted.internet.defer import Deferred, DeferredLock, inlineCallbacks

from livemon.log import LogThrottle, log
from livemon.series.envelope import Points
from livemon.sisock.answers import Data, FieldInfo, Fields, NodeStatus, Sample, TooLarge
from livemon.sisock.datanode import DataNodeServer, DataRequest
from livemon.sisock.deferreds import InlineCallbacks
from livemon.sisock.packed import Timeline, pack, to_answer
from livemon.textfiles.layout import Layout
from livemon.textfiles.table import TextTable

MAX_NAMED = 3
"""Files in one sentence."""

P = ParamSpec("P")
T = TypeVar("T")


class Column(TypedDict):
    """A column of numbers, as ``nodes.yaml`` describes it."""

    name: str
    label: NotRequired[str]
    units: NotRequired[str]


class TextFilesNode(DataNodeServer):
    """Answers from the files themselves, whatever their age; files are read in a thread.

    Parameters
    ----------
    directory, pattern
        Where the files are, and a pattern of their names: ``*.dat``; ``**/*.csv`` includes directories below.
    columns
        The columns after the time in each line: a :class:`Column`, or only its name; `None` for a column that is ignored.
    separator, time_format, time_zone, comment
        See :class:`livemon.textfiles.layout.Layout`.
    clock
        The present, UNIX seconds.
    """

    def __init__(
        self,
        name: str,
        description: str,
        *,
        directory: str,
        columns: Sequence[Column | str | None],
        pattern: str = "*",
        separator: str | None = None,
        time_format: str = "unix",
        time_zone: str | None = None,
        comment: str = "#",
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(name, description)
        self.clock = clock
        described = [Column(name=column) if isinstance(column, str) else column for column in columns]
        names = [column and column["name"] for column in described]
        layout = Layout(names, separator, time_format, comment, time_zone)
        self._fields: dict[str, FieldInfo] = {
            _key(column["name"]): {
                "description": column.get("label") or column["name"],
                "timeline": name,
                "type": "number",
                "units": column.get("units"),
                "path": f"livemon.{name}.{_key(column['name'])}",
                "label": column.get("label"),
            }
            for column in described
            if column is not None
        }
        self._rows = {key: row for row, key in enumerate(self._fields)}
        self._keys = dict(zip(layout.names, self._fields, strict=True))
        self._table = TextTable(Path(directory), pattern, layout, self._note_malformed)
        self._lock = DeferredLock()
        self._malformed: list[tuple[str, list[str]]] = []
        self._throttle = LogThrottle()

    fields_version = "files"

    def get_fields(self, start: float, end: float) -> Fields:
        """Return all columns, whatever the interval."""
        del start, end
        return self._fields, {self.name: {"interval": None, "field": list(self._fields)}}

    @inlineCallbacks
    def get_data(
        self, field: list[str], start: float, end: float, min_stride: float | None = None
    ) -> InlineCallbacks[Data | TooLarge]:
        """Return samples; see :meth:`livemon.sisock.datanode.DataNodeServer.get_data`."""
        asked = DataRequest.checked(field, start, end, min_stride, self.clock())
        timelines = yield self._samples(asked)
        return to_answer(asked.fields, timelines)

    @inlineCallbacks
    def packed(self, asked: DataRequest) -> InlineCallbacks[bytes | TooLarge]:
        """Return samples, packed."""
        timelines: list[Timeline] = yield self._samples(asked)
        return pack(timelines)

    def get_last(self) -> Deferred[dict[str, Sample]]:
        """Return the newest sample of every column that has one."""

        def by_key(latest: dict[str, tuple[float, float]]) -> dict[str, Sample]:
            return {self._keys[name]: last for name, last in latest.items()}

        return self._in_thread(self._table.latest).addCallback(by_key)

    def status(self) -> NodeStatus:
        """Report how many lines cannot be read, and the files of which none can, as far as the files have been read."""
        unreadable = self._table.unreadable
        faults = unreadable[:MAX_NAMED]
        if len(unreadable) > MAX_NAMED:
            faults.append(f"nor can any line of {len(unreadable) - MAX_NAMED} more files")
        hint = "check separator, time_format and columns, or exclude such files by pattern"
        return {
            "faults": [f"{'; '.join(faults)}. In the inventory {hint}"] if faults else [],
            "counts": {"lines that cannot be read": self._table.malformed},
            "notes": [],
        }

    def _samples(self, asked: DataRequest) -> Deferred[list[Timeline]]:
        keys = [key for key in asked.fields if key in self._rows]

        def as_timelines(points: Points) -> list[Timeline]:
            times, values, until, thinned = points
            rows = [self._rows[key] for key in keys]
            return [Timeline(self.name, times, keys, values[rows], until, thinned)] if keys and times.size else []

        reading = self._in_thread(self._table.samples, asked.start, asked.end, asked.stride, asked.spaced)
        return reading.addCallback(as_timelines)

    def _in_thread(self, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> Deferred[T]:
        """Call something in a thread, one call at a time: those that wait must not occupy all threads of the pool."""
        done: Deferred[T] = self._lock.run(lambda: threads.deferToThread(function, *arguments, **keywords))
        return done.addBoth(self._log_malformed)

    def _note_malformed(self, file: str, lines: list[str]) -> None:
        """Note lines that cannot be read. Called in the thread."""
        self._malformed.append((file, lines))

    def _log_malformed(self, result: T) -> T:
        """Log the lines that could not be read, for each file once an hour."""
        while self._malformed:
            file, lines = self._malformed.pop(0)
            if count := self._throttle.due(file, len(lines)):
                log.warn(
                    "{node}: {count} malformed lines in {file}, the first is {line!r}: {fault}",
                    node=self.name,
                    count=count,
                    file=file,
                    line=lines[0][:80],
                    fault=self._table.layout.fault(lines[0])[:200],
                )
        return result


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
