"""An earlier livemon is upgraded: none of its samples, keys and secrets is lost, and nothing else of it is left over.

`make upgrade-test` sets it up by that day's playbook; without it these tests are skipped. They take the machine apart at their end.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab_machine import Machine
from test_host import CONTAINERS, INSTRUMENTS, all_fresh, bridge, first_channel, running
from test_remove import LEFT, changed
from testinfra.host import Host
from waiting import wait_for

from livemon import hkarchive

pytestmark = [
    pytest.mark.long,
    pytest.mark.takes_apart,
    pytest.mark.skipif(not os.environ.get("LIVEMON_UPGRADE_FROM"), reason="make upgrade-test sets up what is upgraded"),
]

PLAY = 900.0
"""Seconds that a run of the playbook takes at most."""
SETTINGS = {"grafana_image": "grafana/grafana:12.0.2", "grafana_required": False, "grafana_https": False}
"""As in the demo's inventory, by which the earlier livemon was set up."""
CHANNELS = {
    first_channel(instrument): f"observatory.{instrument['id']}.feeds.temperatures" for instrument in INSTRUMENTS
}
"""Each with the feed that it is of."""
FIELDS = {"LSA22YG::channel_01_t": "Channel_01_T", "LSA21OQ::channel_1_t": "Channel_1_T"}
FINISHED = "find /data/hk -name '*.g3' -type f | sort | xargs --no-run-if-empty sha256sum"
PRECIOUS = {
    "secrets": "find /etc/livemon/secrets/master -type f | sort | xargs sha256sum",
    "authority": "sha256sum /etc/livemon/pki/ca.crt /etc/livemon/pki/ca.key",
    "owner of the archive": "stat --format '%u:%g %a' /data/hk",
}
Samples = dict[float, float | None]
"""Values by time, UNIX seconds."""


@dataclass(frozen=True)
class Before:
    """The earlier livemon, right before its upgrade."""

    until: float
    """UNIX seconds: samples of before are compared."""
    files: set[str]
    precious: dict[str, str]
    containers: set[str]
    samples: dict[str, Samples]


