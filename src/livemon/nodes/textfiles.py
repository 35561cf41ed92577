"""The node of a directory of text files, as upstream's sisock has one for a telescope's weather; of any age, and what is appended."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.internet import reactor, threads
from twisted.internet.defer import Deferred, DeferredLock, inlineCallbacks

from livemon.log import Repeats, log
from livemon.series.envelope import Points
from livemon.sisock.datanode import DataNodeServer, DataRequest
from livemon.sisock.packed import Timeline, pack, to_answer
from livemon.textfiles.layout import Layout
from livemon.textfiles.table import TextTable

MOST_NAMED = 3
"""Files in one sentence."""


class TextFilesNode(DataNodeServer):
    """Answers from the files themselves, whatever their age; files are read in a thread.

    Parameters
    ----------
    directory, pattern
        Where the files are, and what their names look like: ``*.dat``; ``**/*.csv`` for directories within each other, too.
    columns
        What stands behind the time in each line: ``{"name", "label", "units"}`` each, the last two if wanted, or only a name; `None`
        for a column that is left out.
    separator, time_format, time_zone, comment
        See :class:`livemon.texts.layout.Layout`.
    """

    def __init__(
        self,
        name: str,
        description: str,
        *,
        directory: str,
        columns: Sequence[Mapping[str, str] | str | None],
        pattern: str = "*",
        separator: str | None = None,
        time_format: str = "unix",
        time_zone: str | None = None,
        comment: str = "#",
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(name, description)
        self.clock = clock
        about = [{"name": column} if isinstance(column, str) else column for column in columns]
        layout = Layout([each and each["name"] for each in about], separator, time_format, comment, time_zone)
        self._fields = {
            _key(each["name"]): {
                "description": each.get("label") or each["name"],
                "timeline": name,
                "type": "number",
                "units": each.get("units"),
                "path": f"livemon.{name}.{_key(each['name'])}",
                "label": each.get("label"),
            }
            for each in about
            if each
        }
        self._rows = {key: row for row, key in enumerate(self._fields)}
        self._keys = dict(zip(layout.names, self._fields, strict=True))
        self._table = TextTable(Path(directory), pattern, layout, self._complain)
        self._turn = DeferredLock()
        self._repeats = Repeats()

    fields_version = "files"

    def get_fields(self, start: float, end: float) -> tuple[dict[str, dict], dict[str, dict]]:
        """Return all columns, whatever the interval."""
        del start, end
        return self._fields, {self.name: {"interval": None, "field": list(self._fields)}}

    @inlineCallbacks
    def get_data(self, field: list[str], start: float, end: float, min_stride: float | None = None) -> Iterator:
        """Return samples; see :meth:`livemon.datanode.DataNodeServer.get_data`."""
        asked = DataRequest.checked(field, start, end, min_stride, self.clock())
        timelines = yield self._samples(asked)
        return to_answer(asked.fields, timelines)

    def packed(self, asked: DataRequest) -> Deferred:
        """Return samples, packed."""
        return self._samples(asked).addCallback(pack)

    def get_last(self) -> Deferred:
        """Return the newest sample of every column that has one."""
        latest = self._in_thread(self._table.latest)
        return latest.addCallback(lambda found: {self._keys[name]: last for name, last in found.items()})

    def told(self) -> dict[str, Any]:
        """Tell how many lines cannot be read, and the files of which that is so of all, as far as the files have been read."""
        foreign = self._table.foreign
        faults = foreign[:MOST_NAMED]
        if len(foreign) > MOST_NAMED:
            faults.append(f"nor can any line of {len(foreign) - MOST_NAMED} more files")
        hint = "look at separator, time_format and columns, or let pattern leave such files out"
        return {
            "faults": [f"{'; '.join(faults)}. In the inventory {hint}"] if faults else [],
            "counts": {"lines that cannot be read": self._table.malformed},
        }

    def _samples(self, asked: DataRequest) -> Deferred:
        keys = [key for key in asked.fields if key in self._rows]

        def as_timelines(answer: Points) -> list[Timeline]:
            times, values, until, thinned = answer
            rows = [self._rows[key] for key in keys]
            return [Timeline(self.name, times, keys, values[rows], until, thinned)] if keys and times.size else []

        reading = self._in_thread(self._table.samples, asked.start, asked.end, asked.stride, asked.spaced)
        return reading.addCallback(as_timelines)

    def _in_thread(self, function: Callable, *arguments: Any) -> Deferred:
        """Call something in a thread, one at a time: those that wait for their turn do not take everybody's threads."""
        return self._turn.run(threads.deferToThread, function, *arguments)

    def _complain(self, file: str, lines: list[str]) -> None:
        """Tell of lines that cannot be read, of each file once an hour. Called in a thread, by one at a time."""
        if count := self._repeats.to_tell(file, len(lines)):
            reactor.callFromThread(
                log.warn,
                "{node}: {count} malformed lines in {file}, the first is {line!r}: {fault}",
                node=self.name,
                count=count,
                file=file,
                line=lines[0][:80],
                fault=self._table.layout.fault(lines[0])[:200],
            )


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
