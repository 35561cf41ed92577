"""The appliance as an operator at its machine sees it: containers, data and commands."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import yaml
from lab_machine import Machine
from paths import ROOT
from testinfra.host import Host
from waiting import wait_for

INSTRUMENTS = yaml.safe_load((ROOT / "inventory/demo/hosts.yml").read_text())["livemon"]["vars"]["instruments"]
IDS = [instrument["id"] for instrument in INSTRUMENTS]
SERIALS = [instrument["serial"] for instrument in INSTRUMENTS]
LABELS = {channel["label"] for instrument in INSTRUMENTS for channel in instrument["channels"].values()}
LABELLED = sum(len(instrument["channels"]) for instrument in INSTRUMENTS)
FIRST_CHANNEL = {"372": "channel_01_t", "240": "channel_1_t"}
CONTAINERS = {
    "sisock_crossbar",
    "sisock_hub",
    "sisock_nodes",
    "sisock_grafana_http",
    *(f"ocs_{instance}" for instance in IDS),
    *(f"simulator_{instance}" for instance in IDS),
    "ocs_bluefors",
    "simulator_bluefors_logs",
}


def bridge(host: Host, path: str, body: object = None, **arguments: object) -> object:
    """What the bridge answers on the machine's loopback address, or None."""
    url = f"http://127.0.0.1:5000{path}{'?' if arguments else ''}{urlencode(arguments)}"
    posted = "" if body is None else f"--header 'Content-Type: application/json' --data '{json.dumps(body)}'"
    answer = host.run(f"curl --silent --fail --max-time 20 {posted} '{url}'")
    return json.loads(answer.stdout) if answer.rc == 0 else None


def all_fresh(host: Host) -> bool:
    """Whether every channel that the inventory labels has a value of the last half minute."""
    status = bridge(host, "/api/status") or {"nodes": []}
    ages = [
        field["age"]
        for node in status["nodes"]
        if node["name"] in SERIALS
        for field in node["fields"]
        if field["label"] in LABELS
    ]
    return len(ages) >= LABELLED and all(age is not None and age < 30 for age in ages)


def times(host: Host, name: str, since: float) -> list[float]:
    """Times of a channel's samples since then."""
    answer = bridge(host, "/api/series", field=name, **{"from": since, "until": 0, "points": 100000})
    return answer["series"][0]["times"] if answer else []


def running(host: Host) -> set[str]:
    return set(host.check_output("docker ps --format '{{.Names}}'").split())


def first_channel(instrument: dict) -> str:
    return f"{instrument['serial']}::{FIRST_CHANNEL[str(instrument['model'])]}"


def test_the_seeds_containers_and_an_agent_for_each_instrument_run(host: Host):
    assert running(host) >= CONTAINERS


def test_every_labelled_channel_has_a_fresh_value(host: Host):
    wait_for(lambda: all_fresh(host), "a fresh value of every labelled channel", 60, every=2)


# A 372 scans its channels: each has a new reading after half a minute.
@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=IDS)
def test_series_grow(host: Host, instrument: dict):
    started = time.time()
    before = times(host, first_channel(instrument), started - 600)
    assert before
    wait_for(
        lambda: times(host, first_channel(instrument), started - 600)[-1:] > before[-1:],
        "a further sample",
        60,
        every=3,
    )


def test_a_query_for_an_unknown_channel_is_refused_by_its_name(host: Host):
    query = {
        "range": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T01:00:00Z"},
        "targets": [{"target": "nobody::nothing"}],
    }
    answer = host.run(
        "curl --silent --write-out '%%{http_code}' --header 'Content-Type: application/json' --data %s "
        "http://127.0.0.1:5000/query",
        json.dumps(query),
    )
    assert answer.stdout[-3] == "4"
    assert "nobody" in answer.stdout


@pytest.mark.parametrize(
    ("command", "says", "fine"),
    [
        ("livemon status", "LSA21OQ", {0, 3}),  # while the simulated cryostat is still warm, its alarm fires
        ("livemon query LSA21OQ::channel_1_t", ":", {0}),
        ("ocs-client-cli scan", "ls240", {0}),
        ("livemon acq stop --target=ls240", "", {0}),
        ("livemon acq start --target=ls240", "", {0}),
        ("livemon record stop", "", {0}),
        ("livemon record start", "", {0}),
    ],
)
def test_the_operators_commands_answer(host: Host, command: str, says: str, fine: set[int]):
    # Who restarted a container before may have silenced an instrument for a moment.
    deadline = time.monotonic() + 90
    while (answer := host.run(command)).rc not in fine and time.monotonic() < deadline:
        time.sleep(5)
    assert answer.rc in fine, answer.stderr
    assert says in answer.stdout


def test_one_who_may_not_use_docker_is_told_what_to_write(machine: Machine):
    told = machine.ssh("livemon status --json 2>&1 || echo status $?")
    assert told.endswith("may not use Docker: write sudo livemon status --json\nstatus 1\n")


@pytest.fixture
def _no_package_index(host: Host) -> Iterator[None]:
    """apt cannot reach its servers, and last could nine days ago."""
    nowhere = "/etc/apt/apt.conf.d/99-nowhere"
    setting = "".join(f'Acquire::{each}::Proxy "http://127.0.0.1:9/";\n' for each in ("http", "https"))
    host.run_expect([0], "printf %s > %s", setting, nowhere)
    stamps = "/var/lib/apt/lists /var/lib/apt/periodic/update-success-stamp"
    host.run_expect([0], f"touch --no-create --date='9 days ago' {stamps}")
    yield
    host.run_expect([0], "rm %s", nowhere)


@pytest.mark.long
@pytest.mark.usefixtures("_no_package_index")
def test_a_machine_that_misses_nothing_is_set_up_again_without_a_network(host: Host, machine: Machine):
    assert host.run("apt-get update --error-on=any").rc != 0
    played = machine.play("site")
    assert played.rc == 0, played.stdout
    assert "changed=0" in played.stdout
