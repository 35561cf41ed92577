"""Cryomech CPA helium compressor, by Modbus TCP.

Input registers from 30001, numbers of 32 bits with the low word first: Cryomech, CPA digital panel, Modbus register table. Values
are those of a real compressor that cools a dilution refrigerator.
"""

from __future__ import annotations

from fakes import modbus

READY, RUNNING, PSI, CELSIUS = 3, 1, 0, 1
NUMBERS = {
    "Warning_State": 0.0,
    "Alarm_State": 0.0,
    "Coolant_In_Temp": 18.59667,
    "Coolant_Out_Temp": 28.05445,
    "Oil_Temp": 32.43944,
    "Helium_Temp": 72.48722,
    "Low_Pressure": 87.1306,
    "Low_Pressure_Average": 88.02979,
    "High_Pressure": 289.118,
    "High_Pressure_Average": 292.2448,
    "Delta_Pressure_Average": 203.8444,
    "Motor_Current": 15.25661,
    "Hours_of_Operation": 14480.8,
}
_AFTER_NUMBERS = (PSI, CELSIUS, 14831, 0x0418, 0x0201)
"""Units, serial number, model and software revision."""


def _registers() -> dict[int, int]:
    words = [
        READY,
        RUNNING,
        *(word for value in NUMBERS.values() for word in modbus.float_words(value)),
        *_AFTER_NUMBERS,
    ]
    reserved = [0] * 20
    return dict(enumerate([*words, *reserved], start=1))


answer = modbus.Registers(modbus.INPUT, _registers()).answer
