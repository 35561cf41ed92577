"""Faults in what the inventory says of the machine's clock."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.inventory.faults.settings import setting_faults


@pytest.mark.parametrize(
    "settings",
    [
        {"time_servers": ["ntp.lab.example", "192.0.2.1", "2001:db8::7"]},
        {"time_servers": [], "timesync": False},
        {"timesync": "no"},
    ],
)
def test_what_will_do_has_no_faults(settings):
    assert list(setting_faults(settings)) == []


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("timesync", "chrony", "timesync: 'chrony' is neither true nor false; write true or false"),
        ("time_servers", "ntp.lab.example", "is not a list of time servers; write their names or addresses"),
        ("time_servers", ["ntp://ntp.lab.example"], "is not a list of time servers"),
        ("time_servers", ["ntp.lab.example iburst"], "is not a list of time servers"),
        ("time_servers", ["a\nallow 0.0.0.0/0"], "is not a list of time servers"),
        ("time_servers", None, "time_servers: this is empty"),
    ],
)
def test_each_fault_says_what_to_write(setting, value, sentence):
    (fault,) = setting_faults({setting: value})
    assert sentence in fault