def archived(machine: Machine, directory: Path, end: float) -> dict[str, Samples]:
    """Return the samples of each channel before `end` from a copy of the archive, the file that is being written included."""
    packed = subprocess.run(
        ["ssh", "-F", machine.ssh_config, f"livemon-{machine.name}", "sudo tar --create --directory /data hk"],
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    subprocess.run(["tar", "--extract", "--directory", directory], input=packed.stdout, check=True, timeout=60)
    paths = {name: f"{feed}.{FIELDS[name]}" for name, feed in CHANNELS.items()}
    found = hkarchive.load(list(paths.values()), end - 86400, end, directory / "hk")
    return {name: dict(zip(*map(list, found[path]), strict=True)) for name, path in paths.items()}


def samples(host: Host, name: str, start: float, end: float) -> Samples:
    """Return all samples of a channel in ``[start, end)``."""
    interval = {"from": start, "until": end, "points": 100_000}

    def answer() -> Any:
        return bridge(host, "/api/series", field=name, **interval)

    (found,) = wait_for(answer, f"samples of {name}", 60, every=2)["series"]
    return dict(zip(found["times"], found["values"], strict=True))


@pytest.fixture(scope="module")
def before(machine: Machine, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Before:
    """What there is when the archive has two finished files and part of a third."""
    wait_for(
        lambda: len(host.check_output(FINISHED).splitlines()) >= 2, "two finished files of the archive", 240, every=3
    )
    wait_for(lambda: all_fresh(host), "a fresh value of every labelled channel", 120, every=2)
    until = time.time() - 30
    return Before(
        until,
        set(host.check_output(FINISHED).splitlines()),
        {what: host.check_output(command) for what, command in PRECIOUS.items()},
        running(host),
        archived(machine, tmp_path_factory.mktemp("archive"), until),
    )


@pytest.fixture(scope="module")
def upgraded(machine: Machine, before: Before) -> subprocess.CompletedProcess[str]:
    """A run of the present playbook over it."""
    assert before.containers >= {"sisock_crossbar", "ocs_aggregator"}
    begun = time.monotonic()
    played = machine.play("site", seconds=PLAY, **SETTINGS)
    print(f"the upgrade took {time.monotonic() - begun:.0f} s, {len(changed(played))} changes")
    return played


@pytest.fixture(scope="module")
def removed(machine: Machine, upgraded: object) -> Iterator[None]:
    """The appliance, taken off by the present playbook, which knows nothing of files that only the earlier livemon wrote."""
    played = machine.play("remove", seconds=PLAY, confirm="lab", **SETTINGS)
    assert played.rc == 0, played.stdout[-6000:]


def test_the_playbook_upgrades_it(upgraded: subprocess.CompletedProcess[str]):
    assert upgraded.rc == 0, upgraded.stdout[-6000:]


@pytest.mark.parametrize("what", PRECIOUS)
@pytest.mark.usefixtures("upgraded")
def test_secrets_keys_and_owners_are_what_they_were(host: Host, before: Before, what: str):
    """There may be new ones beside them."""
    assert before.precious[what]
    assert set(host.check_output(PRECIOUS[what]).splitlines()) >= set(before.precious[what].splitlines())


@pytest.mark.usefixtures("upgraded")
def test_the_files_of_the_archive_are_untouched_and_readable(host: Host, before: Before):
    assert len(before.files) >= 2
    assert set(host.check_output(FINISHED).splitlines()) >= before.files
    names = " ".join(sorted(line.split()[1] for line in before.files))
    checked = host.run(f"livemon archive check {names}")
    assert checked.rc == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.usefixtures("upgraded")
def test_no_sample_from_before_is_lost(host: Host, before: Before, name: str):
    """The data nodes have them from the archive, also those of the file that was being written."""
    known = before.samples[name]
    assert len(known) >= 2, "the earlier livemon recorded too little to compare"
    found = samples(host, name, min(known), before.until)
    assert {when: value for when, value in known.items() if found.get(when, "missing") != value} == {}


@pytest.mark.usefixtures("upgraded")
def test_everything_runs_and_records_again(host: Host):
    wait_for(lambda: all_fresh(host), "a fresh value of every labelled channel", 120, every=2)
    assert running(host) >= CONTAINERS

    def unwell() -> list[str]:
        states = host.check_output("docker ps --all --format '{{.Names}} {{.Status}}'").splitlines()
        return [each for each in states if "(healthy)" not in each]

    wait_for(lambda: not unwell(), "all containers to be healthy", 180, every=3, state=lambda: f"{unwell()}")
    wait_for(
        lambda: host.run("livemon status").rc in {0, 3},
        "livemon status to find nothing wrong",
        180,
        every=5,
        state=lambda: host.run("livemon status").stderr,
    )


@pytest.mark.usefixtures("upgraded")
def test_no_container_is_left_of_the_earlier_livemon(host: Host):
    """Each belongs to a compose project of the present one, and runs its present image."""
    found = [json.loads(line) for line in host.check_output("docker ps --all --format '{{json .}}'").splitlines()]
    projects = host.check_output("ls /etc/livemon").split()
    for each in found:
        labels = dict(label.partition("=")[::2] for label in each["Labels"].split(","))
        assert labels["com.docker.compose.project"] in projects, each
    assert len({each["Image"] for each in found if each["Image"].startswith("livemon/app")}) == 1


def test_a_second_run_changes_nothing(machine: Machine, upgraded: subprocess.CompletedProcess[str]):
    played = machine.play("site", seconds=PLAY, **SETTINGS)
    assert played.rc == 0, played.stdout[-6000:]
    assert changed(played) == []


@pytest.mark.parametrize("what", LEFT)
@pytest.mark.usefixtures("removed")
def test_no_file_is_left_of_the_earlier_livemon(host: Host, what: str):
    """What the present playbook does not know, it does not remove."""
    assert host.run(LEFT[what]).stdout == ""


@pytest.mark.usefixtures("removed")
def test_what_is_precious_outlives_upgrade_and_removal(host: Host, before: Before):
    assert set(host.check_output(FINISHED).splitlines()) >= before.files
    assert set(host.check_output(PRECIOUS["secrets"]).splitlines()) >= set(before.precious["secrets"].splitlines())
