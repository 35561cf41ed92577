"""The control software of a Bluefors refrigerator: `livemon simulate bluefors`. Away, it is not running."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from ocs_site import LIVEMON
from processes import process
from waiting import wait_for


class LogWriter:
    """Writes the log directory `address`."""

    def __init__(self, directory: Path) -> None:
        self.address = str(directory)
        self._log = directory.with_suffix(".log")
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        self._running.close()

    def come_back(self) -> None:
        self._log.unlink(missing_ok=True)
        command = (LIVEMON, "simulate", "bluefors", self.address, "--every", 1, "--cooldown-minutes", 0)
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        self._running.enter_context(process(*command, log=self._log, env=environment))
        wait_for(lambda: "log files are in" in self._log.read_text(), "the log files to be written", 60)

    def values(self, file: str) -> list[float]:
        """Return the values of today's file whose name begins so."""
        (path,) = Path(self.address).glob(f"*/{file} *.log")
        return [float(line.rpartition(",")[2]) for line in path.read_text().splitlines()]
