"""What the inventory needs to know of each instrument model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Field:
    """One field of an instrument's feed: its permanent name, its unit (`None` if that depends on the sensor), what it measures."""

    name: str
    unit: str | None
    quantity: str


@dataclass(frozen=True)
class Extra:
    """What an agent reads beside the channels where the inventory asks for it: the agent's option, label, fields and flags."""

    option: tuple[str, ...]
    label: str
    fields: tuple[Field, ...]
    flags: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Model:
    """An instrument model.

    `channels` are the channels' names as the inventory writes them; `fields` gives the fields of one channel, temperature
    first, named as socs' agents name them (those of the 372 pinned to the channel's number by our launcher). `scan_seconds` is how
    long it stays with a channel that it scans, pause and dwell together as it comes out of the box; 0 if it reads all at once.
    `kelvins` are the ends of the axis that shows all its sensors. `extras` can be read beside the channels. `operations` are those of
    its agent that do more than read; some publish once what they have set: `settings`. `flags` gives the fields that say whether a
    channel's readings are valid, and what those were that are not (livemon.agents.reading_status).
    """

    name: str
    agent_class: str
    port: int
    channels: tuple[str, ...]
    fields: Callable[[str], tuple[Field, ...]]
    needs_address: bool
    scan_seconds: int
    kelvins: tuple[float, float]
    operations: tuple[str, ...]
    extras: Mapping[str, Extra] = field(default_factory=dict)
    settings: tuple[Field, ...] = ()
    flags: Callable[[str], tuple[Field, ...]] = lambda _channel: ()


def _fields_240(channel: str) -> tuple[Field, ...]:
    return (
        Field(f"Channel_{channel}_T", "K", "temperature"),
        # Volts of a diode, ohms of a resistor: socs names the field for diodes, and the feed does not tell.
        Field(f"Channel_{channel}_V", None, "sensor"),
    )


def _flags(stem: str) -> tuple[Field, ...]:
    return (
        Field(f"{stem}_status", None, "status"),
        Field(f"{stem}_T_flagged", "K", "flagged"),
        Field(f"{stem}_R_flagged", "ohm", "flagged"),
    )


def _flags_372(channel: str) -> tuple[Field, ...]:
    return _flags(f"Channel_{int(channel):02d}")


def _fields_372(channel: str) -> tuple[Field, ...]:
    stem = f"Channel_{int(channel):02d}"
    return (
        Field(f"{stem}_T", "K", "temperature"),
        Field(f"{stem}_R", "ohm", "sensor"),
    )


MODELS = {
    "240": Model(
        name="Lake Shore 240",
        agent_class="Lakeshore240Agent",
        port=1094,
        channels=tuple(str(number) for number in range(1, 9)),
        fields=_fields_240,
        needs_address=False,
        scan_seconds=0,
        kelvins=(1.0, 400.0),
        operations=("acq", "init_lakeshore", "set_values", "upload_cal_curve"),
    ),
    "372": Model(
        name="Lake Shore 372",
        agent_class="Lakeshore372Agent",
        port=7777,
        channels=tuple(str(number) for number in range(1, 17)),
        fields=_fields_372,
        needs_address=True,
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
            # Per cent of full current or watts, as the instrument is set up: the feed does not tell.
            "sample_heater": Extra(
                ("--sample-heater", "true"), "Sample heater", (Field("sample_heater_output", None, "heater"),)
            ),
        },
        settings=(
            Field("sample_heater_out", None, "heater"),
            Field("still_heater_out", None, "heater"),
            Field("still_heater_still_out", "%", "heater"),
        ),
        flags=_flags_372,
    ),
}
HOTTEST = 873.0
"""Kelvins. Lake Shore's platinum sensors (PT-100 series) end there, and of what the models read nothing goes further."""
FEED = "temperatures"
"""The feed in which both models' agents publish."""
