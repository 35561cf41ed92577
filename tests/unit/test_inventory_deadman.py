"""The inventory's dead-man's switch: what is taken, and that a mistake is told without the address."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.inventory.faults.inventory import faults

ADDRESS = "https://hc-ping.example/0b6f-geheim"


@pytest.mark.parametrize(
    "switch",
    [
        {"url": ADDRESS},
        {"url": "http://192.0.2.7:3001/api/push/geheim?status=up&msg=OK&ping="},
        {"url": ADDRESS, "every": 300, "method": "POST", "fail_url": f"{ADDRESS}/fail"},
        {"url": ADDRESS, "every": "60"},  # as ansible-playbook -e gives it
    ],
)
def test_a_switch_is_taken(switch):
    assert faults({"instruments": [], "dead_mans_switch": switch}) == []


@pytest.mark.parametrize(
    "switch",
    [
        ADDRESS,
        [ADDRESS],
        {},
        {"every": 60},
        {"url": None},
        {"url": "geheim"},
        {"url": "ftp://geheim/geheim"},
        {"url": "https:///geheim"},
        {"url": "https://geheim:99999/"},
        {"url": "https://[geheim/"},
        {"url": "https://hc-ping.example/geheim geheim"},
        {"url": f"{ADDRESS}\n"},
        {"url": ADDRESS, "every": 5},
        {"url": ADDRESS, "every": "1 min"},
        {"url": ADDRESS, "every": True},
        {"url": ADDRESS, "method": "HEAD"},
        {"url": ADDRESS, "method": ["GET"]},
        {"url": ADDRESS, "fail_url": "/fail"},
        {"url": ADDRESS, "interval": 60},
    ],
)
def test_a_mistake_is_told_without_the_address(switch):
    (fault,) = faults({"instruments": [], "dead_mans_switch": switch})
    assert fault.startswith(
        "dead_mans_switch: this cannot be pinged; write {url: ...}, an address that starts with https://"
    )
    assert "geheim" not in fault
