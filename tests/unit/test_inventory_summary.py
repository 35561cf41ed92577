"""What a run says at its end, and the check of an inventory: in words that nobody misreads."""

from __future__ import annotations

import dataclasses

import pytest

from plugins.plugin_utils.inventory.rendering import summary

FRIDGE = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "address": "172.16.127.192",
    "description": "Dilution fridge",
    "channels": {
        2: {
            "label": "4K plate",
            "alarm_above_K": 5.0,
            "alarms": [{"rising": 0.5, "per": "minute"}, {"above": 30, "of": "sensor"}],
        },
        5: {"label": "Still", "alarms": [{"outside": [0.6, 1.2], "severity": "warning"}]},
        6: None,
    },
    "also_reads": ["control_input"],
}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ"}
WARM = {"model": 240, "id": "warm", "serial": "LSA2ABC", "simulated": True, "name": "Warm"}
PUMP = {
    "agent_class": "PfeifferAgent",
    "id": "pump",
    "feeds": ["pressure"],
    "alarms": [{"field": "pressure.Channel_1", "label": "OVC", "unit": "mbar", "above": 0.001}],
}
SETTINGS = {
    "instruments": [FRIDGE, DIODES, WARM],
    "ocs_agents": [PUMP],
    "data_nodes": [{"kind": "weather", "name": "roof"}],
    "notifications": {
        "contact_points": [
            {"name": "on-call", "email": "postdoc@lab.example"},
            {"name": "unused", "email": "a@b.c"},
        ]
    },
    "dead_mans_switch": {"url": "https://hc.example/secret-path"},
}
MONITOR = summary.Machine("monitor", "192.0.2.10")
RUN = summary.Run(
    grafana_address="http://192.0.2.10:3000/",
    urls={"Grafana": "http://localhost:3000", "quick look": "http://localhost:5000"},
    tunnel="ssh -N -L 3000:localhost:3000 -L 5000:localhost:5000 -o ProxyCommand='ssh gateway -W %h:%p' postdoc@192.0.2.10",
    grafana=True,
)


def joined(text: str) -> str:
    return " ".join(text.split())


def understood(settings: dict, machine: summary.Machine = MONITOR) -> str:
    return joined(summary.understood([(machine, settings)]))


def set_up(settings: dict = SETTINGS, machine: summary.Machine = MONITOR, **changes: object) -> str:
    return joined(summary.set_up(machine, settings, dataclasses.replace(RUN, **changes)))


@pytest.mark.parametrize(
    "said",
    [
        "The inventory is sound; nothing was changed. monitor would be set up like this:",
        "machine monitor, at 192.0.2.10",
        "3 instruments control: Dilution fridge (Lake Shore 372, serial LSA22YG, at 172.16.127.192; plotted as LSA22YG)",
        "ls240 (Lake Shore 240, serial LSA21OQ, on USB; plotted as LSA21OQ)",
        "warm (Lake Shore 240, serial LSA2ABC, SIMULATED; plotted as Warm)",
        "20 channels control: 4K plate (2), Still (5), no name (6), Control input",
        "ls240: all 8, without names",
        "other agents pump: PfeifferAgent",
        "data nodes roof: weather",
        "5 limits control, 4K plate: above 5 K (critical)",
        "control, 4K plate: rising by more than 0.5 K per minute (warning)",
        "control, 4K plate: above 30 (critical)",
        "control, Still: outside 0.6 to 1.2 K (warning)",
        "pump, OVC: above 0.001 mbar (critical)",
        "Alarms reach on-call (e-mail to postdoc@lab.example).",
    ],
)
def test_the_check_says_what_it_understood(said):
    assert said in understood(SETTINGS)


def test_nothing_secret_and_nothing_untrue_is_said():
    text = understood(SETTINGS) + set_up()
    for absent in ("secret-path", "NOBODY", "nobody", "unused", "NO LIMIT", "None"):
        assert absent not in text


def test_what_is_not_there_is_said_so_that_nobody_misreads_it():
    text = understood({"instruments": [DIODES]}, summary.Machine("monitor"))
    assert "1 instrument ls240" in text
    assert "ansible_host is not given, so ssh connects to the name monitor" in text
    assert "0 limits NO LIMIT IS SET: no temperature raises an alarm" in text
    assert "NOBODY IS NOTIFIED of alarms" in text
    assert "If the monitor itself dies, nobody is notified" in text
    assert "0 instruments none: the inventory lists none" in understood({"instruments": None})


def test_the_end_of_a_run_says_where_to_look_and_how_to_get_there():
    text = set_up()
    assert text.startswith("livemon is set up on monitor:")
    assert "Grafana http://192.0.2.10:3000/ (user admin;" in text
    assert f"remote access {RUN.tunnel} and in the browser http://localhost:5000 and http://localhost:3000" in text
    assert "Alarms reach on-call" in text


def test_the_tunnel_command_stays_one_line_that_can_be_copied():
    assert any(line.strip().endswith(RUN.tunnel) for line in summary.set_up(MONITOR, SETTINGS, RUN).splitlines())


def test_without_grafana_it_says_so_and_whom_alarms_reach_then():
    """It named the quick-look page, and nobody knew that no alarm is told."""
    telegraph = {
        "notifications": {
            "contact_points": [{"name": "pager", "type": "victorops", "settings": {"url": "https://x.example"}}]
        }
    }
    text = set_up(SETTINGS | telegraph, grafana=False)
    assert "Grafana is NOT RUNNING on this machine" in text
    assert "NOBODY IS NOTIFIED of alarms: without Grafana" in text
    assert "in the browser http://localhost:5000 " in text
    assert "NOBODY" not in set_up(SETTINGS | telegraph, grafana=True)


@pytest.mark.parametrize(
    ("changes", "begin"),
    [
        (
            {"is_check": True, "grafana": None},
            "Check mode: nothing was changed on monitor. A run without --check would set up:",
        ),
        (
            {"only": ("ocs", "sisock")},
            "Done on monitor: what belongs to --tags ocs,sisock. All that the inventory describes:",
        ),
        ({"without": ("grafana",)}, "Done on monitor: what belongs to --skip-tags grafana."),
        (
            {"is_check": True, "only": ("ocs",)},
            "Check mode: nothing was changed on monitor. A run with --tags ocs would do its part",
        ),
    ],
)
def test_a_run_that_did_a_part_or_nothing_says_so(changes, begin):
    text = set_up(**changes)
    assert text.startswith(begin)
    assert "livemon is set up" not in text


def test_on_the_monitor_itself_the_page_is_here():
    here = summary.Machine("monitor", is_local=True)
    assert "http://localhost:5000 (on this computer)" in set_up(machine=here)
    assert "monitor: this computer itself (ansible_connection: local)" in understood(SETTINGS, here)


def test_each_monitor_has_a_block_of_its_own():
    text = summary.understood([(MONITOR, SETTINGS), (summary.Machine("second", "192.0.2.11"), {"instruments": [WARM]})])
    first, second = text.split("\n\nThe inventory is sound;")
    assert "second" not in first
    assert "second, at 192.0.2.11" in second
