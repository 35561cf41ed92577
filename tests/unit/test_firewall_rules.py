"""The rules for ports that Docker publishes, as the program on the monitor makes them from ufw's."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location

import pytest
from paths import ROOT

RECORDED = ROOT / "tests/unit/ufw_rules"
SETTINGS = 'DEFAULT_INPUT_POLICY="DROP"\nDEFAULT_FORWARD_POLICY="DROP"\n'


@pytest.fixture(scope="module")
def program():
    """The program, as a module."""
    spec = spec_from_file_location("livemon_firewall", ROOT / "roles/firewall/files/livemon_firewall.py")
    program = module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


@pytest.fixture
def rules(program):
    """What it makes of lines of ufw's file of rules."""

    def rules(lines: str = "", *, family: str = "4", settings: str = SETTINGS, bridges: tuple[str, ...] = ()):
        return program.rules(family, lines, settings, [*program.DEFAULT_BRIDGES, *bridges])

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


@pytest.mark.parametrize("family", ["4", "6"])
@pytest.mark.parametrize("name", sorted(path.name for path in RECORDED.iterdir() if path.is_dir()))
def test_recorded_rules_are_translated_as_before(name, family, rules):
    """See ufw_rules/README.md for where they are from."""
    suffix = family.replace("4", "")
    expected = (RECORDED / name / f"expected{suffix}.rules").read_text().splitlines()
    assert rules((RECORDED / name / f"user{suffix}.rules").read_text(), family=family) == expected


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
def test_a_rule_for_incoming_packets_is_about_the_called_port(rules, line, published):
    assert [
        rule.removeprefix("-A livemon-published ") for rule in rules(f"-A ufw-user-input {line}")[10:-3]
    ] == published


def test_a_rule_for_routed_packets_stays_as_typed(rules):
    made = rules("-A ufw-user-forward -i eth1 -p tcp -d 172.18.0.2 --dport 8000 -j ACCEPT")
    assert made[10:-3] == [
        "-A livemon-published -i eth1 -p tcp -d 172.18.0.2 --dport 8000 -j RETURN",
        "-A livemon-direct -i eth1 -p tcp -d 172.18.0.2 --dport 8000 -j RETURN",
    ]


def test_rules_for_outgoing_packets_are_ignored(rules):
    assert rules("-A ufw-user-output -p tcp --dport 25 -j DROP") == rules()


def test_ipv6_has_rules_of_its_own(rules):
    made = rules(
        "-A ufw6-user-input -p tcp --dport 3000 -s fd00::/8 -j ACCEPT\n-A ufw-user-input -s 10.0.0.1 -j ACCEPT",
        family="6",
    )
    assert made[10:-3] == ["-A livemon-published -m conntrack --ctorigdstport 3000 -p tcp -s fd00::/8 -j RETURN"]


def test_a_network_with_a_name_of_its_own_is_guarded_like_the_others(rules):
    made = rules(bridges=("cryo0",))
    assert "-A livemon -o cryo0 -g livemon-direct" in made
    assert "-A livemon-direct -i cryo0 -j RETURN" in made


@pytest.mark.parametrize(
    ("incoming", "routed", "verdicts"),
    [
        ('"ACCEPT"', '"DROP"', ["RETURN", "DROP"]),
        ("REJECT", "ACCEPT", ["REJECT", "RETURN"]),
        ("'DROP'", "''", ["DROP", "DROP"]),
    ],
)
def test_ufws_policies_are_kept(rules, incoming, routed, verdicts):
    made = rules(settings=f"DEFAULT_INPUT_POLICY={incoming}\nDEFAULT_FORWARD_POLICY={routed}\n")
    assert [rule.split()[-1] for rule in made[-3:-1]] == verdicts


def test_a_policy_that_is_not_set_drops(rules):
    assert [rule.split()[-1] for rule in rules(settings="")[-3:-1]] == ["DROP", "DROP"]


def test_the_last_of_two_settings_counts(program):
    assert program.setting("# ENABLED=maybe\nENABLED=no\nENABLED='yes'\n", "ENABLED") == "yes"


# --- what it does to the kernel, with stand-ins of the commands that it starts ---------------------------------------

