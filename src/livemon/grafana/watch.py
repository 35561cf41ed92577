"""What looks after a running Grafana: keeps its silences, sees whether its messages arrive and whether it has what it was given.

In a directory of its own it keeps ::

    silences.json    what Grafana listed last (livemon.grafana.silences), for one that was killed; nobody else may read it
    grafana.json     {"looked": UNIX seconds, "fault": sentence or null, "problems": [sentence],
                      "tells": bool, "silenced": {id: bool}}, what the bridge tells on

where `looked` is when Grafana answered last (or when the watch began), `fault` why it has not since, `tells` whether its messages go
to anybody, and `silenced`, of each alarm that fires in Grafana, whether a silence keeps its messages back.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livemon.errors import GrafanaError, LivemonError
from livemon.files import write_private, write_public
from livemon.grafana import deliveries, provisioned, silences
from livemon.grafana import given as files
from livemon.grafana.client import Grafana

EVERY = 15.0
"""Seconds between two looks; Grafana notifies nobody in its first half minute."""
COMPARED_EVERY = 60.0
"""Seconds between two looks at what Grafana has. A run of the playbook changes the files first, so a fault counts at the second."""
REST = 120.0
"""Seconds without an attempt after a refused password: Grafana locks the account after five within five minutes."""
SILENCES = "silences.json"
TOLD = "grafana.json"


@dataclass
class Watch:
    """One process of it; `turn` is to be called every `EVERY` seconds.

    Parameters
    ----------
    connect
        Returns Grafana with the password of the moment, which a restore changes; may raise a LivemonError.
    directory
        Where it keeps what it knows.
    say
        Takes a sentence for the log.
    given
        The directory of what Grafana was given, laid out like ``/etc/livemon/grafana``; without it nothing is compared.
    """

    connect: Callable[[], Grafana]
    directory: Path
    say: Callable[[str], None]
    clock: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    given: Path | None = None
    _looked: float = field(init=False)
    _deliveries: list[deliveries.Delivery] = field(default_factory=list, init=False)
    _silenced: dict[str, bool] = field(default_factory=dict, init=False)
    _lacked: list[str] = field(default_factory=list, init=False)
    _lacks: list[str] = field(default_factory=list, init=False)
    _compared: float = field(default=-math.inf, init=False)
    _fault: str | None = field(default=None, init=False)
    _rests_until: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._looked = self.clock()

    def turn(self) -> None:
        """Look at Grafana unless it just refused the password, and write down what is wrong."""
        if self.steady() >= self._rests_until:
            former, self._fault = self._fault, None
            try:
                self._look()
            except LivemonError as error:
                self._fault = str(error)
                if isinstance(error, GrafanaError) and error.status == 401:
                    self._rests_until = self.steady() + REST
            if self._fault != former:
                self.say(self._fault or "Grafana answers")
        problems = [*deliveries.problems(self._deliveries, self.clock())]
        problems += [f"Grafana is not as it should be: {fault}" for fault in self._lacks if fault in self._lacked]
        content: dict[str, Any] = {"looked": self._looked, "fault": self._fault, "problems": problems}
        content |= {"tells": deliveries.tell_somebody(self._deliveries), "silenced": self._silenced}
        write_public(self.directory / TOLD, json.dumps(content).encode())

    def _look(self) -> None:
        grafana = self.connect()
        kept = self._kept()
        present = silences.bring_back(grafana, kept, dt.datetime.fromtimestamp(self.clock(), dt.UTC), self.say)
        if present != kept:
            write_private(self.directory / SILENCES, json.dumps(present).encode())
        self._silenced = silences.firing(grafana)
        self._deliveries = deliveries.followed(self._deliveries, deliveries.asked(grafana))
        self._looked = self.clock()
        if self.given is not None and self.steady() - self._compared >= COMPARED_EVERY:
            self._compared = self.steady()
            self._lacked, self._lacks = self._lacks, provisioned.faults(grafana, files.read(self.given))

    def _kept(self) -> list[silences.Silence]:
        try:
            kept: list[silences.Silence] = json.loads((self.directory / SILENCES).read_bytes())
        except (OSError, ValueError):
            return []
        return kept
