"""What agents of the inventory get of a machine: a directory, variables, serial lines, ports, packages, and nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from doors import of_family
from lab_machine import Machine, Neighbour
from testinfra.host import Host
from waiting import wait_for

pytestmark = pytest.mark.long

LOGS, OUT = "/srv/lab-logs", "/srv/lab-out"
SECRET = "plugh-xyzzy-17"
TCP, UDP, OWN = 47123, 47124, 47125
"""Ports of the test's agent: for one address of the neighbour, by both protocols, and for the machine itself."""

# The cryostat's own software: a line of each log every two seconds, in the time of where it stands.
WRITE_LOGS = f"""import datetime, os, time, zoneinfo
while True:
    now = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Amsterdam"))
    day, stamp = now.strftime("%y-%m-%d"), now.strftime("%d-%m-%y,%H:%M:%S")
    os.makedirs(f"{LOGS}/{{day}}", exist_ok=True)
    for name, values in {{f"CH6 T {{day}}": "8.5e-03", f"Flowmeter {{day}}": "5.0e-01"}}.items():
        with open(f"{LOGS}/{{day}}/{{name}}.log", "a") as log:
            log.write(f"{{stamp}},{{values}}\\n")
    time.sleep(2)
"""
# Listens inside of the agent's container, and keeps what arrives.
LISTEN = f"""import socket, threading
def keep(kind, port):
    with socket.socket(socket.AF_INET, kind) as listener:
        listener.bind(("0.0.0.0", port))
        if kind == socket.SOCK_STREAM:
            listener.listen()
        while True:
            text = listener.accept()[0].recv(100) if kind == socket.SOCK_STREAM else listener.recv(100)
            with open("/tmp/arrived", "ab") as arrived:
                arrived.write(text + b"\\n")
for kind, port in ((socket.SOCK_STREAM, {TCP}), (socket.SOCK_DGRAM, {UDP}), (socket.SOCK_STREAM, {OWN})):
    threading.Thread(target=keep, args=(kind, port)).start()
"""
SEND = """import socket, sys
source, target, port, protocol, text = sys.argv[1:]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM) as caller:
    caller.settimeout(3)
    caller.bind((source, 0))
    try:
        caller.connect((target, int(port)))
        caller.send(text.encode())
    except OSError as error:
        print(error)
"""


def agents(allowed: str) -> list[dict]:
    return [
        {
            "agent_class": "BlueforsAgent",
            "id": "fridge",
            "arguments": [["--log-directory", "/logs"]],
            "directories": [{"path": LOGS, "at": "/logs"}, {"path": OUT, "at": "/out", "writable": True}],
            "environment": {"TZ": "Europe/Amsterdam", "PRICE": "5$ or ${HOME}", "API_TOKEN": {"secret": "cloud"}},
            "feeds": ["bluefors"],
        },
        {
            "agent_class": "FakeDataAgent",
            "id": "equipped",
            "devices": [{"path": "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"}, {"path": "/dev/ttyS1"}],
            "packages": ["pfeiffer-vacuum-protocol==0.4"],
        },
        {
            "agent_class": "FakeDataAgent",
            "id": "listener",
            "ports": [
                {"port": TCP, "from": [allowed]},
                {"port": UDP, "protocol": "udp", "from": [allowed]},
                {"port": OWN},
            ],
        },
    ]


@pytest.fixture(scope="module")
def played(machine: Machine, host: Host, neighbour: Neighbour) -> Iterator[None]:
    """The machine with these agents; without them again afterwards."""
    settings = {"ocs_agents": agents(of_family(neighbour, 4)[0]), "agent_secrets": {"cloud": SECRET}}
    refused = machine.play("site", "--tags=preflight", **settings)
    assert f"The directory {LOGS} of the agent fridge does not exist: create it" in refused.stdout
    host.run_expect([0], f"mkdir -p {LOGS} {OUT} && chown 9000 {OUT}")
    host.run_expect([0], "systemd-run --unit=lab-logs --quiet python3 -c %s", WRITE_LOGS)
    result = machine.play("site", **settings)
    assert result.rc == 0, result.stdout[-4000:]
    assert SECRET not in result.stdout
    yield
    host.run_expect([0], f"systemctl stop lab-logs; rm -r {LOGS} {OUT}")
    result = machine.play("site")
    assert result.rc == 0, result.stdout[-4000:]
    assert "47123" not in host.check_output("ufw show added")


