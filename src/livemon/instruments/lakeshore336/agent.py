"""What a Lake Shore 336 reads is published under permanent names, with its status, and in kelvins.

socs names fields by the input's INNAME: two inputs with the same name would merge, and a rename on the front panel would split a
sensor's history. Here input A is always ``Channel_A_T``, ``Channel_A_V``.

socs never queries the status of a reading. The instrument answers ``KRDG?`` and ``SRDG?`` with 0 if it has none, and ``RDGST?``
says why (Model 336 manual, section 6.6: a sum of bits, 0 for a valid reading). Here it is queried between the two and published
beside them; what it calls invalid is NaN, and so is 0 K: no input is that cold. The numbers that the instrument sent are in a block
of their own.

A setpoint is in the preferred units of its control input (``SETP``, section 6.6). Here it is published in kelvins; one in sensor
units is NaN, and its number is in a block of its own.

A lost connection ends socs's acquisition; here it goes on when the instrument replies again. And `acq` takes its rate from the option
``--f-sample``, which upstream overrides with a default.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ocs import ocs_agent
from socs.agents.lakeshore336 import agent
from socs.Lakeshore import Lakeshore336

from livemon.instruments.lakeshore336.facts import MODEL

READINGS, HEATERS = "temperatures", "heaters"
"""The blocks that socs publishes."""
OF_TEMPERATURE_ONLY = 16 | 32
"""Temperature under and over range: the reading in sensor units is valid, but not on the curve."""
ALL_BITS = 255
ZERO_CELSIUS = 273.15
_Upstream: Any = object
"""The base of what is mixed into upstream's classes, which have no types."""


class PinnedChannel(Lakeshore336.Channel):
    """An input whose name is its letter; the front panel's name is `front_panel_name`."""

    front_panel_name = ""

    @property
    def input_name(self) -> str:
        """``Channel_A`` to ``Channel_D``, and ``Channel_D2`` to ``Channel_D5`` with the option card."""
        return f"Channel_{self.input}"

    @input_name.setter
    def input_name(self, front_panel_name: str) -> None:
        self.front_panel_name = front_panel_name

    def get_input_name(self) -> str:
        """Query and return the name that the front panel shows."""
        super().get_input_name()
        return self.front_panel_name


class AsksForStatus(_Upstream):
    """Mixed into socs's ``LS336``: readings of all inputs have a status, `reading_status` by input."""

    channels: Mapping[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.reading_status: dict[str, int] = {}
        super().__init__(*args, **kwargs)

    def get_kelvin(self, inp: str) -> Any:
        """Return readings as socs does; query their status after those of all inputs.

        Raises
        ------
        ConnectionError
            If the instrument did not answer.
        ValueError
            If the answer is not a status; that ends socs's acquisition, and the agent restarts with a clean connection.
        """
        readings = super().get_kelvin(inp)
        if inp == "0":
            self.reading_status = {name: self._status(name) for name in self.channels}
        return readings

    def _status(self, name: str) -> int:
        answer = self.msg(f"RDGST? {name}")
        if not answer.isdecimal() or int(answer) > ALL_BITS:
            raise ValueError(f"{answer!r} is not a reading status")
        return int(answer)


class PublishesStatus(_Upstream):
    """Mixed into socs's agent: readings have a status, setpoints are in kelvins, and a lost connection is waited for."""

    def __init__(self, ocs_agent: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(ocs_agent, *args, **kwargs)
        publish = ocs_agent.publish_to_feed

        def publish_completed(feed_name: str, message: Any, from_reactor: bool | None = None) -> None:
            for each in self._completed(message) if feed_name == MODEL.feed else [message]:
                publish(feed_name, each, from_reactor)

        ocs_agent.publish_to_feed = publish_completed

    def _completed(self, message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        if message["block_name"] == READINGS:
            yield from with_status(message, self.module.reading_status)
        elif message["block_name"] == HEATERS:
            yield from with_kelvins(
                message, {name: self._units(heater) for name, heater in self.module.heaters.items()}
            )
        else:
            yield message

    def _units(self, heater: Any) -> str:
        """Query the units of a heater's setpoint; kelvins if it has no control input."""
        channel = self.module.channels.get(heater.get_input_channel())
        return channel.get_units() if channel else "kelvin"

    @ocs_agent.param("f_sample", default=None, type=float)
    def acq(self, session: Any, params: Any = None) -> tuple[bool, str]:
        """Record thermometers and heaters, also after the connection to the instrument was lost.

        The parameter `f_sample` is the number of samples a second, by default what the option ``--f-sample`` says.
        """
        self.take_data = True
        while self.take_data:
            try:
                done: tuple[bool, str] = super().acq(session, params)
            except ConnectionError:  # which the connection has reported; the next message opens it again
                continue
            return done
        return True, "Acquisition exited cleanly"


def with_status(message: Mapping[str, Any], statuses: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield a message of all inputs with their `statuses` and NaN for invalid readings; then the invalid readings of each input.

    `message` has one block: ``{"timestamp", "block_name", "data": {"Channel_A_T": kelvins, "Channel_A_V": sensor units, ...}}``.
    """
    data: dict[str, Any] = {}
    flagged: list[dict[str, Any]] = []
    for name, status in statuses.items():
        stem = f"Channel_{name}"
        readings = {field: float(message["data"][field]) for field in (f"{stem}_T", f"{stem}_V")}
        invalid = set(readings) if status & ~OF_TEMPERATURE_ONLY else set()
        if status or not readings[f"{stem}_T"]:
            invalid.add(f"{stem}_T")
        data |= {field: math.nan if field in invalid else value for field, value in readings.items()}
        data[f"{stem}_status"] = status
        if invalid:
            flagged.append(_flagged(message, stem, readings))
    yield {**message, "data": data}
    yield from flagged


def with_kelvins(message: Mapping[str, Any], units: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield a message of the heaters with setpoints in kelvins; then each setpoint that is in sensor units.

    `units` are those of the setpoints by heater: ``kelvin``, ``celsius`` or ``sensor``.
    """
    data = dict(message["data"])
    flagged: list[dict[str, Any]] = []
    for name, unit in units.items():
        stem = f"Heater_{name}"
        field = f"{stem}_Setpoint"
        if unit == "sensor":
            flagged.append(_flagged(message, stem, {field: data[field]}))
        data[field] = {"kelvin": data[field], "celsius": data[field] + ZERO_CELSIUS}.get(unit, math.nan)
    yield {**message, "data": data}
    yield from flagged


def _flagged(message: Mapping[str, Any], stem: str, values: Mapping[str, float]) -> dict[str, Any]:
    data = {f"{name}_flagged": value for name, value in values.items()}
    return {**message, "block_name": f"{stem}_flagged", "data": data}


def adapt() -> None:
    """Change the driver and the agent that socs's 336 agent uses in this process."""
    Lakeshore336.Channel = PinnedChannel
    agent.LS336 = type("StatusLS336", (AsksForStatus, agent.LS336), {})
    agent.LS336_Agent = type("StatusAgent", (PublishesStatus, agent.LS336_Agent), {})
