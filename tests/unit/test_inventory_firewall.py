"""Faults in what the inventory says of the firewall, and what ufw is told."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.host import firewall
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.rendering import ufw

SOUND = {"instruments": []}


@pytest.mark.parametrize(
    "settings",
    [
        {"firewall": False},
        {"allow_from": {}},
        {"allow_from": {"ssh": ["192.0.2.0/24", "192.0.2.7", "2001:db8::/32", "fd00::1"], "grafana": ["10.0.0.0/8"]}},
    ],
)
def test_what_will_do_has_no_faults(settings):
    assert faults(SOUND | settings) == []


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "allow_from: this is empty; write, for example, {grafana: [192.0.2.0/24]}"),
        (["192.0.2.0/24"], "allow_from: this is a list; write, for example, {grafana: [192.0.2.0/24]}"),
        ({"http": ["192.0.2.0/24"]}, "allow_from.http: unknown key; known keys: ssh, grafana"),
        (
            {"ssh": "192.0.2.0/24"},
            "allow_from.ssh: this is not a list of networks; write, for example, [192.0.2.0/24, fd00::/8]",
        ),
        ({"ssh": []}, "or leave it out to admit all"),
        (
            {"ssh": ["192.0.2.7/24"]},
            "allow_from.ssh[0]: '192.0.2.7/24' is an address within a network; write 192.0.2.0/24, or",
        ),
        (
            {"ssh": ["192.0.2.0/24", "lab"]},
            "allow_from.ssh[1]: 'lab' is not a valid network; write an IP address, or a network with a prefix length",
        ),
        ({"grafana": [10]}, "allow_from.grafana[0]: 10 is a number; write a network"),
        ({"grafana": ["0.0.0.0/0"]}, "'0.0.0.0/0' is every address; leave the list out to admit all"),
        ({"grafana": ["::/0"]}, "'::/0' is every address"),
    ],
)
def test_each_fault_says_what_to_write(value, sentence):
    (fault,) = faults(SOUND | {"allow_from": value})
    assert sentence in fault


@pytest.mark.parametrize(
    ("address", "allowed", "within"),
    [
        ("192.0.2.7", [], True),
        ("192.0.2.7", ["192.0.2.0/24"], True),
        ("192.0.2.7", ["192.0.2.7"], True),
        ("192.0.2.7", ["198.51.100.0/24", "2001:db8::/32"], False),
        ("fe80::1%eth0", ["fe80::/10"], True),
        ("fe80::1%eth0", ["192.0.2.0/24"], False),
    ],
)
def test_ansible_is_within_what_ssh_is_open_to_or_not(address, allowed, within):
    assert firewall.is_within(address, allowed) is within


BARE = 'ENABLED=no\nDEFAULT_INPUT_POLICY="DROP"'
ON = "ENABLED=yes\nDEFAULT_INPUT_POLICY='DROP'"
OPEN = 'ENABLED=YES\nDEFAULT_INPUT_POLICY="ACCEPT"'
SSH = {"port": 22, "from": []}
WANTED = {"rules": [SSH, {"port": 3000}], "enabled": True, "incoming": "DROP"}
HEAD = "Added user rules (see 'ufw status' for running firewall):\n"
OURS = f"{HEAD}ufw allow 22/tcp comment 'livemon'\nufw allow 3000/tcp comment 'livemon'\n"
RESTORED = {"rules": [], "enabled": False, "incoming": "DROP"}


@pytest.mark.parametrize(
    ("added", "settings", "wanted", "told"),
    [
        pytest.param(
            f"{HEAD}(None)\n",
            BARE,
            WANTED,
            ["allow 22/tcp comment 'livemon'", "allow 3000/tcp comment 'livemon'", "--force enable"],
            id="a bare machine: SSH is open before anything is closed",
        ),
        pytest.param(OURS, ON, WANTED, [], id="the same again"),
        pytest.param(
            OURS,
            ON,
            WANTED | {"rules": [{"port": 22, "from": ["10.1.0.0/16", "10.1.0.0/16", "fd00::0:1"]}, {"port": 3001}]},
            [
                "allow from 10.1.0.0/16 to any port 22 proto tcp comment 'livemon'",
                "allow from fd00::1 to any port 22 proto tcp comment 'livemon'",
                "allow 3001/tcp comment 'livemon'",
                "delete allow 22/tcp",
                "delete allow 3000/tcp",
            ],
            id="another port and other networks: the old rules go, after the new ones came",
        ),
        pytest.param(
            "ufw allow from 10.1.0.7 to any port 22 proto tcp comment 'livemon'\n"
            "ufw allow from fd00::/8 to any port 22 proto tcp comment 'livemon'",
            ON,
            WANTED | {"rules": [{"port": 22, "from": ["10.1.0.7/32", "fd00:0::/8"]}]},
            [],
            id="networks as ufw writes them",
        ),
        pytest.param(
            "ufw allow OpenSSH\nufw allow 22/tcp\nufw allow 3000/tcp comment 'for livemon'\nufw deny from 10.9.9.9",
            ON,
            WANTED,
            [],
            id="the operator's own rules are neither doubled nor made ours",
        ),
        pytest.param(
            OURS
            + "ufw route allow 3000/tcp comment 'livemon'\nufw allow 5555/tcp comment 'not livemon'\nufw allow 80/tcp",
            ON,
            RESTORED,
            ["disable", "delete allow 22/tcp", "delete allow 3000/tcp", "route delete allow 3000/tcp"],
            id="off: it was not on before",
        ),
        pytest.param(
            OURS,
            ON,
            RESTORED | {"enabled": True, "incoming": "ACCEPT"},
            ["delete allow 22/tcp", "delete allow 3000/tcp", "default allow incoming"],
            id="off: it was on before, and open",
        ),
        pytest.param(
            OURS + "ufw allow from 10.1.0.9 to any port 8124 proto udp comment 'livemon'",
            ON,
            WANTED | {"rules": [*WANTED["rules"], {"port": 8124, "protocol": "udp", "from": ["10.1.0.7"]}]},
            [
                "allow from 10.1.0.7 to any port 8124 proto udp comment 'livemon'",
                "delete allow from 10.1.0.9 to any port 8124 proto udp",
            ],
            id="a UDP port of an agent",
        ),
        pytest.param(OURS, OPEN, WANTED, ["default deny incoming"], id="the policy is closed"),
        pytest.param(
            "",
            "",
            {"rules": [SSH], "enabled": True, "incoming": "DROP"},
            ["allow 22/tcp comment 'livemon'", "--force enable"],
            id="no ufw yet",
        ),
    ],
)
def test_ufw_is_told_what_is_missing_and_no_more(added, settings, wanted, told):
    assert ufw.changes(added, settings, wanted) == told


OUR_BLOCK = [
    "/etc/ufw/after.rules:# BEGIN livemon: ports",
    "/etc/ufw/after.rules::DOCKER-USER - [0:0]",
    "/etc/ufw/after.rules:# END livemon: ports",
]


@pytest.mark.parametrize(
    ("lines", "files"),
    [
        ([], []),
        (OUR_BLOCK, []),
        (["/etc/ufw/before.rules::DOCKER-USER - [0:0]", *OUR_BLOCK], ["/etc/ufw/before.rules"]),
        ([*OUR_BLOCK, "/etc/ufw/after.rules::DOCKER-USER - [0:0]"], ["/etc/ufw/after.rules"]),
    ],
)
def test_rules_of_others_for_docker_are_found(lines, files):
    assert firewall.files_with_docker_rules(lines) == files
