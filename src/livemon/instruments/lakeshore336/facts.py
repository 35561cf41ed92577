"""What there is to know of a Lake Shore 336. Sources: its manual, chapter 6; socs 0.6.4, ``socs/agents/lakeshore336/agent.py``.

Channels are named by their letter, whatever the front panel calls them: see ``agent.py``. D2 to D5 exist with the option card 3062,
whose first input is D. The instrument also has a USB port (``1fb9:0301``), but socs's driver reaches it over the network only.
"""

from __future__ import annotations

from ..model import Extra, Field, Model

HEATERS = ("1", "2")
"""The outputs whose state socs's agent reads."""


def fields(channel: str) -> tuple[Field, ...]:
    """Return the fields of a channel."""
    return (
        Field(f"Channel_{channel}_T", "K", "temperature"),
        # Volts of a diode, ohms of a resistor, millivolts of a thermocouple: the feed does not say which it is.
        Field(f"Channel_{channel}_V", None, "sensor"),
    )


def flags(channel: str) -> tuple[Field, ...]:
    """Return the fields that ``agent.py`` adds to those of a channel."""
    return (
        Field(f"Channel_{channel}_status", None, "status"),
        Field(f"Channel_{channel}_T_flagged", "K", "flagged"),
        Field(f"Channel_{channel}_V_flagged", None, "flagged"),
    )


def _outputs(heater: str) -> tuple[Extra, ...]:
    stem, label = f"Heater_{heater}", f"Heater {heater}"
    in_other_units = (Field(f"{stem}_Setpoint_flagged", None, "flagged"),)
    return (
        Extra((), label, (Field(f"{stem}_Percent", "%", "heater"),)),
        Extra((), f"{label} setpoint", (Field(f"{stem}_Setpoint", "K", "setpoint"),), in_other_units),
        Extra((), f"{label} limit", (Field(f"{stem}_Max_Current", "A", "current"),)),
        Extra((), f"{label} range", (Field(f"{stem}_Range", None, "range"),)),
    )


MODEL = Model(
    number="336",
    name="Lake Shore 336",
    agent_class="Lakeshore336Agent",
    agent_module="socs.agents.lakeshore336.agent",
    port=7777,
    channels=("A", "B", "C", "D", "D2", "D3", "D4", "D5"),
    optional_channels=("D2", "D3", "D4", "D5"),
    aliases={"D1": "D"},
    fields=fields,
    network_option=lambda address: ("--ip-address", address),
    # Samples a second; with the time that its messages take, one sample in five seconds. It acquires without being told to.
    start_options=("--f-sample", "0.5"),
    kelvins=(0.1, 400.0),
    operations=(
        "acq",
        "check_temperature_stability",
        "init_lakeshore",
        "servo_to_temperature",
        "set_T_limit",
        "set_heater_range",
        "set_heater_resistance",
        "set_input_channel",
        "set_manual_out",
        "set_max_current",
        "set_mode",
        "set_pid",
        "set_setpoint",
    ),
    outputs=tuple(output for heater in HEATERS for output in _outputs(heater)),
    flags=flags,
)