def test_the_cryostats_own_files_are_plotted_and_archived(host: Host, played: None):
    def value() -> float | None:
        status = json.loads(host.check_output("curl -s http://127.0.0.1:5000/api/status"))
        fields = [field for node in status["nodes"] if node["name"] == "fridge" for field in node["fields"]]
        return next((field["value"] for field in fields if "lakeshore_ch6_t" in field["name"]), None)

    wait_for(lambda: value() == 0.0085, "the temperature of the log file", 120, every=2)
    wait_for(lambda: host.run("grep -rlqa lakeshore_ch6_t /data/hk").rc == 0, "the archive to have it", 180, every=5)


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        ("open('/logs/x', 'w')", "Read-only file system"),
        ("open('/out/x', 'w').close()", ""),
        ("open('/dev/null').close()", ""),
        ("open('/srv')", "No such file|Is a directory"),
    ],
)
def test_a_directory_is_read_only_unless_it_is_writable(host: Host, played: None, attempt: str, error: str):
    answer = host.run("docker exec ocs_fridge python -c %s", attempt)
    assert any(word in answer.stderr for word in error.split("|"))
    assert (answer.rc == 0) == (not error)


def test_variables_are_what_the_inventory_says_and_the_secret_is_seen_nowhere(host: Host, played: None):
    environment = host.check_output("docker inspect --format '{{json .Config.Env}}' ocs_fridge")
    assert {"TZ=Europe/Amsterdam", "PRICE=5$ or ${HOME}"} <= set(json.loads(environment))
    host.run_expect([0], "printf %s > /run/lab-known", SECRET)
    seen = (
        "{ docker inspect ocs_fridge; cat /proc/[0-9]*/environ; cat /etc/livemon/ocs/*.yml /etc/livemon/ocs/config/*; }"
    )
    assert host.run(f"{seen} 2>/dev/null | grep -aFf /run/lab-known").rc == 1
    host.run_expect([0], "rm /run/lab-known")
    assert host.check_output("docker exec ocs_fridge cat /run/agent_secrets/cloud") == SECRET


def test_an_agent_finds_the_package_that_livemon_does_not_have(host: Host, played: None):
    program = "import socs.agents.pfeiffer_tc400.agent, pfeiffer_vacuum_protocol as found; print(found.__file__)"
    answer = host.run("docker exec ocs_equipped python -c %s", program)
    assert answer.rc == 0, answer.stderr
    assert host.run("docker exec ocs_fridge python -c %s", program).rc == 1
    versions = "from importlib.metadata import distributions as all; print(*sorted(f'{each.name}=={each.version}' for each in all()))"
    ours, more = (
        set(host.check_output(f"docker exec ocs_{name} python -c %s", versions).split())
        for name in ("fridge", "equipped")
    )
    assert more - ours == {"pfeiffer-vacuum-protocol==0.4"}
    assert ours <= more


def test_an_agent_may_open_its_serial_lines_and_no_other_device(host: Host, played: None):
    """By Docker's own word: a lab machine is itself a container, which may open no serial line."""
    given = json.loads(host.check_output("docker inspect --format '{{json .HostConfig}}' ocs_equipped"))
    assert given["DeviceCgroupRules"] == ["c 166:* rw", "c 188:* rw", "c 4:65 rw"]
    assert (given["GroupAdd"], given["Privileged"], given["Devices"] or []) == (["20"], False, [])


def test_a_port_is_open_to_the_networks_that_are_named_and_no_others(
    machine: Machine, host: Host, neighbour: Neighbour, played: None
):
    host.run_expect([0], "docker exec --detach ocs_listener python -c %s", LISTEN)
    own = "docker exec ocs_listener python -c %s 127.0.0.1 127.0.0.1 %s tcp here"
    wait_for(lambda: host.run(own, SEND, str(OWN)).stdout == "", "the agent to listen")
    host.run_expect([0], "python3 -c %s 127.0.0.1 127.0.0.1 %s tcp machine", SEND, str(OWN))
    for number, source in enumerate(of_family(neighbour, 4)):
        for port, protocol in ((TCP, "tcp"), (UDP, "udp"), (OWN, "tcp")):
            words = f"{source} {machine.address} {port} {protocol} {protocol}-{port}-{number}"
            neighbour.run(f"cat <<'END' >/tmp/send.py\n{SEND}\nEND\npython3 /tmp/send.py {words}")
    arrived = set(host.check_output("docker exec ocs_listener cat /tmp/arrived").split())
    assert arrived == {"here", "machine", f"tcp-{TCP}-0", f"udp-{UDP}-0"}
