"""A toy dilution refrigerator: the energy balance of its stages, integrated in time.

Each stage has a heat capacity, a load from outside, links to its neighbours and, if it has a cooler, a cooling
power that depends on its temperature:

    C(T) dT/dt = load + heater + sum of links - cooling(T)

The numbers are typical of a pulse-tube cooled laboratory refrigerator: 40 W at 45 K and 1.5 W at 4.2 K,
dilution cooling of 84 J/(mol K²) x 500 µmol/s x T² (F. Pobell, Matter and Methods at Low Temperatures, chapter 7).
A real one takes a day to cool down; here time runs faster by a constant factor, which `cooldown` sets.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROOM = 295.0
STAGES = ("50K shield", "50K plate", "4K plate", "4K shield", "Still", "Cold plate", "Mixing chamber")
VACUUM_CAN = "Vacuum can"

_SHIELD50, _PLATE50, _PLATE4, _SHIELD4, _STILL, _COLD, _MIXING = range(len(STAGES))

# Heat capacity far above the Debye temperature, J/K: mass (kg) of copper times 385 J/(kg K).
_LATTICE = 385.0 * np.array([12, 18, 20, 10, 6, 4, 8])
# What remains at very low temperature (electrons, nuclear moments, the payload), J/K².
_RESIDUAL = np.array([1.0, 1.0, 1.0, 1.0, 8.0, 30.0, 240.0])
# Constant part of the load, W.
_LOAD = np.array([0.0, 0.0, 0.0, 0.0, 5e-3, 5e-4, 4.2e-6])
# Conduction from room temperature, W/K.
_WIRING = np.array([0.0, 0.03, 0.001, 0.0, 0.0, 0.0, 0.0])
# Radiation from room temperature, W/K^4.
_RADIATION = np.array([1.8e-9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
# Solid links: (stage, stage, W/K).
_LINKS = ((_SHIELD50, _PLATE50, 4.0), (_PLATE50, _PLATE4, 0.005), (_PLATE4, _SHIELD4, 1.5))
# Links through the pre-cooling circuit, which freeze out below some kelvin: (stage, stage, W/K).
_PRECOOLING = ((_PLATE4, _STILL, 2.0), (_STILL, _COLD, 2.0), (_COLD, _MIXING, 2.0))

# Relative size and periods (s) of the slow changes of all loads.
_DRIFT = 0.03
_DRIFT_PERIODS = np.array([7.1, 19.3, 61.7]) * 60

# Time that the uncompressed model takes from room temperature until the mixing chamber is within 10 % of its base.
_REAL_COOLDOWN = 95_000.0
_STEPS_PER_COOLDOWN = 2400
_STEPS_TO_SETTLE = 100
_LONGEST_STEP = 0.25
# Not shorter, or a cool-down of a few seconds would take longer to compute than it lasts.
_SHORTEST_STEP = 0.001
_LARGEST_CHANGE = 0.05


class Cryostat:
    """The cryostat, from switch-on at room temperature.

    Deterministic: temperatures depend on the parameters, the time and the heater powers only, not on when they are
    read, because the model is integrated on a fixed grid of steps.

    Parameters
    ----------
    cooldown
        Seconds from switch-on until the mixing chamber is within 10 % of its base temperature. 0 starts cold, with
        the time scale of a ten-minute cool-down.
    seed
        Sets the phases of the slow drift.
    drift
        Relative amplitude of the drift of the loads; 0 for none.
    """

    def __init__(self, cooldown: float = 600.0, seed: int = 0, drift: float = _DRIFT) -> None:
        scale = cooldown or 600.0
        self._compression = _REAL_COOLDOWN / scale
        self._step = min(_LONGEST_STEP, max(_SHORTEST_STEP, scale / _STEPS_PER_COOLDOWN))
        self._drift = drift
        self._phases = np.random.default_rng(seed).uniform(0, 2 * math.pi, (len(STAGES) + 1, len(_DRIFT_PERIODS)))
        self._heat = np.zeros(len(STAGES))
        self._steps = 0
        self._before = self._after = np.full(len(STAGES), math.log(ROOM))
        self.elapsed = 0.0
        if cooldown == 0:
            self._settle()

    def temperature(self, stage: str) -> float:
        """Return the temperature of a stage now, K.

        Raises
        ------
        KeyError
            If there is no such stage.
        """
        if stage == VACUUM_CAN:
            return ROOM * (1 + 0.05 * self._drift * float(self._waves(self.elapsed)[-1]))
        if stage not in STAGES:
            raise KeyError(stage)
        index = STAGES.index(stage)
        fraction = self.elapsed / self._step - (self._steps - 1) if self._steps else 0.0
        return math.exp(float(self._before[index] + fraction * (self._after[index] - self._before[index])))

    def heat(self, stage: str, watts: float) -> None:
        """Set the power of the heater on a stage, W; it acts from the next step on."""
        self._heat[STAGES.index(stage)] = watts

    def advance(self, elapsed: float) -> None:
        """Advance to `elapsed` seconds after switch-on; an earlier time than the present one changes nothing."""
        self.elapsed = max(self.elapsed, elapsed)
        while self._steps * self._step < self.elapsed:
            drift = self._drift * self._waves(self._steps * self._step)[:-1]
            self._before = self._after
            self._after = self._integrate(self._after, self._step * self._compression, drift)
            self._steps += 1

    def _settle(self) -> None:
        """Cool down to base temperature without time passing."""
        for _ in range(_STEPS_TO_SETTLE):
            self._after = self._integrate(self._after, 2 * _REAL_COOLDOWN / _STEPS_TO_SETTLE, 0.0)
        self._before = self._after

    def _waves(self, elapsed: float) -> Array:
        """Drift of each stage's load and, last, of the room: slow waves within -1..1."""
        waves: Array = np.sin(2 * math.pi * elapsed / _DRIFT_PERIODS + self._phases)
        return np.asarray(waves.mean(axis=1))

    def _integrate(self, logs: Array, seconds: float, drift: Array | float) -> Array:
        """Integrate ln T with the linearly implicit Euler method, which keeps T positive and stiff stages stable.

        A step that would change a temperature by more than a few per cent is halved: below 40 K heat capacities fall
        so steeply that cooling feeds on itself.
        """
        small = 1e-6
        rates = self._rates(np.vstack([logs, logs + small * np.eye(len(logs))]), drift)
        jacobian = (rates[1:] - rates[0]).T / small
        change = np.linalg.solve(np.eye(len(logs)) - seconds * jacobian, seconds * rates[0])
        if np.abs(change).max() <= _LARGEST_CHANGE:
            return logs + change
        return self._integrate(self._integrate(logs, seconds / 2, drift), seconds / 2, drift)

    def _rates(self, logs: Array, drift: Array | float) -> Array:
        """``d ln T / dt`` in 1/s, for an array of states of shape (any, stages)."""
        t = np.exp(logs)
        power = (_LOAD + _WIRING * (ROOM - t) + _RADIATION * (ROOM**4 - t**4)) * (1 + drift) + self._heat
        for one, other, conductance in _LINKS:
            _conduct(power, t, one, other, conductance)
        for one, other, conductance in _PRECOOLING:
            colder = np.minimum(t[:, one], t[:, other]) ** 4
            _conduct(power, t, one, other, conductance * colder / (colder + 5.0**4))
        power -= _cooling(t)
        return power / (_heat_capacity(t) * t)


