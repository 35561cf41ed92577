"""Dataprobe iBoot-PDU switched outlets, by SNMP: IBOOTPDU-MIB, its table of outlets (1.3.6.1.4.1.1418.6.5.1)."""

from __future__ import annotations

from fakes.snmp import Variables, oid

STATES = (1, 0, 1, 1, 0, 0, 0, 1)
"""Off (0) or on (1), from outlet 0 on."""
_NAME, _STATUS = 2, 6
_ENTRY = oid("1.3.6.1.4.1.1418.6.5.1")

answer = Variables(
    {(*_ENTRY, _STATUS, outlet): state for outlet, state in enumerate(STATES)}
    | {(*_ENTRY, _NAME, outlet): f"Outlet-{outlet + 1}" for outlet in range(len(STATES))}
).answer