ENABLED = "ENABLED=yes\n"
STAND_IN = """#!/bin/sh
cd {directory}
echo "$(basename "$0") $*" >>calls
case "$(basename "$0") $*" in
    ip6tables*) exit 1 ;;
    "iptables -w -S "*) cat in-force 2>/dev/null ;;
    "iptables -w -C "*) test -e jump ;;
    "iptables -w -I "*) touch jump ;;
    "iptables -w -D "*) test -e jump && rm jump ;;
    "iptables -w -X livemon-direct") rm in-force ;;
    iptables-restore*) test ! -e busy || {{ rm busy && exit 4; }} && cat >in-force ;;
    systemctl*) cat docker ;;
    "docker network ls"*) echo 111 222 ;;
    "docker network inspect"*) printf 'docker0\\n\\ncryo0\\n' ;;
esac
"""


@pytest.fixture
def machine(program, tmp_path, monkeypatch):
    """A machine on which ufw is enabled and lets in one source; `in-force` are its chains, `calls` the commands."""
    for command in ("iptables", "iptables-restore", "ip6tables", "systemctl", "docker"):
        path = tmp_path / "bin" / command
        path.parent.mkdir(exist_ok=True)
        path.write_text(STAND_IN.format(directory=tmp_path))
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    for name, path in {"UFW": "ufw", "UFW_SETTINGS": "settings", "DOCKER_NETWORKS": "networks"}.items():
        monkeypatch.setattr(program, name, tmp_path / path)
    monkeypatch.setattr(program.time, "sleep", lambda _seconds: None)
    (tmp_path / "ufw").mkdir()
    (tmp_path / "ufw/ufw.conf").write_text(ENABLED)
    (tmp_path / "ufw/user.rules").write_text("-A ufw-user-input -s 10.0.0.5 -j ACCEPT\n")
    (tmp_path / "settings").write_text(SETTINGS)
    (tmp_path / "docker").write_text("running\n")
    return tmp_path


def test_apply_loads_the_chains_and_says_so_once(program, machine, capsys):
    assert program.main(["apply"]) == 0
    assert "-A livemon-published -s 10.0.0.5 -j RETURN" in (machine / "in-force").read_text().splitlines()
    assert "-A livemon -o cryo0 -g livemon-direct" in (machine / "in-force").read_text().splitlines()
    assert (machine / "jump").exists()
    assert capsys.readouterr().out == "iptables: the rules for the ports that Docker publishes were changed\n"
    assert program.main(["apply"]) == 0
    assert capsys.readouterr().out == ""


def test_apply_deletes_the_chains_when_ufw_is_off(program, machine, capsys):
    program.main(["apply"])
    (machine / "ufw/ufw.conf").write_text("ENABLED=no\n")
    assert program.main(["apply"]) == 0
    assert not (machine / "in-force").exists()
    assert not (machine / "jump").exists()


def test_apply_tries_again_while_another_process_holds_the_lock(program, machine):
    (machine / "busy").touch()
    assert program.main(["apply"]) == 0
    assert (machine / "calls").read_text().count("iptables-restore --noflush") == 2


def test_apply_fails_when_the_kernel_refuses_the_rules(program, machine, capsys):
    (machine / "bin/iptables-restore").write_text("#!/bin/sh\nexit 2\n")
    assert program.main(["apply"]) == 1
    assert "iptables-restore" in capsys.readouterr().err


def test_an_engine_that_is_not_running_is_not_asked_for_its_networks(program, machine):
    (machine / "docker").write_text("dead\n")
    assert program.main(["apply"]) == 0
    assert "docker network" not in (machine / "calls").read_text()


def test_apply_begins_again_when_ufw_writes_meanwhile(program, machine, monkeypatch):
    update, made = program.update, []

    def update_and_write():
        update()
        made.append(len(made))
        if len(made) == 1:
            (machine / "ufw/user6.rules").write_text("")

    monkeypatch.setattr(program, "update", update_and_write)
    assert program.main(["apply"]) == 0
    assert len(made) == 2


@pytest.mark.parametrize("command", [[], ["rules"], ["rules", "5"], ["apply", "now"], ["load"]])
def test_an_unknown_command_is_refused(program, machine, command, capsys):
    assert program.main(command) == 64
    assert capsys.readouterr().err == "livemon-firewall: write apply, rules 4, rules 6 or remove\n"


def test_the_rules_can_be_printed(program, machine, capsys):
    assert program.main(["rules", "4"]) == 0
    assert "-A livemon-published -s 10.0.0.5 -j RETURN" in capsys.readouterr().out.splitlines()
