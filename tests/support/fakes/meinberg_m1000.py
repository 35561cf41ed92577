"""Meinberg LANTIME M1000 time server, by SNMP: MBG-SNMP-LTNG-MIB."""

from __future__ import annotations

from fakes.snmp import Variables, oid

_MIB = oid("1.3.6.1.4.1.5597.30.0")
FIELDS = {
    "mbgLtNgRefclockState_1": ((1, 2, 1, 4, 1), 1),
    "mbgLtNgRefclockLeapSecondDate_1": ((1, 2, 1, 11, 1), "not announced"),
    "mbgLtNgNtpCurrentState_0": ((2, 1, 0), 2),
    "mbgLtNgPtpPortState_1": ((3, 2, 1, 3, 1), 6),
    "mbgLtNgSysPsStatus_1": ((5, 0, 2, 1, 2, 1), 2),
    "mbgLtNgSysPsStatus_2": ((5, 0, 2, 1, 2, 2), 1),
    "mbgLtNgEthPortLinkState_1": ((7, 1, 1, 2, 1), 1),
}
"""Object, below the MIB's own, and value of each field: synchronized, PTP master, the second power supply down."""

answer = Variables({(*_MIB, *name): value for name, value in FIELDS.values()}).answer
