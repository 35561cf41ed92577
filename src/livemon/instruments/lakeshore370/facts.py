"""What there is to know of a Lake Shore 370.

Sources: Lake Shore Model 370 User's Manual, section 6.2 "Serial Interface Overview" and 6.3.1 "Interface Commands"; socs 0.6.4,
``socs/agents/lakeshore370/agent.py``, which numbers fields by channel.
"""

from __future__ import annotations

from ..model import Field, Model

PORT = 4002
"""The port that serial-to-network converters commonly give their second line: the 370 itself is not on a network."""


def fields(channel: str) -> tuple[Field, ...]:
    """Return the fields of a channel."""
    return (
        Field(f"Channel_{channel}_T", "K", "temperature"),
        Field(f"Channel_{channel}_R", "ohm", "sensor"),
    )


def flags(channel: str) -> tuple[Field, ...]:
    """Return the fields that ``agent.py`` adds to those of a channel."""
    return (
        Field(f"Channel_{channel}_status", None, "status"),
        Field(f"Channel_{channel}_T_flagged", "K", "flagged"),
        Field(f"Channel_{channel}_R_flagged", "ohm", "flagged"),
    )


def network_option(address: str) -> tuple[str, str]:
    """Return the agent's option for an instrument behind a serial-to-network converter."""
    return "--port", f"tcp://{address}" if ":" in address else f"tcp://{address}:{PORT}"


MODEL = Model(
    number="370",
    name="Lake Shore 370",
    agent_class="Lakeshore370Agent",
    agent_module="socs.agents.lakeshore370.agent",
    port=PORT,
    channels=tuple(str(number) for number in range(1, 17)),
    fields=fields,
    flags=flags,
    network_option=network_option,
    adapter_option=lambda device: ("--port", device),
    # It acquires at once, whatever its options say: socs takes any text for true.
    start_options=("--auto-acquire", "True"),
    scan_seconds=13,
    kelvins=(0.001, 400.0),
    operations=(
        "acq",
        "check_temperature_stability",
        "init_lakeshore",
        "servo_to_temperature",
        "set_active_channel",
        "set_autoscan",
        "set_excitation",
        "set_excitation_mode",
        "set_heater_output",
        "set_heater_range",
        "set_output_mode",
        "set_pid",
    ),
)
