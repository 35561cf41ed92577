"""The node of this machine itself: load, memory, disk and, where there is a chip, temperatures. Read by psutil."""

from __future__ import annotations

import re
import time
from pathlib import Path

import psutil
from twisted.internet.task import LoopingCall

from livemon.nodes.blocks import BlockNode, Info
from livemon.series.block import Block
from livemon.wamp import log

SAMPLE_EVERY = 5.0
BLOCK = "livemon.sensors"


class SensorsNode(BlockNode):
    """Samples this machine every few seconds.

    Parameters
    ----------
    disk
        A path on the file system whose use is told.
    """

    def __init__(self, name: str, description: str, window: float = 3600.0, disk: Path | None = None) -> None:
        super().__init__(name, description, window)
        self.disk = disk or (Path("/data") if Path("/data").is_dir() else Path("/"))
        self.blocks[BLOCK] = Block(window)
        self._sampling = LoopingCall(self.sample)

    def start(self) -> None:
        """Begin to sample."""
        self._sampling.start(SAMPLE_EVERY, now=True).addErrback(
            lambda failure: log.error("sensors: {error}", error=failure.getErrorMessage())
        )

    def stop(self) -> None:
        """End."""
        if self._sampling.running:
            self._sampling.stop()

    def sample(self) -> None:
        """Take one sample of everything; what cannot be read now (a disk being mounted) may be the next time."""
        try:
            readings = self._read()
        except OSError as error:
            log.warn("sensors: {error}", error=error)
            return
        for key, (label, units, _value) in readings.items():
            if key not in self.fields:
                self.fields[key] = Info(BLOCK, key, f"livemon.{self.name}.{key}", label, units)
        self.blocks[BLOCK].append([time.time()], {key: [value] for key, (_, _, value) in readings.items()})

    def _read(self) -> dict[str, tuple[str, str | None, float]]:
        memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(self.disk))
        readings = {
            "load_1": ("Load, 1 min", None, psutil.getloadavg()[0]),
            "cpu_used": ("Processors used", "%", psutil.cpu_percent()),
            "memory_used": ("Memory used", "%", memory.percent),
            "disk_used": ("Disk used", "%", disk.percent),
            "disk_free": ("Disk free", "GB", disk.free / 1e9),
        }
        # Not there on every platform; without a chip it is empty.
        for chip, entries in getattr(psutil, "sensors_temperatures", dict)().items():
            for number, entry in enumerate(entries):
                key = re.sub(r"[^a-z0-9]+", "_", f"{chip}_{entry.label or number}".lower()).strip("_")
                readings[f"temperature_{key}"] = (f"{chip} {entry.label or number}", "°C", entry.current)
        return readings
