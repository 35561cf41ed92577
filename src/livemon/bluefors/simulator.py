"""A Bluefors dilution refrigerator that writes its log files: temperatures of the simulated cryostat, and what follows from them."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from livemon.bluefors import log_files
from livemon.bluefors.log_files import number
from livemon.errors import DeviceError
from livemon.health.liveness import touch_alive
from livemon.instruments.common.cryostat import ROOM, Cryostat
from livemon.instruments.common.sensors import RUTHENIUM_OXIDE, ZIRCONIUM_OXYNITRIDE

THERMOMETERS = {
    1: ("50K plate", ZIRCONIUM_OXYNITRIDE),
    2: ("4K plate", ZIRCONIUM_OXYNITRIDE),
    5: ("Still", RUTHENIUM_OXIDE),
    6: ("Mixing chamber", RUTHENIUM_OXIDE),
}
"""Stage and sensor of each channel, as Bluefors connects them."""
PRESSURES = ((1e-3, 2.4e-6), (5.0, 1.2e-2), (5.0, 560.0), (5.0, 580.0), (1.3, 5.7), (1.3, 3.9))
"""Of each gauge, mbar with the mixture in its tank and while it circulates: vacuum can, still, condensing, backing, tank, air."""
FLOW = 0.5
"""mmol/s while the mixture circulates: that of the simulated cryostat."""
CIRCULATING = ("v1", "v4", "v7", "v9", "v10", "v13", "turbo1", "scroll1")
VALVES = (
    *(f"v{valve}" for valve in range(1, 24)),
    *("turbo1", "turbo2", "scroll1", "scroll2", "compressor", "pulsetube", "hs-still", "hs-mc", "ext"),
)
PSI, CELSIUS, RUNNING = 0, 1, 3


class Refrigerator:
    """What the control software reads, while the cryostat cools down and drifts.

    Parameters
    ----------
    cryostat
        It is advanced before each of `lines`.
    """

    def __init__(self, cryostat: Cryostat) -> None:
        self._cryostat = cryostat

    def lines(self, elapsed: float) -> Iterator[tuple[str, str]]:
        """Yield a file and its line without the time, `elapsed` seconds after switch-on."""
        self._cryostat.advance(elapsed)
        for channel, (stage, sensor) in THERMOMETERS.items():
            kelvin = self._cryostat.temperature(stage)
            yield log_files.thermometer(channel, "T"), number(kelvin)
            yield log_files.thermometer(channel, "R"), number(sensor.response(kelvin))
        circulating = self._circulating()
        yield log_files.FLOW, f"{FLOW * circulating:.6f}"
        yield log_files.PRESSURES, log_files.gauges(_between(*ends, circulating) for ends in PRESSURES)
        yield log_files.VALVES, f"0,{log_files.pairs(self._valves(circulating > 0.5))}"
        yield log_files.STATUS, log_files.pairs({name: number(value) for name, value in self._status(elapsed).items()})
        yield log_files.HEATERS, log_files.pairs({name: number(value) for name, value in self._heaters().items()})

    def _circulating(self) -> float:
        """From 0, the mixture is in its tank, to 1: it circulates, which it does once the 4 K plate is cold."""
        return 1 / (1 + (self._cryostat.temperature("4K plate") / 5) ** 8)

    def _valves(self, circulates: bool) -> dict[str, str]:
        warm = self._cryostat.temperature("Mixing chamber") > 10
        on = {"pulsetube", "ext", *(("hs-still", "hs-mc") if warm else ()), *(CIRCULATING if circulates else ())}
        return {name: str(int(name in on)) for name in VALVES}

    def _status(self, elapsed: float) -> dict[str, float]:
        """Return the states of turbo pump, control pressure and compressor (CPA; °C, psi, A, hours)."""
        load = self._cryostat.temperature("50K plate") / ROOM
        low, high = 88.0 - 8 * load, 292.0 + 30 * load
        pump = {"errorcode": 0, "ovtempelec": 0, "ovtemppump": 0, "setspdatt": 1, "pumpaccel": 0, "commerr": 0}
        states = {"state": RUNNING, "run": 1, "warn": 0, "err": 0}
        temperatures = {"tempwi": 18.6, "tempwo": 28.1, "tempo": 32.4, "temph": 72.5 + 4 * load}
        pressures = {"lp": low, "lpa": low, "hp": high, "hpa": high, "dp": high - low}
        motor = {"current": 15.3 + 2 * load, "hours": 14480 + elapsed / 3600}
        panel = {"pscale": PSI, "tscale": CELSIUS, "sn": 14831, "model": 1048}
        return (
            {f"tc400{name}": value for name, value in pump.items()}
            | {"ctrl_pres": 1}
            | {f"cpa{name}": value for name, value in (states | temperatures | pressures | motor | panel).items()}
        )

    def _heaters(self) -> dict[str, float]:
        """Return the outputs of the Lake Shore 372, off: warm-up (a1) and still (a2) in V and Ω, mixing chamber in W."""
        warm_up = {"a1_u": 0.0, "a1_r_lead": 0.0, "a1_r_htr": 50.0}
        still = {"a2_u": 0.0, "a2_r_lead": 0.0, "a2_r_htr": 120.0}
        return warm_up | still | {"htr": 0.0, "htr_range": 0.0}


def _between(warm: float, cold: float, fraction: float) -> float:
    """Return the geometric mean that is `fraction` of the way from one to the other."""
    return math.exp(math.log(warm) + fraction * (math.log(cold) - math.log(warm)))


def write(directory: Path, refrigerator: Refrigerator, every: float, announce: Callable[[str], None]) -> None:
    """Write all files below `directory` every so many seconds, until SIGTERM or SIGINT.

    Parameters
    ----------
    announce
        Called with each day's directory, once all its files have a line.

    Raises
    ------
    DeviceError
        If a file cannot be written.
    """
    over = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: over.set())
    switched_on, announced = time.monotonic(), None
    while not over.is_set():
        elapsed, now = time.monotonic() - switched_on, datetime.now()  # local time, as the files have it
        for file, content in refrigerator.lines(elapsed):
            try:
                log_files.append(directory, file, now, content)
            except OSError as error:
                raise DeviceError(f"cannot write {error.filename}: {error.strerror}") from error
        touch_alive()
        if announced != now.date():
            announced = now.date()
            announce(str(directory / f"{now:%y-%m-%d}"))
        over.wait(every - (time.monotonic() - switched_on) % every)
