"""The closed loop of a heater output: a setpoint that may ramp, and a PID controller."""

from __future__ import annotations


class ClosedLoop:
    """Mixed into an output, which has these fields.

    Attributes
    ----------
    setpoint
        K; where a ramp ends.
    p, i, d
        Gain, reset time (s), rate time (s).
    ramping, ramp_rate
        Whether the setpoint ramps, and by how many K/min.
    percent
        The drive, per cent of full scale.
    """

    setpoint: float
    p: float
    i: float
    d: float
    ramping: int
    ramp_rate: float
    percent: float
    _target: float
    _integral: float
    _error: float | None

    @property
    def ramp_running(self) -> bool:
        """Whether the setpoint is still ramping."""
        return bool(self.ramping) and self._target != self.setpoint

    def set_setpoint(self, kelvin: float) -> None:
        """Set the setpoint, K; without a ramp it takes effect at once."""
        self.setpoint = kelvin
        if not self.ramping:
            self._target = kelvin

    def _ramp(self, seconds: float) -> None:
        """Move the setpoint in force towards the setpoint."""
        if self.ramping and self.ramp_rate:
            step = self.ramp_rate / 60 * seconds
            self._target += min(max(self.setpoint - self._target, -step), step)
        else:
            self._target = self.setpoint

    def _forget(self) -> None:
        """Forget the errors of before: the loop is open."""
        self._integral, self._error = 0.0, None

    def _regulate(self, kelvin: float, seconds: float) -> None:
        """Set the drive after a new reading of the control input, `seconds` after the last one.

        ``percent = P (e + 1/I integral of e + D de/dt)`` with the error `e` in per cent of the setpoint: the PID equation of the
        Model 372's manual, normalised so that one set of parameters serves at 10 mK and at 1 K.
        """
        if not self._target:  # the error is relative to it, and heating cannot reach 0 K
            self.percent = 0.0
            return
        error = 100 * (self._target - kelvin) / self._target
        slope = 0.0 if self._error is None else (error - self._error) / seconds
        integral = self._integral + (error * seconds / self.i if self.i else 0.0)
        demand = self.p * (error + integral + self.d * slope)
        self.percent = min(max(demand, 0.0), 100.0)
        if self.percent == demand:
            self._integral = integral
        self._error = error
