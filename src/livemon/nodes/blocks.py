"""A data node that keeps blocks of samples in memory: what feeds and sensors have in common."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from livemon.log import HOUR, LogThrottle, log
from livemon.series.block import Block
from livemon.sisock.answers import Data, FieldInfo, Fields, NodeStatus, Sample, TimelineInfo, TooLarge
from livemon.sisock.datanode import DataNodeServer, DataRequest
from livemon.sisock.packed import Timeline, pack, to_answer

HINT = "run timedatectl on the agent's host to see whether its clock is right"


@dataclass
class BlockField:
    """A field of a node, except for its samples.

    Attributes
    ----------
    block, name
        Where its samples are: the key in `BlockNode.blocks`, and the field's name in that :class:`livemon.series.block.Block`.
    path
        Its permanent name, parts between dots.
    label, units
        For plots; `None` if unknown.
    type
        ``number``, ``string`` or ``bool``.
    last_text
        Time (UNIX seconds) and text of the newest sample of a field of type ``string``, which has no samples in a block.
    """

    block: str
    name: str
    path: str
    label: str | None = None
    units: str | None = None
    type: str = "number"
    last_text: tuple[float, str] | None = None


class BlockNode(DataNodeServer):
    """Answers from blocks in memory. Subclasses fill `blocks`, by timeline, and `fields`, by the name that consumers use.

    Parameters
    ----------
    window
        Seconds of samples that are kept.
    clock
        The present, UNIX seconds.
    """

    outlives_restarts = False
    """Whether its window is saved in a file, because it is stored nowhere else: :mod:`livemon.nodes.window_files`."""

    def __init__(
        self, name: str, description: str, window: float = 3600.0, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(name, description)
        self.window = window
        self.clock = clock
        self.blocks: dict[str, Block] = {}
        self.fields: dict[str, BlockField] = {}
        self.revision = 0
        """Incremented when fields change otherwise than by new ones."""
        self._refused = 0
        self._refused_at = -math.inf
        self._throttle = LogThrottle()

    @property
    def fields_version(self) -> str:
        """Changes whenever :meth:`get_fields` would answer other fields."""
        return f"{self.revision}.{len(self.fields)}"

    def get_fields(self, start: float = 1, end: float = 0) -> Fields:
        """Return all fields that have appeared, whatever the interval, as upstream's feed server does."""
        del start, end
        fields: dict[str, FieldInfo] = {
            key: {
                "description": each.label or each.name,
                "timeline": each.block,
                "type": each.type,
                "units": each.units,
                "path": each.path,
                "label": each.label,
                "silent_after": self.silent_after,
            }
            for key, each in self.fields.items()
        }
        timelines: dict[str, TimelineInfo] = {
            name: {
                "interval": float(np.median(np.diff(block.times[-64:]))) if len(block) > 1 else None,
                "field": [key for key, each in self.fields.items() if each.block == name],
            }
            for name, block in self.blocks.items()
        }
        return fields, timelines

    def get_data(self, field: list[str], start: float, end: float, min_stride: float | None = None) -> Data | TooLarge:
        """Return samples from memory; see :meth:`livemon.sisock.datanode.DataNodeServer.get_data`."""
        asked = DataRequest.checked(field, start, end, min_stride, self.clock())
        return to_answer(asked.fields, self.samples(asked))

    def packed(self, asked: DataRequest) -> bytes:
        """Return samples from memory, packed."""
        return pack(self.samples(asked))

    def samples(self, asked: DataRequest) -> list[Timeline]:
        """Return the requested samples, however many: one entry for each block that has some."""
        by_block: dict[str, list[str]] = {}
        for key in asked.fields:
            field = self.fields.get(key)
            if field is not None and field.type != "string":
                by_block.setdefault(field.block, []).append(key)
        timelines = []
        for name, keys in by_block.items():
            names = [self.fields[key].name for key in keys]
            times, values, until, thinned = self.blocks[name].envelope(
                names, asked.start, asked.end, asked.stride, spaced=asked.spaced
            )
            if times.size:
                timelines.append(Timeline(name, times, keys, values, self.finalized_until(until), thinned))
        return timelines

    def finalized_until(self, until: float | None) -> float | None:
        """Return the time (UNIX seconds) before which a block's samples can no longer change; `until` is the block's own estimate."""
        return until

    def status(self) -> NodeStatus:
        """Report how many samples could not be plotted; see :attr:`livemon.series.block.Block.refused`."""
        counts = {name: block.refused for name, block in self.blocks.items() if block.refused}
        total, now = sum(counts.values()), time.monotonic()
        status = super().status()
        if not total:
            return status
        note = f"samples that could not be plotted because of their time stamps: {total} of {', '.join(counts)}; {HINT}"
        if total > self._refused:
            self._refused, self._refused_at = total, now
            if self._throttle.due("refused"):
                log.warn("{name}: {note}", name=self.name, note=note)
        status["counts"]["samples that cannot be plotted"] = total
        if now - self._refused_at < HOUR:
            status["notes"].append(note)
        return status

    def get_last(self) -> dict[str, Sample]:
        """Return the sample that arrived last of every field that has one."""
        latest = {name: block.latest() for name, block in self.blocks.items()}
        found: dict[str, Sample] = {}
        for key, field in self.fields.items():
            last: Sample | None = (
                field.last_text if field.type == "string" else latest.get(field.block, {}).get(field.name)
            )
            if last is not None:
                found[key] = last
        return found
