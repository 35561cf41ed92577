"""Synthetic weather: the demonstration of an archive, as upstream's sisock has one with the weather of a real station.

Every value is a function of its time alone, so that a node has the same weather after a restart, and on any machine.
With days d since 1970 in UTC and w(p) = sin(2 pi d / p), the air is

- warmed by the year and the day: T = -4 + 6 w_year + 5 w_day + 3 front + 0.8 gust (°C)
- under the pressure of fronts: P = 556 + 2.5 front' + 0.6 w(0.5) (hPa), about the pressure at an altitude of 5000 m
- as moist as fronts make it: relative humidity 35 + 22 moist - 12 w_day, clipped to 3 to 100 %; the dew point follows from both
  by the Magnus formula

where fronts are sums of sines with incommensurable periods of 3 to 17 days, and gusts are noise made by a hash of the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from twisted.internet.task import LoopingCall

from livemon.nodes.blocks import BlockField, BlockNode
from livemon.series.block import Block

BLOCK = "weather"
INTERVAL = 300.0
"""Seconds between samples, whose times are whole multiples of it."""
YEAR = 366 * 86400.0
OBSERVE_EVERY = 5.0
"""Seconds between two checks whether it is time for another sample."""
_FIELDS = {
    "temperature": ("Temperature", "°C"),
    "dewpoint": ("Dew point", "°C"),
    "pressure": ("Pressure", "hPa"),
    "humidity": ("Relative humidity", "%"),
    "windspeed": ("Wind speed", "m/s"),
    "winddirection": ("Wind direction", "°"),
    "radiometer": ("Precipitable water", "mm"),
}
"""Label and units, by the names in upstream's weather nodes."""


class WeatherNode(BlockNode):
    """Synthetic weather from a year ago up to now.

    Parameters
    ----------
    window
        Seconds before now that its archive covers.
    clock
        The present, UNIX seconds.
    """

    def __init__(
        self, name: str, description: str, window: float = YEAR, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(name, description, window, clock)
        self.blocks[BLOCK] = Block(window)
        self.fields = {
            key: BlockField(BLOCK, key, f"livemon.{name}.{key}", f"{label} (synthetic)", units)
            for key, (label, units) in _FIELDS.items()
        }
        self._observing = LoopingCall(self.observe)

    def start(self) -> None:
        """Fill the window, and go on from there."""
        self._observing.start(OBSERVE_EVERY, now=True)

    def stop(self) -> None:
        """Stop."""
        if self._observing.running:
            self._observing.stop()

    def observe(self) -> None:
        """Append the weather since the last sample."""
        now, block = self.clock(), self.blocks[BLOCK]
        first = block.times[-1] + INTERVAL if len(block) else now - self.window
        times = np.arange(np.ceil(first / INTERVAL), np.floor(now / INTERVAL) + 1) * INTERVAL
        if times.size:
            block.append(times, weather(times), now)


def weather(times: NDArray[np.float64]) -> Mapping[str, NDArray[np.float64]]:
    """Return the synthetic weather at some times (UNIX seconds, shape (n,)): the values of each field, shape (n,)."""
    days = times / 86400

    def wave(period: float, phase: float = 0.0) -> NDArray[np.float64]:
        return np.sin(2 * np.pi * (days / period + phase))

    def fronts(phase: float) -> NDArray[np.float64]:
        return (wave(17.3, phase) + wave(7.1, 2 * phase) + wave(3.37, 3 * phase)) / 2

    day, year = wave(1, -0.4), wave(365.25, 0.25)
    temperature = -4 + 6 * year + 5 * day + 3 * fronts(0.1) + 0.8 * _noise(times, 1)
    humidity = np.clip(35 + 22 * fronts(0.35) - 12 * day + 3 * _noise(times, 2), 3, 100)
    magnus = np.log(humidity / 100) + 17.62 * temperature / (243.12 + temperature)
    dewpoint = 243.12 * magnus / (17.62 - magnus)
    return {
        "temperature": temperature,
        "dewpoint": dewpoint,
        "pressure": 556 + 2.5 * fronts(0.6) + 0.6 * wave(0.5) + 0.1 * _noise(times, 3),
        "humidity": humidity,
        "windspeed": np.abs(6 + 3 * day + 3 * fronts(0.8) + 2 * _noise(times, 4)),
        "winddirection": (270 + 60 * fronts(0.2) + 15 * _noise(times, 5)) % 360,
        "radiometer": 1.2 * np.exp(dewpoint / 18) * (1 + 0.05 * _noise(times, 6)),
    }


def _noise(times: NDArray[np.float64], which: int) -> NDArray[np.float64]:
    """Return numbers in [-1, 1), a hash of the time (splitmix64): uncorrelated with their neighbours."""
    state = (times.astype(np.uint64) + np.uint64(which << 40)) * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (state ^ (state >> np.uint64(31))).astype(np.float64) / 2.0**63 - 1
