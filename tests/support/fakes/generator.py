"""The controller of a diesel generator, by Modbus TCP, and the agent's file of registers that describes it.

Page 4 of the GenComm standard of Deep Sea Electronics: register = 256 x page + offset; oil pressure in kPa, temperatures in °C,
battery voltage in 0.1 V.
"""

from __future__ import annotations

from fakes import modbus

PAGE = 4
VALUES = {
    "Oil_pressure": (0, 412, "16U", 1, "kPa"),
    "Coolant_temperature": (1, 83, "16S", 1, "Degrees C"),
    "Fuel_level": (3, 77, "16U", 1, "%"),
    "Engine_Battery_voltage": (5, 247, "16U", 0.1, "V"),
}
"""Offset, register, type, scale and unit of each field."""

answer = modbus.Registers(
    modbus.HOLDING,
    dict.fromkeys(range(256 * PAGE, 256 * PAGE + 6), 0)
    | {256 * PAGE + offset: word for offset, word, *_ in VALUES.values()},
).answer


def register_file() -> dict[str, object]:
    """Return the content of the YAML file by which the agent reads the registers."""
    return {
        "block_name": "page_4",
        "page": PAGE,
        "read_len": 6,
        "registers": {
            name: {"offset": offset, "read_as": kind, "scale": scale, "units": unit}
            for name, (offset, _, kind, scale, unit) in VALUES.items()
        },
    }
