"""What a Model 372 stores and returns without a measurable effect here: display, relays, interfaces, zones.

Sources: Lake Shore Model 372 User's Manual, section 6.6.1, pages 158 (``CMR``), 162 (``FILTER``, ``FREQ``), 175 (``RELAY``);
for the other commands, the requests of Lake Shore's own driver and how it reads the replies
(github.com/lakeshorecryotronics/python-driver, lakeshore/model_372.py and temperature_controllers.py).
"""

from __future__ import annotations

from livemon.instruments.common.parameters import flag, integer, number, one_of, text
from livemon.instruments.common.settings import Field, Setting

CHANNELS = 16
CONTROL = "A"
_SIGNED = "{:+g}".format
_KELVIN = "{:+09.3f}".format
_PADDED = "{:<15}".format
_OFF = Field(flag, 0)


def channel_or_control(given: str) -> int | str:
    """Cast for a parameter that names a scanned input or the control input ``A``."""
    return CONTROL if given.upper() == CONTROL else integer(1, CHANNELS)(given)


def channel_or_none(given: str) -> int | str:
    """Cast for a parameter that names a scanned input, ``A``, or 0 for none or for the one that is scanned."""
    return 0 if given == "0" else channel_or_control(given)


def _two_digits(channel: int | str) -> str:
    return channel if channel == CONTROL else f"{channel:02d}"


ALARM = Setting(
    "ALARM",
    _OFF,
    Field(integer(0, 2), 1),
    Field(number(), 0.0, _SIGNED),
    Field(number(), 0.0, _SIGNED),
    Field(number(0), 0.0, _SIGNED),
    _OFF,
    Field(flag, 1),
    Field(flag, 1),
    of=(channel_or_control,),
    zero_is=range(1, CHANNELS + 1),
)
RELAY = Setting(
    "RELAY",
    Field(integer(0, 4), 0),
    Field(channel_or_none, 0, _two_digits),
    Field(integer(0, 2), 0),
    of=(integer(1, 2),),
)

SETTINGS = (
    ALARM,
    RELAY,
    Setting("BEEP", Field(flag, 1)),
    Setting("BRIGT", Field(integer(0, 3), 2)),
    Setting("CMR", _OFF),
    Setting(
        "DISPFLD",
        Field(channel_or_none, 1, _two_digits),
        Field(integer(1, 6), 1),
        of=(integer(1, 8),),
    ),
    Setting("DISPLAY", Field(integer(0, 2), 0), Field(integer(0, 2), 0), Field(integer(0, 3), 0)),
    Setting("DOUT", Field(integer(0, 31), 0, "{:02d}".format)),
    # Only the instrument's own mode: the Model 370's language is not simulated.
    Setting("EMUL", Field(one_of(0), 0)),
    Setting(
        "FILTER",
        _OFF,
        Field(integer(1, 200), 5, "{:03d}".format),
        Field(integer(1, 80), 10, "{:02d}".format),
        of=(channel_or_control,),
        zero_is=range(1, CHANNELS + 1),
    ),
    Setting("FREQ", Field(integer(1, 5), 1), of=(lambda given: given if given == CONTROL else one_of(0)(given),)),
    Setting("INTSEL", Field(integer(0, 2), 1)),
    Setting("LEDS", Field(flag, 1)),
    Setting("LOCK", _OFF, Field(integer(0, 999), 123, "{:03d}".format)),
    Setting("MODE", Field(integer(0, 2), 0)),
    Setting("MONITOR", Field(integer(0, 7), 0)),
    Setting("WEBLOG", Field(text(15), "user", _PADDED), Field(text(15), "password", _PADDED)),
    Setting(
        "ZONE",
        Field(number(0), 0.0, _KELVIN),
        Field(number(0, 1000), 10.0, _KELVIN),
        Field(number(0, 10000), 20.0, _KELVIN),
        Field(number(0, 2500), 0.0, _KELVIN),
        Field(number(0, 100), 0.0, _KELVIN),
        Field(integer(0, 8), 0),
        Field(number(0, 100), 0.1, _KELVIN),
        _OFF,
        _OFF,
        of=(integer(0, 1), integer(1, 10)),
    ),
)
