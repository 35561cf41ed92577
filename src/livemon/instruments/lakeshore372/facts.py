"""What there is to know of a Lake Shore 372. Sources: its manual; socs 0.6.4, ``socs/agents/lakeshore372/agent.py``.

Fields are named by the channel's number, whatever the front panel calls it: see ``agent.py``.
"""

from __future__ import annotations

from ..model import Extra, Field, Model


def _stem(channel: str) -> str:
    return f"Channel_{int(channel):02d}"


def fields(channel: str) -> tuple[Field, ...]:
    """Return the fields of a channel."""
    return (
        Field(f"{_stem(channel)}_T", "K", "temperature"),
        Field(f"{_stem(channel)}_R", "ohm", "sensor"),
    )


def flags(channel: str) -> tuple[Field, ...]:
    """Return the fields that ``reading_status.py`` adds to those of a channel."""
    return _flags(_stem(channel))


def _flags(stem: str) -> tuple[Field, ...]:
    return (
        Field(f"{stem}_status", None, "status"),
        Field(f"{stem}_T_flagged", "K", "flagged"),
        Field(f"{stem}_R_flagged", "ohm", "flagged"),
    )


MODEL = Model(
    number="372",
    name="Lake Shore 372",
    agent_class="Lakeshore372Agent",
    agent_module="socs.agents.lakeshore372.agent",
    port=7777,
    channels=tuple(str(number) for number in range(1, 17)),
    fields=fields,
    network_option=lambda address: ("--ip-address", address),
    scan_seconds=13,
    kelvins=(0.001, 400.0),
    operations=(
        "acq",
        "check_temperature_stability",
        "disable_control_chan",
        "enable_control_chan",
        "engage_autorange",
        "engage_channel",
        "init_lakeshore",
        "input_configfile",
        "servo_to_temperature",
        "set_active_channel",
        "set_autoscan",
        "set_calibration_curve",
        "set_dwell",
        "set_excitation",
        "set_excitation_mode",
        "set_heater_output",
        "set_heater_range",
        "set_output_mode",
        "set_pid",
        "set_resistance_range",
        "set_still_output",
    ),
    extras={
        "control_input": Extra(
            ("--enable-control-chan",),
            "Control input",
            (Field("control_T", "K", "temperature"), Field("control_R", "ohm", "sensor")),
            _flags("control"),
        ),
        # Per cent of full current or watts, depending on the instrument's set-up: the feed does not say which it is.
        "sample_heater": Extra(
            ("--sample-heater", "true"), "Sample heater", (Field("sample_heater_output", None, "heater"),)
        ),
    },
    settings=(
        Field("sample_heater_out", None, "heater"),
        Field("still_heater_out", None, "heater"),
        Field("still_heater_still_out", "%", "heater"),
    ),
    flags=flags,
)
