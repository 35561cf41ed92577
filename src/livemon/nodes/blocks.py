"""A data node that keeps blocks of samples in memory: what feeds and sensors have in common."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from livemon.log import HOUR, Repeats, log
from livemon.series.block import Block
from livemon.sisock.datanode import DataNodeServer, DataRequest
from livemon.sisock.packed import Timeline, pack, to_answer

HINT = "timedatectl on the agent's host tells whether its clock is right"


@dataclass
class Info:
    """What a node knows of a field besides its samples."""

    block: str
    name: str
    path: str
    label: str | None = None
    units: str | None = None
    type: str = "number"
    last_text: tuple[float, str] | None = field(default=None)


class BlockNode(DataNodeServer):
    """Answers from blocks in memory. Subclasses fill `blocks` and `fields`."""

    outlives_restarts = False
    """Whether its window is saved in a file, because nothing else has it: :mod:`livemon.nodes.window_files`."""

    def __init__(
        self, name: str, description: str, window: float = 3600.0, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(name, description)
        self.window = window
        self.clock = clock
        self.blocks: dict[str, Block] = {}
        self.fields: dict[str, Info] = {}
        self.described = 0
        """How often what is known of fields has changed."""
        self._unplotted = 0
        self._unplotted_at = -math.inf
        self._repeats = Repeats()

    @property
    def fields_version(self) -> str:
        """Changes whenever :meth:`get_fields` would answer with other fields."""
        return f"{self.described}.{len(self.fields)}"

    def get_fields(self, start: float = 1, end: float = 0) -> tuple[dict[str, dict], dict[str, dict]]:
        """Return all fields that have appeared, whatever the interval, as upstream's feed server does."""
        del start, end
        fields = {
            key: {
                "description": info.label or info.name,
                "timeline": info.block,
                "type": info.type,
                "units": info.units,
                "path": info.path,
                "label": info.label,
                "silent_after": self.silent_after,
            }
            for key, info in self.fields.items()
        }
        timelines = {
            name: {
                "interval": float(np.median(np.diff(block.times[-64:]))) if len(block) > 1 else None,
                "field": [key for key, info in self.fields.items() if info.block == name],
            }
            for name, block in self.blocks.items()
        }
        return fields, timelines

    def get_data(self, field: list[str], start: float, end: float, min_stride: float | None = None) -> dict | bool:
        """Return samples from memory; see :meth:`livemon.datanode.DataNodeServer.get_data`."""
        asked = DataRequest.checked(field, start, end, min_stride, self.clock())
        return to_answer(asked.fields, self.samples(asked))

    def packed(self, asked: DataRequest) -> bytes:
        """Return samples from memory, packed."""
        return pack(self.samples(asked))

    def samples(self, asked: DataRequest) -> list[Timeline]:
        """Return the samples that are asked for, without a limit: one entry for each block that has some."""
        by_block: dict[str, list[str]] = {}
        for key in asked.fields:
            info = self.fields.get(key)
            if info is not None and info.type != "string":
                by_block.setdefault(info.block, []).append(key)
        timelines = []
        for name, keys in by_block.items():
            names = [self.fields[key].name for key in keys]
            block = self.blocks[name]
            times, values, until, thinned = block.envelope(
                names, asked.start, asked.end, asked.stride, spaced=asked.spaced
            )
            if times.size:
                timelines.append(Timeline(name, times, keys, values, self.final(name, until), thinned))
        return timelines

    def final(self, block: str, until: float | None) -> float | None:
        """Return until when the samples of a block are final, who are so as far as the block itself knows until `until`."""
        del block
        return until

    def told(self) -> dict[str, Any]:
        """Tell how many samples have no place in the order of time; see :attr:`livemon.series.block.Block.refused`."""
        counts = {name: block.refused for name, block in self.blocks.items() if block.refused}
        total, now = sum(counts.values()), time.monotonic()
        if not total:
            return super().told()
        note = f"samples that could not be plotted for their time stamps: {total} of {', '.join(counts)}; {HINT}"
        if total > self._unplotted:
            self._unplotted, self._unplotted_at = total, now
            if self._repeats.to_tell("unplotted"):
                log.warn("{name}: {note}", name=self.name, note=note)
        notes = [note] if now - self._unplotted_at < HOUR else []
        return super().told() | {"counts": {"samples that cannot be plotted": total}, "notes": notes}

    def get_last(self) -> dict[str, tuple[float, Any]]:
        """Return the sample that came last of every field that has one."""
        latest = {name: block.latest() for name, block in self.blocks.items()}
        found = {}
        for key, info in self.fields.items():
            last = info.last_text if info.type == "string" else latest.get(info.block, {}).get(info.name)
            if last is not None:
                found[key] = last
        return found