def _conduct(power: Array, t: Array, one: int, other: int, conductance: Array | float) -> None:
    flow = conductance * (t[:, one] - t[:, other])
    power[:, one] -= flow
    power[:, other] += flow


def _heat_capacity(t: Array) -> Array:
    """J/K: a Debye-like lattice part, and a residual one that peaks at 0.1 K."""
    return _LATTICE / (1 + (80 / t) ** 3) + _RESIDUAL * t / (1 + (t / 0.1) ** 2)


def _cooling(t: Array) -> Array:
    """Cooling power of each stage, W; the dilution unit starts once the 4 K plate condenses the mixture."""
    condensed = 1 / (1 + (t[:, _PLATE4] / 5) ** 8)
    cooling = np.zeros_like(t)
    cooling[:, _PLATE50] = 180 * (1 - 32 / t[:, _PLATE50])
    cooling[:, _PLATE4] = 4.5 * (1 - 2.6 / t[:, _PLATE4]) * (1 + t[:, _PLATE4] / 15)
    cooling[:, _STILL] = 0.03 * (t[:, _STILL] / 0.8) ** 3 * condensed
    cooling[:, _COLD] = 2e-3 * (t[:, _COLD] / 0.1) ** 2 * condensed
    cooling[:, _MIXING] = 84 * 5e-4 * t[:, _MIXING] ** 2 * condensed
    return cooling
