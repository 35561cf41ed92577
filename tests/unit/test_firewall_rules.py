"""The rules for Docker's ports that the script on the host makes of ufw's, as ufw writes them into its files."""

from __future__ import annotations

import subprocess

import pytest
from paths import ROOT

SCRIPT = ROOT / "roles/firewall/files/livemon-firewall"


@pytest.fixture
def rules(tmp_path, monkeypatch):
    """What the script makes of the lines of a file of ufw's rules."""
    monkeypatch.setenv("UFW_RULES", str(tmp_path))
    monkeypatch.setenv("UFW_SETTINGS", str(tmp_path / "settings"))
    (tmp_path / "settings").write_text('DEFAULT_INPUT_POLICY="DROP"\nDEFAULT_FORWARD_POLICY="DROP"\n')

    def rules(lines: str = "", *, family: str = "4", settings: str = "") -> list[str]:
        suffix = family.removeprefix("4")
        (tmp_path / f"user{suffix}.rules").write_text(f"*filter\n:ufw{suffix}-user-input - [0:0]\n{lines}\nCOMMIT\n")
        if settings:
            (tmp_path / "settings").write_text(settings)
        answer = subprocess.run(["sh", SCRIPT, "rules", family], capture_output=True, text=True, check=True)
        return answer.stdout.splitlines()

    return rules


def test_without_any_rule_everything_that_docker_would_let_in_is_dropped(rules):
    assert rules() == [
        "*filter",
        ":livemon - [0:0]",
        ":livemon-published - [0:0]",
        ":livemon-direct - [0:0]",
        "-A livemon -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
        "-A livemon -m conntrack --ctstate DNAT -g livemon-published",
        "-A livemon -o docker0 -g livemon-direct",
        "-A livemon -o br-+ -g livemon-direct",
        "-A livemon-direct -i docker0 -j RETURN",
        "-A livemon-direct -i br-+ -j RETURN",
        "-A livemon-published -j DROP",
        "-A livemon-direct -j DROP",
        "COMMIT",
    ]


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("-p tcp --dport 3000 -j ACCEPT", ["-m conntrack --ctorigdstport 3000 -p tcp -j RETURN"]),
        (
            "-p tcp --dport 3000 -s 10.0.0.0/8 -j ACCEPT",
            ["-m conntrack --ctorigdstport 3000 -p tcp -s 10.0.0.0/8 -j RETURN"],
        ),
        (
            "-i eth0 -p udp -d 192.0.2.1 --dport 77 -s 10.1.1.1 -j ACCEPT",
            ["-m conntrack --ctorigdstport 77 -i eth0 -p udp -m conntrack --ctorigdst 192.0.2.1 -s 10.1.1.1 -j RETURN"],
        ),
        (
            "-p tcp -m multiport --dports 80,443,6000:6007 -s 10.0.0.0/24 -j DROP",
            [
                "-m conntrack --ctorigdstport 80 -p tcp -s 10.0.0.0/24 -j DROP",
                "-m conntrack --ctorigdstport 443 -p tcp -s 10.0.0.0/24 -j DROP",
                "-m conntrack --ctorigdstport 6000:6007 -p tcp -s 10.0.0.0/24 -j DROP",
            ],
        ),
        ("-s 10.9.9.9 -j DROP", ["-s 10.9.9.9 -j DROP"]),
        ("-s 10.0.0.5 -j ACCEPT", ["-s 10.0.0.5 -j RETURN"]),
        ("-p udp -s 10.0.0.1 --sport 53 -j ACCEPT", ["-p udp -s 10.0.0.1 --sport 53 -j RETURN"]),
        (
            "-p tcp --dport 5555 -j REJECT --reject-with tcp-reset",
            ["-m conntrack --ctorigdstport 5555 -p tcp -j REJECT --reject-with tcp-reset"],
        ),
        (
            "-p tcp --dport 22 -j ACCEPT -m comment --comment 'dapp_OpenSSH'",
            ["-m conntrack --ctorigdstport 22 -p tcp -j RETURN"],
        ),
        ("-p tcp --dport 5556 -j ufw-user-logging-input", []),
        (
            "-p tcp --dport 22 -m recent --update --seconds 30 --hitcount 6 -j ufw-user-limit",
            ["-m conntrack --ctorigdstport 22 -p tcp -m recent --update --seconds 30 --hitcount 6 -j DROP"],
        ),
        ("-p tcp --dport 22 -j ufw-user-limit-accept", ["-m conntrack --ctorigdstport 22 -p tcp -j RETURN"]),
    ],
)
def test_a_rule_for_incoming_packets_is_about_what_was_called(rules, line, published):
    assert [
        rule.removeprefix("-A livemon-published ") for rule in rules(f"-A ufw-user-input {line}")[10:-3]
    ] == published


def test_a_rule_for_routed_packets_is_as_it_was_typed(rules):
    made = rules("-A ufw-user-forward -i eth1 -p tcp -d 172.18.0.2 --dport 8000 -j ACCEPT")
    assert made[10:-3] == [
        "-A livemon-published -i eth1 -p tcp -d 172.18.0.2 --dport 8000 -j RETURN",
        "-A livemon-direct -i eth1 -p tcp -d 172.18.0.2 --dport 8000 -j RETURN",
    ]


def test_what_goes_out_is_nobodys_business_here(rules):
    assert rules("-A ufw-user-output -p tcp --dport 25 -j DROP") == rules()


def test_ipv6_is_made_of_its_own_rules(rules):
    made = rules(
        "-A ufw6-user-input -p tcp --dport 3000 -s fd00::/8 -j ACCEPT\n-A ufw-user-input -s 10.0.0.1 -j ACCEPT",
        family="6",
    )
    assert made[10:-3] == ["-A livemon-published -m conntrack --ctorigdstport 3000 -p tcp -s fd00::/8 -j RETURN"]


@pytest.mark.parametrize(
    ("incoming", "routed", "verdicts"),
    [
        ('"ACCEPT"', '"DROP"', ["RETURN", "DROP"]),
        ("REJECT", "ACCEPT", ["REJECT", "RETURN"]),
        ("'DROP'", "''", ["DROP", "DROP"]),
    ],
)
def test_ufws_policies_are_ours(rules, incoming, routed, verdicts):
    made = rules(settings=f"DEFAULT_INPUT_POLICY={incoming}\nDEFAULT_FORWARD_POLICY={routed}\n")
    assert [rule.split()[-1] for rule in made[-3:-1]] == verdicts
