"""livemon's Docker engine limits logs, stops no container and makes no user root; another engine is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab_machine import Machine
from testinfra.host import Host

STARTED = "docker inspect --format '{{.Name}} {{.State.StartedAt}} {{.State.Running}}' $(docker ps --quiet)"
PROCESS = "systemctl show --property=MainPID docker"
FLOOD = "import sys\nfor number in range(400_000): print(number, 'x' * 90)"
LOGS = 3 * 10_000_000


@pytest.fixture(autouse=True)
def _own_engine(host: Host) -> None:
    if not host.file("/var/lib/livemon/docker/packages").exists:
        pytest.skip("livemon does not manage the engine of this machine: test_engine_before.py")


@pytest.fixture
def flooded(host: Host) -> Iterator[str]:
    """The identity of a container that wrote 40 MB."""
    image = host.check_output("docker image ls --format '{{.Repository}}:{{.Tag}}' livemon/app").splitlines()[0]
    identity = host.check_output("docker run --detach --network none --entrypoint python3 %s -c %s", image, FLOOD)
    assert host.check_output("docker wait %s", identity) == "0"
    yield identity
    host.run_expect([0], "docker rm --force %s", identity)


def test_the_logs_of_a_container_are_bounded(host: Host, flooded: str):
    size = int(host.check_output("cat /var/lib/docker/containers/%s/*-json.log* | wc --bytes", flooded))
    assert LOGS / 2 < size < LOGS * 1.1
    assert "399999" in host.check_output("docker logs --tail 1 %s", flooded)


def test_containers_outlive_a_restart_of_the_engine(host: Host):
    containers, process = host.check_output(STARTED), host.check_output(PROCESS)
    host.run_expect([0], "systemctl restart docker")
    assert host.check_output(PROCESS) != process
    assert host.check_output(STARTED) == containers


def test_no_user_is_root_by_the_group_docker(host: Host):
    assert host.group("docker").members == []
    assert host.run("sudo -u postdoc docker ps").rc != 0


def test_another_engine_is_reported_and_left_alone(host: Host, machine: Machine):
    wanted = {"registry_mirrors": ["https://mirror.lab.example"], "docker_options": {"debug": True}}
    looks = (
        PROCESS,
        STARTED,
        "docker info --format '{{json .RegistryConfig.Mirrors}} {{.Debug}}'",
        "cat /etc/docker/daemon.json",
    )
    before = [host.check_output(look) for look in looks]
    played = machine.play("site", "--tags=docker", docker_from="existing", **wanted)
    assert played.rc == 0, played.stdout[-3000:]
    assert "is not managed by livemon and stays as it is" in played.stdout
    assert "https://mirror.lab.example" in played.stdout
    assert [host.check_output(look) for look in looks] == before
