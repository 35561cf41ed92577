"""How the containers of the appliance run, and what happens when one reaches its limits: docs/containers.md."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lab_machine import Machine
from testinfra.host import Host
from waiting import wait_for

LOOK = """
touch /written 2>/dev/null && echo 'writes yes' || echo 'writes no'
echo uid $(id -u)
sed -nE 's/^(CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp):[[:space:]]*/\\1 /p' /proc/1/status
echo memory $(cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null)
echo processes $(cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null)
echo sockets $(find / -xdev -name docker.sock 2>/dev/null) $(ls -d /run/docker.sock /var/run/docker.sock 2>/dev/null)
"""
NO_CAPABILITY = "0" * 16
MOST_MEMORY = 4 << 30


@pytest.fixture(scope="module")
def containers(host: Host) -> dict[str, dict]:
    """What Docker says of each container of ours."""
    working_directory = '{{.Names}} {{.Label "com.docker.compose.project.working_dir"}}'
    names = [
        line.split()[0]
        for line in host.check_output("docker ps --format %s", working_directory).splitlines()
        if " /etc/livemon/" in line
    ]
    assert len(names) > 8
    return {name: json.loads(host.check_output("docker inspect %s", name))[0] for name in names}


@pytest.fixture(scope="module")
def seen(host: Host, containers: dict[str, dict]) -> dict[str, dict[str, str]]:
    """What a process in each of them sees."""
    found = {}
    for name in containers:
        lines = host.check_output("docker exec %s sh -c %s", name, LOOK).splitlines()
        found[name] = {key: value for key, _, value in (line.partition(" ") for line in lines)}
    return found


@pytest.mark.parametrize(
    ("what", "is_right"),
    [
        ("writes", lambda value: value == "no"),
        ("uid", lambda value: int(value) > 0),
        ("CapEff", lambda value: value == NO_CAPABILITY),
        ("CapPrm", lambda value: value == NO_CAPABILITY),
        ("CapBnd", lambda value: value == NO_CAPABILITY),
        ("NoNewPrivs", lambda value: value == "1"),
        ("memory", lambda value: 0 < int(value) <= MOST_MEMORY),
        ("processes", lambda value: 0 < int(value) <= 500),
        ("sockets", lambda value: value == ""),
    ],
)
def test_a_process_in_a_container(seen: dict[str, dict[str, str]], what: str, is_right: callable):
    assert {name: each[what] for name, each in seen.items() if not is_right(each[what])} == {}


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("Privileged", False),
        ("RestartPolicy", {"Name": "unless-stopped", "MaximumRetryCount": 0}),
        ("LogConfig", {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}),
        ("CapAdd", None),
        ("PidMode", ""),
    ],
)
def test_what_docker_holds_a_container_to(containers: dict[str, dict], what: str, value: object):
    assert {
        name: each["HostConfig"][what] for name, each in containers.items() if each["HostConfig"][what] != value
    } == {}


def test_swap_is_not_to_be_had(containers: dict[str, dict]):
    limits = {
        name: (each["HostConfig"]["Memory"], each["HostConfig"]["MemorySwap"]) for name, each in containers.items()
    }
    # An engine on a kernel without accounting of swap says 0 or -1.
    assert {name: limit for name, limit in limits.items() if limit[1] not in (limit[0], 0, -1)} == {}


def health(host: Host, name: str) -> str:
    return host.check_output("docker inspect --format '{{.State.Health.Status}}' %s", name)


def test_all_say_that_they_are_well(host: Host, containers: dict[str, dict]):
    wait_for(lambda: {health(host, name) for name in containers} == {"healthy"}, "all to be healthy", 90, every=2)


@pytest.fixture
def without(host: Host, containers: dict[str, dict]) -> Iterator[callable]:
    """Stop a container until the end of the test."""
    stopped = []

    def stop(name: str) -> None:
        host.run_expect([0], "docker stop --time 10 %s", name)
        stopped.append(name)

    yield stop
    for name in stopped:
        host.run_expect([0], "docker start %s", name)
    wait_for(lambda: {health(host, name) for name in containers} == {"healthy"}, "all to be back", 180, every=2)


@pytest.mark.long
def test_an_agent_without_its_instrument_says_so_and_the_playbook_goes_on(
    host: Host, machine: Machine, without: callable
):
    without("simulator_ls240")
    wait_for(lambda: health(host, "ocs_ls240") == "unhealthy", "the agent to be unhealthy", 240, every=2)
    assert health(host, "ocs_control") == "healthy"
    again = machine.play("site", "--tags=ocs", wait_for_data=False)
    assert again.rc == 0, again.stdout[-3000:]


@pytest.mark.long
def test_a_hub_without_its_router_says_so_and_the_nodes_answer(host: Host, without: callable):
    without("sisock_crossbar")
    wait_for(lambda: health(host, "sisock_hub") == "unhealthy", "the hub to be unhealthy", 240, every=2)
    assert health(host, "sisock_nodes") == "healthy"
    assert host.run("curl --silent --fail --max-time 20 http://127.0.0.1:5000/api/status").rc == 0


def test_who_wants_too_many_processes_gets_none(host: Host):
    greedy = (
        "import threading; [threading.Thread(target=threading.Event().wait, daemon=True).start() for _ in range(1000)]"
    )
    answer = host.run("docker exec sisock_hub python3 -c %s", greedy)
    assert "can't start new thread" in answer.stderr
    assert health(host, "sisock_hub") == "healthy"


def test_a_container_that_takes_too_much_memory_is_ended_and_is_back(host: Host):
    """The kernel ends one process of a container that has reached its limit, here the first: with it the container ends."""
    name = "simulator_control"
    before = json.loads(host.check_output("docker inspect %s", name))[0]
    host.run_expect([0], "sh -c %s", f"echo 1000 >/proc/{before['State']['Pid']}/oom_score_adj")
    host.run("docker exec %s python3 -c %s", name, "kept = [bytes(1 << 20) + b'x' for _ in range(4000)]")
    wait_for(lambda: host.check_output("docker inspect --format '{{.RestartCount}}' %s", name) != "0", "a restart", 30)
    after = json.loads(host.check_output("docker inspect %s", name))[0]
    assert after["RestartCount"] == before["RestartCount"] + 1
    assert after["State"]["StartedAt"] > before["State"]["StartedAt"]
    wait_for(lambda: health(host, name) == "healthy", "it to be well", 60, every=2)
    wait_for(lambda: health(host, "ocs_control") == "healthy", "its agent to have it back", 90, every=2)


@pytest.mark.parametrize("image", ["app", "router"])
def test_an_image_tells_what_it_is_and_was_built_on(host: Host, containers: dict[str, dict], image: str):
    (reference,) = {each["Config"]["Image"] for each in containers.values() if f"/{image}:" in each["Config"]["Image"]}
    labels = json.loads(host.check_output("docker image inspect --format '{{json .Config.Labels}}' %s", reference))
    assert labels["org.opencontainers.image.title"] == f"livemon {image}"
    assert labels["org.opencontainers.image.revision"] == reference.rpartition(":")[2]
    assert labels["org.opencontainers.image.version"]
    assert labels["org.opencontainers.image.base.name"]


def test_the_command_tells_which_image_it_is_and_runs_under_the_same_rules(host: Host, containers: dict[str, dict]):
    image = containers["sisock_nodes"]["Config"]["Image"]
    assert f"(image {image.rpartition(':')[2]} on " in host.check_output("livemon --version")
