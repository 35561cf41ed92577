"""Docker's own packages, registries, mirrors and a proxy, on lab/referees: `make molecule-docker-sources` sets both machines up.

The machine resolves neither name: whatever comes from there came by the proxy, as its user.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from lab_machine import Machine
from paths import ROOT
from testinfra.host import Host

REGISTRY = "registry.referees.test"
PYTHON = "python:3.11-slim-bookworm"


@pytest.fixture(scope="module")
def referees() -> dict[str, Any]:
    name = os.environ.get("LIVEMON_REFEREES")
    if not name:
        pytest.skip("no referees are named: make molecule-docker-sources sets them up")
    return yaml.safe_load((ROOT / f".cache/lab/{name}/referees.yml").read_text()) | {"name": name}


@pytest.fixture(scope="module")
def settings(referees: dict[str, Any]) -> dict[str, Any]:
    """What an inventory says of them."""
    return {key: referees[key] for key in ("proxy", "docker_repository", "registry_mirrors")} | {
        "docker_from": "docker"
    }


@pytest.fixture(scope="module")
def trusting_settings(referees: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """What an inventory says that trusts the registry's authority, and has a user who may use Docker."""
    authority = ROOT / f".cache/lab/{referees['name']}/ca.pem"
    authorities = (
        f"{{{{ query('ansible.builtin.fileglob', '/usr/local/share/ca-certificates/*.crt') + ['{authority}'] }}}}"
    )
    return settings | {"extra_ca_certificates": authorities, "docker_users": ["postdoc"]}


@pytest.fixture(scope="module")
def trusting(machine: Machine, host: Host, trusting_settings: dict[str, Any]) -> Iterator[dict[str, str]]:
    """What was said and done when the registry's authority came, while the engine and a container ran; a user came, too."""
    host.run_expect([0], "apt-get install --yes --no-install-recommends busybox-static")
    host.run_expect([0], "tar --directory /bin --create busybox | docker import - somebodys/container")
    host.run_expect([0], "docker run --detach --name stays somebodys/container /busybox sleep 1800")
    started = "docker inspect --format '{{.State.StartedAt}} {{.State.Running}}' stays"
    before = host.check_output(started)
    refused = host.run(f"docker pull {REGISTRY}/library/{PYTHON}")
    assert refused.rc != 0
    played = machine.play("site", "--tags=docker", **trusting_settings)
    assert played.rc == 0, played.stdout[-3000:]
    yield {"refusal": refused.stderr, "said": played.stdout, "before": before, "after": host.check_output(started)}
    host.run("docker rm --force stays")


def test_the_versions_that_are_held_are_there_and_the_newest_of_others(host: Host, referees: dict[str, Any]):
    versions = {
        name: host.package(name).version
        for name in ("docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin")
    }
    assert versions["docker-ce"] == versions["docker-ce-cli"] == "5:24.0.2-1~debian.13~trixie"
    assert versions["containerd.io"] == "1.6.21-1"
    assert versions["docker-buildx-plugin"] == "0.29.1-1~debian.13~trixie"


def test_an_upgrade_of_the_machine_moves_no_held_version(host: Host, referees: dict[str, Any]):
    would = host.check_output("apt-get --simulate --quiet dist-upgrade")
    assert "Inst docker-ce" not in would
    assert "Inst containerd.io" not in would


def test_the_proxys_password_is_shown_to_nobody(host: Host, referees: dict[str, Any]):
    password = referees["proxy"].split(":")[2].split("@")[0]
    for shown in ("systemctl show docker containerd", "ps -e --format args e", "sudo docker info"):
        assert password not in host.check_output(f"sudo -u postdoc {shown}")
    found = host.run("grep --recursive --files-with-matches --exclude-dir=ssl %s /etc", password).stdout.split()
    assert found
    assert {host.file(path).mode for path in found} == {0o600}


def test_a_registry_of_an_unknown_authority_is_refused_by_that_name(trusting: dict[str, str]):
    assert "certificate signed by unknown authority" in trusting["refusal"]


