"""Who reaches the router that drives instruments, and who may operate them, on the machine as it is set up."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lab_machine import Neighbour
from testinfra.host import Host
from waiting import wait_for

TRAIL = "/var/log/livemon/control.log"
PLAIN_PORTS = (8001, 8002)
DIAL = """
import concurrent.futures, json, socket, sys

def answers(target):
    try:
        socket.create_connection(tuple(target), 2).close()
    except OSError:
        return False
    return True

targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(list(pool.map(answers, targets))))
"""
CALL = """
import json, sys, urllib.request

request = urllib.request.Request("http://127.0.0.1:8001/call", sys.argv[1].encode(), {"Content-Type": "application/json"})
print(urllib.request.urlopen(request, timeout=30).read().decode())
"""


def inspected(host: Host, what: str, name: str) -> dict:
    return json.loads(host.check_output("docker %s inspect %s", what, name))[0]


def lines(host: Host) -> list[dict]:
    return [json.loads(line) for line in host.check_output("cat %s", TRAIL).splitlines()]


def run_in(host: Host, network: str, *program: str) -> str:
    """What a Python program prints in a container of our image on a network."""
    image = inspected(host, "container", "ocs_registry")["Config"]["Image"]
    command = f"docker run --rm --pull never --network {network} --entrypoint python {image} -c"
    return host.check_output(f"{command} {' '.join(['%s'] * len(program))}", *program)


@pytest.fixture(scope="module")
def addresses(host: Host) -> dict[str, list[str]]:
    """Every address by which a container might look for the router, by the network that the address is of."""
    router = inspected(host, "container", "sisock_crossbar")["NetworkSettings"]["Networks"]
    found = {}
    for name in ("ocs-net", "sisock-net"):
        gateways = [each["Gateway"] for each in inspected(host, "network", name)["IPAM"]["Config"] if "Gateway" in each]
        found[name] = [router[name]["IPAddress"], router[name]["Gateway"], *gateways]
    found["host"] = host.check_output("hostname --all-ip-addresses").split()
    return found


def test_nothing_on_grafanas_network_reaches_the_plain_router(host: Host, addresses: dict[str, list[str]]):
    everywhere = sorted({address for of_one in addresses.values() for address in of_one} - {""})
    targets = [(address, port) for address in everywhere for port in PLAIN_PORTS]
    answers = json.loads(run_in(host, "sisock-net", DIAL, json.dumps(targets)))
    assert [target for target, answer in zip(targets, answers, strict=True) if answer] == []


def test_the_same_attempts_reach_what_is_there(host: Host, addresses: dict[str, list[str]]):
    """The test above can fail: the agents' network reaches the plain router, and Grafana's the other one."""
    plain = [(addresses["ocs-net"][0], port) for port in PLAIN_PORTS]
    assert json.loads(run_in(host, "ocs-net", DIAL, json.dumps(plain))) == [True, True]
    assert json.loads(run_in(host, "sisock-net", DIAL, json.dumps([(addresses["sisock-net"][0], 8080)]))) == [True]


def test_no_other_host_reaches_the_router(neighbour: Neighbour):
    assert not [port for port in (*PLAIN_PORTS, 8080) if neighbour.reaches(port)]


@pytest.fixture
def stranger(host: Host) -> Iterator[str]:
    """A user of the machine without any particular rights."""
    host.run_expect([0], "useradd --create-home stranger")
    yield "stranger"
    host.run_expect([0], "userdel --remove stranger")


@pytest.mark.parametrize(
    ("agent", "action", "operation"),
    [("ls240", "stop", "acq"), ("control", "start", "set_still_output"), ("aggregator", "stop", "record")],
)
def test_a_user_of_the_machine_may_look_and_not_operate(
    host: Host, stranger: str, agent: str, action: str, operation: str
):
    def call(*arguments: str) -> list:
        body = json.dumps({"procedure": f"observatory.{agent}.ops", "args": arguments})
        return json.loads(host.check_output("sudo -u %s python3 -c %s %s", stranger, CALL, body))["args"][0]

    assert call("status", operation)[0] == 0
    assert call(action, operation)[1].startswith("The action requires credential level 3-FULL")
    line = lines(host)[-1]
    assert (line["agent"], line["command"], line["operation"], line["outcome"]) == (agent, action, operation, "refused")
    assert line["by"]["role"] == "host_http"


def test_nobody_else_reads_the_secret_and_the_trail(host: Host, stranger: str):
    for file in ("/etc/livemon/secrets/master/control", "/etc/livemon/secrets/ocs/control", TRAIL):
        assert host.run("sudo -u %s cat %s", stranger, file).rc != 0
    host.run_expect([0], "usermod --append --groups adm %s", stranger)
    assert host.run("sudo -u %s cat %s", stranger, TRAIL).rc == 0


def test_the_operators_commands_operate_and_the_trail_outlives_the_container(host: Host):
    for action in ("stop", "start"):
        answer = host.run("livemon acq %s --target=ls240", action)
        assert answer.rc == 0, answer.stderr
    typed = "print(client.set_still_output(output=5))\n"
    answer = host.run("echo %s | ocs-client-cli shell control --simple", typed)
    assert "without error" in answer.stdout, answer.stdout + answer.stderr
    before = lines(host)
    stopped, ended, started = [line for line in before if line["agent"] == "ls240" and line["outcome"] != "refused"][
        -3:
    ]
    assert [each["command"] for each in (stopped, ended, started)] == ["stop", "end", "start"]
    assert stopped["level"] == 3
    heater = [line for line in before if line["operation"] == "set_still_output" and line["command"] == "start"][-1]
    assert heater["parameters"] == {"output": 5}
    host.run_expect([0], "docker rm --force ocs_ls240")
    host.run_expect([0], "docker compose --project-directory /etc/livemon/ocs up --detach --no-build --pull never")
    assert lines(host)[: len(before)] == before
    wait_for(
        lambda: "acq" in host.run("livemon status").stdout and host.run("livemon status").rc in (0, 3),
        "the agent",
        90,
        2,
    )


@pytest.mark.parametrize("attempt", ["os.unlink(TRAIL)", "os.rename(TRAIL, TRAIL + '.1')", "open(TRAIL + '.1', 'w')"])
def test_an_agent_cannot_put_the_trail_away(host: Host, attempt: str):
    program = f"import os; TRAIL = {TRAIL!r}; {attempt}"
    answer = host.run("docker exec ocs_ls240 python -c %s", program)
    assert answer.rc != 0
    assert "PermissionError" in answer.stderr


def test_the_secret_is_on_no_command_line_and_in_no_environment(host: Host):
    secret = host.check_output("cat /etc/livemon/secrets/master/control")
    assert len(secret) > 30
    containers = host.check_output("docker ps --all --format {{.Names}}").split()
    assert secret not in host.check_output(f"docker inspect {' '.join(containers)}")
    assert (
        host.run(
            # From a file: sudo writes command lines into the journal.
            "grep --fixed-strings --recursive --files-with-matches --file=/etc/livemon/secrets/master/control "
            "/etc/livemon/ocs /var/log/livemon"
        ).rc
        == 1
    )
    seen = host.check_output(
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -v grep || true"
    )
    assert secret not in seen
