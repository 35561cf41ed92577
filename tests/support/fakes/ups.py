"""An uninterruptible power supply, by SNMP: UPS-MIB, RFC 1628. One input line, one output line, on mains."""

from __future__ import annotations

from fakes.snmp import Variables, oid

BATTERY_NORMAL, FROM_MAINS = 2, 3
_MIB = oid("1.3.6.1.2.1.33.1")
FIELDS = {
    "upsIdentManufacturer_0": ((1, 1, 0), "Falcon"),
    "upsIdentModel_0": ((1, 2, 0), "SSG3KRM-2"),
    "upsBatteryStatus_0": ((2, 1, 0), BATTERY_NORMAL),
    "upsSecondsOnBattery_0": ((2, 2, 0), 0),
    "upsEstimatedMinutesRemaining_0": ((2, 3, 0), 62),
    "upsEstimatedChargeRemaining_0": ((2, 4, 0), 98),
    "upsBatteryVoltage_0": ((2, 5, 0), 1203),
    "upsBatteryCurrent_0": ((2, 6, 0), 11),
    "upsBatteryTemperature_0": ((2, 7, 0), 30),
    "upsOutputSource_0": ((4, 1, 0), FROM_MAINS),
    "upsInputVoltage_1": ((3, 3, 1, 3, 1), 231),
    "upsInputCurrent_1": ((3, 3, 1, 4, 1), 52),
    "upsInputTruePower_1": ((3, 3, 1, 5, 1), 1180),
    "upsOutputVoltage_1": ((4, 4, 1, 2, 1), 229),
    "upsOutputCurrent_1": ((4, 4, 1, 3, 1), 49),
    "upsOutputPower_1": ((4, 4, 1, 4, 1), 1110),
    "upsOutputPercentLoad_1": ((4, 4, 1, 5, 1), 37),
}
"""Object, below the MIB's own, and value of each field; the manual of the MIB says the units, such as 0.1 V."""
_NUMBERS_OF_LINES = {(3, 2, 0): 1, (4, 3, 0): 1}

answer = Variables({(*_MIB, *name): value for name, value in [*FIELDS.values(), *_NUMBERS_OF_LINES.items()]}).answer
