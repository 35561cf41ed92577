"""The node of this machine: load, memory, disk, clock, certificates and, if it has sensors, temperatures."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from cryptography import x509
from twisted.internet.task import LoopingCall

from livemon.contract import SENSORS, SILENT_AFTER
from livemon.log import log
from livemon.nodes import kernelclock
from livemon.nodes.blocks import BlockField, BlockNode
from livemon.series.block import Block

SAMPLE_EVERY = 5.0
READ_CERTIFICATES_EVERY = 3600.0
DAY = 86400.0
BLOCK = SENSORS


class Reading(NamedTuple):
    """One value of the machine, and its description."""

    key: str
    label: str
    units: str | None
    value: float
    type: str = "number"


class SensorsNode(BlockNode):
    """Samples this machine every few seconds.

    Parameters
    ----------
    window
        Seconds of samples that are kept.
    disk
        A path on the file system whose usage is sampled.
    certificates
        Absolute paths of PEM files, or patterns of such; sampled are the days until the first of their certificates expires.
    clock
        The present, UNIX seconds.
    """

    outlives_restarts = True
    silent_after = SILENT_AFTER

    def __init__(
        self,
        name: str,
        description: str,
        window: float = 3600.0,
        disk: str | Path | None = None,
        *,
        certificates: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(name, description, window, clock)
        self.disk = Path(disk or ("/data" if Path("/data").is_dir() else "/"))
        self.certificates = list(certificates)
        self._certificates_expire: float | None = None
        self._certificates_read = -READ_CERTIFICATES_EVERY
        self.blocks[BLOCK] = Block(window)
        self._sampling = LoopingCall(self.sample)
        self._failing: set[str] = set()

    def start(self) -> None:
        """Start to sample."""
        self._sampling.start(SAMPLE_EVERY, now=True).addErrback(
            lambda failure: log.error("sensors: {error}", error=failure.getErrorMessage())
        )

    def stop(self) -> None:
        """Stop."""
        if self._sampling.running:
            self._sampling.stop()

    def sample(self) -> None:
        """Take one sample of everything; what cannot be read now (a disk that is being mounted) is tried again next time."""
        readings = [
            reading
            for reader in (_load, _memory, self._disk, _clock, self._certificates, _temperatures)
            for reading in self._try(reader)
        ]
        for key, label, units, _value, kind in readings:
            if key not in self.fields:
                self.fields[key] = BlockField(BLOCK, key, f"livemon.{self.name}.{key}", label, units, kind)
        self.blocks[BLOCK].append([self.clock()], {each.key: [each.value] for each in readings}, self.clock())

    def _try(self, reader: Callable[[], Iterator[Reading]]) -> list[Reading]:
        """Return the readings of a reader; log a failure once, until it is over."""
        try:
            readings = list(reader())
        except (OSError, RuntimeError, NotImplementedError, AttributeError, ValueError) as error:
            if reader.__name__ not in self._failing:
                log.warn("sensors, {what}: {error!r}", what=reader.__name__.strip("_"), error=error)
            self._failing.add(reader.__name__)
            return []
        self._failing.discard(reader.__name__)
        return readings

    def _disk(self) -> Iterator[Reading]:
        use = psutil.disk_usage(str(self.disk))
        yield Reading("disk_used", "Disk used", "%", use.percent)
        yield Reading("disk_free", "Disk free", "GB", use.free / 1e9)

    def _certificates(self) -> Iterator[Reading]:
        if time.monotonic() - self._certificates_read >= READ_CERTIFICATES_EVERY:
            self._certificates_read = time.monotonic()
            self._certificates_expire = first_expiry(self.certificates)
        if self._certificates_expire is not None:
            days = (self._certificates_expire - self.clock()) / DAY
            yield Reading("certificate_days", "Certificates hold", "d", days)


def first_expiry(patterns: Sequence[str]) -> float | None:
    """Return when the first of the certificates in some files expires, UNIX seconds (UTC); `None` if there is no file.

    A file may contain a whole chain: each certificate of it counts.

    Raises
    ------
    OSError, ValueError
        If a file cannot be read, or is not a PEM file.
    """
    paths = [path for pattern in patterns for path in Path("/").glob(pattern.lstrip("/"))]
    found = [each for path in paths for each in x509.load_pem_x509_certificates(path.read_bytes())]
    return min((each.not_valid_after_utc.timestamp() for each in found), default=None)


def _load() -> Iterator[Reading]:
    yield Reading("load_1", "Load, 1 min", None, psutil.getloadavg()[0])
    yield Reading("cpu_used", "Processors used", "%", psutil.cpu_percent())


def _memory() -> Iterator[Reading]:
    yield Reading("memory_used", "Memory used", "%", psutil.virtual_memory().percent)


def _clock() -> Iterator[Reading]:
    state = kernelclock.discipline()
    if state is not None:
        if state.offset is not None:
            yield Reading("clock_offset", "Clock, offset", "s", state.offset)
        yield Reading("clock_error", "Clock, error at most", "s", state.error)
        yield Reading("clock_synchronized", "Clock synchronised", None, float(state.synchronized), "bool")


def _temperatures() -> Iterator[Reading]:
    # Missing on some platforms; empty on a machine without sensors.
    chips: Mapping[str, list[Any]] = getattr(psutil, "sensors_temperatures", dict)()
    for chip, entries in chips.items():
        for number, entry in enumerate(entries):
            title = f"{chip} {entry.label or number}"
            key = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
            yield Reading(f"temperature_{key}", title, "°C", entry.current)
