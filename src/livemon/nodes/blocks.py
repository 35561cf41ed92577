"""A data node that keeps blocks of samples in memory: what feeds and sensors have in common."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from livemon.datanode import DataNodeServer, unix_time
from livemon.series.block import Block
from livemon.series.envelope import envelope

ANSWER_LIMIT = 50_000
"""Numbers in one answer: about 9 bytes each, below the 1 MiB that upstream's sessions carry in one message."""


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

    def __init__(self, name: str, description: str, window: float = 3600.0) -> None:
        super().__init__(name, description)
        self.window = window
        self.blocks: dict[str, Block] = {}
        self.fields: dict[str, Info] = {}

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
        now = time.time()
        first, last = unix_time(start, now), unix_time(end, now)
        data: dict[str, list] = {key: [] for key in field}
        timelines: dict[str, dict] = {}
        size = 0
        for name, block in self.blocks.items():
            keys = [key for key in data if key in self.fields and self.fields[key].block == name]
            keys = [key for key in keys if self.fields[key].type != "string"]
            part = block.between(first, last)
            if not keys or part.start == part.stop:
                continue
            times = block.times[part]
            values = np.vstack([block.values(self.fields[key].name)[part] for key in keys])
            times, values = envelope(times, values, float(min_stride or 0))
            size += times.size * (len(keys) + 1)
            if size > ANSWER_LIMIT:
                return False
            timelines[name] = {"t": times.tolist(), "finalized_until": self._finalized_until(block, min_stride)}
            data.update(zip(keys, _plain(values), strict=True))
        return {"data": data, "timeline": timelines}

    def get_last(self) -> dict[str, tuple[float, Any]]:
        """Return the newest sample of every field that has one; texts as text."""
        found = {}
        for key, info in self.fields.items():
            last = info.last_text if info.type == "string" else self.blocks[info.block].last(info.name)
            if last is not None:
                found[key] = last
        return found

    def _finalized_until(self, block: Block, min_stride: float | None) -> float:
        newest = float(block.times[-1])
        width = 2 * float(min_stride or 0)
        return float(np.floor(newest / width) * width) if width else newest


def _plain(values: np.ndarray) -> list[list[float | None]]:
    """Return rows of numbers, `None` for NaN: what every serializer and every consumer can carry."""
    if not np.isnan(values).any():
        return values.tolist()
    return [[None if np.isnan(value) else value for value in row] for row in values.tolist()]
