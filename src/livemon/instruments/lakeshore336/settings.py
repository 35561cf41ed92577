"""What a Model 336 stores and returns without a measurable effect here. Source: its manual, section 6.6."""

from __future__ import annotations

from livemon.instruments.common.parameters import flag, integer, number, one_of, text
from livemon.instruments.common.settings import Field, Setting

INPUTS = ("A", "B", "C", "D", "D2", "D3", "D4", "D5")
_SIGNED = "{:+g}".format
_PADDED = "{:<15}".format
_OFF = Field(flag, 0)


def channel(given: str) -> str:
    """Cast for a parameter that names an input; ``D1`` is ``D``, the first input of the option card 3062."""
    name = {"D1": "D"}.get(given.upper(), given.upper())
    if name not in INPUTS:
        raise ValueError(f"{given!r} is not an input")
    return name


ALARM = Setting(
    "ALARM",
    _OFF,
    Field(number(), 0.0, _SIGNED),
    Field(number(), 0.0, _SIGNED),
    Field(number(0), 0.0, _SIGNED),
    _OFF,
    Field(flag, 1),
    Field(flag, 1),
    of=(channel,),
)
RELAY = Setting("RELAY", Field(integer(0, 2), 0), Field(channel, "A"), Field(integer(0, 2), 0), of=(one_of(1, 2),))

SETTINGS = (
    ALARM,
    Setting(
        "ANALOG",
        Field(integer(0, 8), 1),
        Field(integer(1, 3), 1),
        Field(number(), 0.0, _SIGNED),
        Field(number(), 0.0, _SIGNED),
        _OFF,
        of=(one_of(3, 4),),
    ),
    Setting("BRIGT", Field(integer(0, 32), 28, "{:02d}".format)),
    Setting("DIOCUR", _OFF, of=(channel,)),
    Setting("DISPFLD", Field(integer(0, 8), 1), Field(integer(1, 6), 1), of=(integer(1, 8),)),
    Setting("DISPLAY", Field(integer(0, 10), 4), Field(integer(0, 2), 0), Field(integer(1, 4), 1)),
    Setting("FILTER", _OFF, Field(integer(2, 64), 8, "{:02d}".format), Field(integer(1, 10), 10), of=(channel,)),
    Setting("IEEE", Field(integer(1, 30), 12, "{:02d}".format)),
    Setting("INTSEL", Field(integer(0, 2), 1)),
    Setting("LEDS", Field(flag, 1)),
    Setting("LOCK", _OFF, Field(integer(0, 999), 123, "{:03d}".format)),
    Setting("MODE", Field(integer(0, 2), 0)),
    Setting("OPSTE", Field(integer(0, 255), 0, "{:03d}".format)),
    RELAY,
    Setting("WARMUP", _OFF, Field(number(0, 100), 0.0, "{:+.2f}".format), of=(one_of(3, 4),)),
    Setting("WEBLOG", Field(text(15), "user", _PADDED), Field(text(15), "password", _PADDED)),
    Setting(
        "ZONE",
        Field(number(0), 0.0, _SIGNED),
        Field(number(0.1, 1000), 50.0, _SIGNED),
        Field(number(0.1, 1000), 20.0, _SIGNED),
        Field(number(0, 200), 0.0, _SIGNED),
        Field(number(0, 100), 0.0, _SIGNED),
        Field(integer(0, 3), 0),
        Field(integer(0, 8), 0),
        Field(number(0, 100), 0.1, _SIGNED),
        of=(integer(1, 4), integer(1, 10)),
    ),
)