def test_the_restart_for_a_new_authority_is_told_and_containers_go_on(trusting: dict[str, str]):
    assert (
        "Docker is restarted for /usr/local/share/ca-certificates/livemon-ca.crt: the containers that run (1) go on meanwhile"
        in trusting["said"]
    )
    assert trusting["before"] == trusting["after"]


@pytest.mark.parametrize("reference", [f"{REGISTRY}/library/python@{{digest}}", "python@{digest}", PYTHON])
def test_images_come_by_digest_and_by_the_mirror(
    host: Host, trusting: dict[str, str], referees: dict[str, Any], reference: str
):
    image = reference.format(**referees)
    host.run_expect([0], "docker pull --quiet %s", image)
    assert referees["digest"] in host.check_output("docker image inspect --format '{{.RepoDigests}}' %s", image)


def test_a_digest_that_is_not_there_is_not_pulled(host: Host, trusting: dict[str, str]):
    assert host.run(f"docker pull {REGISTRY}/library/python@sha256:{'0' * 64}").rc != 0


def test_an_image_is_built_on_a_base_image_by_digest(host: Host, trusting: dict[str, str], referees: dict[str, Any]):
    host.run_expect([0], "docker image rm --force $(docker image ls --quiet --filter reference=python)")
    dockerfile = f"FROM python@{referees['digest']}\nRUN python3 -c 'print(6 * 7)' >/tmp/answer\n"
    host.run_expect([0], "printf %s | docker build --tag built -", dockerfile)
    assert host.check_output("docker run --rm --entrypoint cat built /tmp/answer") == "42"


def test_who_is_asked_for_is_in_the_group_and_it_is_told_what_that_means(host: Host, trusting: dict[str, str]):
    assert host.group("docker").members == ["postdoc"]
    assert "users in the group docker are root equivalent" in trusting["said"]


def test_a_mirror_is_taken_over_without_a_restart(
    machine: Machine, host: Host, trusting: dict[str, str], trusting_settings: dict[str, Any]
):
    process = host.check_output("systemctl show --property=MainPID docker")
    mirrors = [*trusting_settings["registry_mirrors"], "https://second.referees.test"]
    played = machine.play("site", "--tags=docker", **trusting_settings | {"registry_mirrors": mirrors})
    assert played.rc == 0, played.stdout[-3000:]
    assert "Docker is restarted" not in played.stdout
    assert host.check_output("systemctl show --property=MainPID docker") == process
    assert "https://second.referees.test/" in host.check_output(
        "docker info --format '{{json .RegistryConfig.Mirrors}}'"
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"fingerprint": "0" * 40}, "docker_repository.fingerprint expects 0000"),
        ({"url": "http://packages.referees.test/forged/debian"}, "apt cannot use Docker's repository"),
        (
            {
                "url": "http://packages.referees.test/none/debian",
                "key": "http://packages.referees.test/linux/debian/gpg",
            },
            "404",
        ),
    ],
)
def test_a_repository_that_is_not_the_right_one_changes_no_package(
    machine: Machine, host: Host, trusting_settings: dict[str, Any], wrong: dict[str, str], told: str
):
    before = host.check_output("dpkg-query --show")
    repository = trusting_settings["docker_repository"] | wrong
    played = machine.play("site", "--tags=docker", **trusting_settings | {"docker_repository": repository})
    assert played.rc != 0
    assert told in played.stdout
    assert host.check_output("dpkg-query --show") == before
    host.run_expect([0], "apt-get --quiet update")


def test_it_goes_with_its_packages_when_they_are_named(machine: Machine, host: Host, trusting_settings: dict[str, Any]):
    played = machine.play("remove", "--tags=docker", **trusting_settings, confirm="lab", also_remove="docker")
    assert played.rc == 0, played.stdout[-3000:]
    assert not host.package("docker-ce").is_installed
    ours = "-name '*livemon-docker*' -o -name daemon.json -o -name 'livemon-*.crt'"
    assert host.run(f"find /etc /var/lib/livemon /usr/local/share {ours}").stdout == ""
    assert host.group("docker").members == []
