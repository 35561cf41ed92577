"""What a renewal of the router's certificate costs whoever is connected: real router, agent, aggregator, hub, nodes and bridge."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from appliance import Appliance
from ocs_site import Site
from panels import Panels
from router import Router
from waiting import wait_for

from livemon import hkarchive

RATE = 10
NODE = {"kind": "feed", "name": "FAKE", "target": "fake1", "feeds": ["false_temperatures"], "description": "Fake data"}
CHANNELS = [f"FAKE::channel_{number:02}" for number in range(4)]
FIELD = "observatory.fake1.feeds.false_temperatures.channel_00"
PARTS = ("hub", "nodes", "bridge")


@dataclass(frozen=True)
class Cost:
    """Seconds, but for the number of sessions."""

    closed: float
    """The longest time in which no new client was let in."""
    unseen: float
    """The greatest age of the newest sample in a panel."""
    archive: float
    """The longest interval between samples of the archive, which are `1 / RATE` apart."""
    lost_sessions: int


@contextmanager
def running(directory: Path) -> Iterator[Appliance]:
    """Run everything as long as the block lasts."""
    router = Router(directory)
    router.start()
    try:
        (directory / "archive").mkdir()
        site = Site(directory, router)
        site.write(
            fake1=("FakeDataAgent", ["--num-channels", 4], ["--sample-rate", RATE], ["--mode", "acq"]),
            recorder=("AggregatorAgent", ["--data-dir", directory / "archive"], ["--frame-seconds", 1]),
        )
        with site.agent("fake1"), site.agent("recorder"), Appliance(directory, router) as appliance:
            appliance.write_nodes(NODE)
            appliance.start()
            appliance.wait_for_values("FAKE", 60)
            wait_for(lambda: _recorded(appliance, time.time() - 60, time.time()), "the archive to begin", 40)
            yield appliance
    finally:
        router.stop()


def served(router: Router) -> str:
    """The serial number of the certificate that the router shows; it is verified by name and authority."""
    context = ssl.create_default_context(cafile=router.directory / "pki/ca.crt")
    with (
        socket.create_connection(("127.0.0.1", router.tls_port), 20) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as tls,
    ):
        return tls.getpeercert()["serialNumber"]


class Callers:
    """New clients, one after another all the time."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._let_in: list[float] = []
        self.refusals: list[Exception] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._call)

    def _call(self) -> None:
        authorities = self._router.directory / "pki/ca.crt"
        while not self._ended.wait(0.02):
            known = authorities.read_bytes()
            try:
                served(self._router)
            except OSError as error:  # a certificate that does not verify is one, too
                # Who read the authorities just before a new one came may meet its certificate: he comes again.
                if not isinstance(error, ssl.SSLCertVerificationError) or authorities.read_bytes() == known:
                    self.refusals.append(error)
            else:
                self._let_in.append(time.monotonic())

    def __enter__(self) -> Callers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)

    @property
    def closed(self) -> float:
        return max(later - earlier for earlier, later in pairwise(self._let_in))


def cost(appliance: Appliance, event: Callable[[], object]) -> tuple[Cost, Callers]:
    """Let something happen to the router while panels are read and callers come; what it cost them."""
    sessions_lost = _sessions_lost(appliance)
    begun = time.time()
    with Panels(appliance, CHANNELS) as panels, Callers(appliance.router) as callers:
        time.sleep(3)
        event()
        happened = time.time()
        wait_for(
            lambda: panels.looks and panels.plotted(happened, time.time()), "panels with samples from after it", 90
        )
        time.sleep(2)
        ended = time.time()
    wait_for(lambda: _recorded(appliance, begun, ended)[-1:] > [ended - 2], "the archive to be written", 30)
    archive = max(later - earlier for earlier, later in pairwise(_recorded(appliance, begun, ended)))
    lost = _sessions_lost(appliance) - sessions_lost
    return Cost(callers.closed, panels.unseen(begun + 1), archive, lost), callers


def _recorded(appliance: Appliance, begin: float, end: float) -> list[float]:
    archive = appliance.directory / "archive"
    return (
        hkarchive.load([FIELD], begin, end, archive)[FIELD][0].tolist()
        if FIELD in hkarchive.scan(begin, end, archive)
        else []
    )


def _sessions_lost(appliance: Appliance) -> int:
    agents = sum(
        (appliance.directory / f"{name}.log").read_text().count("session left") for name in ("fake1", "recorder")
    )
    return agents + sum(appliance.log(part).count("left the router") for part in PARTS)
