"""How containers run: what every service gets, which are refused, and what tells Docker how they are."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
from paths import ROOT, written_files

from plugins.plugin_utils.inventory.faults.compose import faults
from plugins.plugin_utils.inventory.rendering import compose, sisock

SOUND = {"image": "livemon/app:1", "user": "9002:9002", "mem_limit": "192m", "healthcheck": {"test": ["CMD", "true"]}}
HEALTH = ROOT / "files/images/base/livemon-health"


def changed(**service):
    return {key: value for key, value in (SOUND | service).items() if value is not None}


def faults_of(service):
    return faults("sisock", {"services": {"hub": service}})


def test_a_sound_service_is_completed():
    assert faults_of(SOUND) == []
    file = compose.compose_file("sisock", {"services": {"hub": SOUND}, "networks": {"sisock-net": {"external": True}}})
    service = file["services"]["hub"]
    assert (file["name"], file["networks"]) == ("sisock", {"sisock-net": {"external": True}})
    assert service.items() >= {**compose.FIXED, "image": "livemon/app:1", "tmpfs": ["/tmp"], "pids_limit": 100}.items()
    assert service["mem_limit"] == service["memswap_limit"]
    assert service["healthcheck"] == {"test": ["CMD", "true"], **compose.HEALTH}


def test_what_a_service_states_wins_where_it_may():
    stated = changed(tmpfs=["/cb"], pids_limit=500, healthcheck={"test": ["CMD", "true"], "interval": "1m"})
    service = compose.compose_file("x", {"services": {"hub": stated}})["services"]["hub"]
    assert (service["tmpfs"], service["pids_limit"], service["healthcheck"]["interval"]) == (["/cb"], 500, "1m")


def test_where_the_engine_can_it_looks_often_at_first_and_seldom_later():
    file = compose.compose_file("x", {"services": {"hub": SOUND}}, start_interval=True)
    assert (
        file["services"]["hub"]["healthcheck"].items()
        >= {"interval": "20s", "start_interval": "2s", "retries": 3}.items()
    )


def test_a_project_without_services_is_one():
    assert compose.compose_file("deadman", {"services": {}}) == {"name": "deadman", "services": {}}
    assert faults("deadman", {"services": None}) == []


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (changed(user=None), "runs as root"),
        (changed(user="root"), "runs as root"),
        (changed(user=0), "runs as root"),
        (changed(user="0:9002"), "runs as root"),
        (changed(mem_limit=None), "mem_limit:"),
        (changed(healthcheck=None), "healthcheck:"),
        (changed(healthcheck={"interval": "5s"}), "healthcheck:"),
        (changed(read_only=False), "read_only is the same for all services"),
        (changed(cap_drop=[]), "cap_drop is the same for all services"),
        (changed(security_opt=["seccomp=unconfined"]), "security_opt is the same for all services"),
        (changed(logging={}), "logging is the same for all services"),
        (changed(cap_add=["NET_ADMIN"]), "cap_add is not allowed in livemon's services"),
        (changed(privileged=True), "privileged is not allowed in livemon's services"),
        (changed(network_mode="host"), "network_mode is not allowed in livemon's services"),
        (changed(memswap_limit=-1), "memswap_limit is not allowed in livemon's services"),
        (
            changed(volumes=["/var/run/docker.sock:/var/run/docker.sock:ro"]),
            "/var/run/docker.sock would give it control of the Docker",
        ),
        (changed(volumes=["/run/docker.sock:/sock"]), "/run/docker.sock would give it control of the Docker"),
        (changed(volumes=["/run:/host"]), "/run would give it control of the Docker"),
        (changed(volumes=["/:/host:ro"]), "/ would give it control of the Docker"),
        (
            changed(volumes=[{"type": "bind", "source": "/var/run", "target": "/x"}]),
            "/var/run would give it control of the Docker",
        ),
        (
            changed(volumes=["/var/lib/docker/volumes:/x"]),
            "/var/lib/docker/volumes would give it control of the Docker",
        ),
    ],
)
def test_a_service_that_keeps_not_to_the_rules_is_refused(service, said):
    (fault,) = faults_of(service)
    assert fault.startswith("sisock, hub: ")
    assert said in fault


@pytest.mark.parametrize(
    "volume", ["/dev:/dev", "/run/livemon:/run/x", "/var/lib/livemon:/x", "grafana-storage:/var/lib/grafana"]
)
def test_what_is_beside_the_engine_may_be_mounted(volume):
    assert faults_of(changed(volumes=[volume])) == []


def test_all_faults_are_told_at_once():
    assert len(faults_of({"cap_add": ["ALL"]})) == 4


def test_a_container_that_is_run_once_keeps_to_the_same_rules():
    """One whose image is missing is not asked of a public registry: whoever owned the name there would run beside the keys."""
    words = compose.docker_run("256m")
    assert words[:2] == ["docker", "run"]
    options = " ".join(words[2:])
    for option in (
        "--pull never",
        "--read-only",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--pids-limit 100",
        "--memory 256m --memory-swap 256m",
        "--log-driver none",
    ):
        assert option in options


@pytest.mark.parametrize("place", ["roles", "playbooks"])
def test_no_role_runs_a_container_in_another_way(place):
    by_hand = re.compile(r"docker(['\"], ?['\"]| )run\b(?!`)")
    texts = {path: path.read_text() for path in written_files(ROOT / place)}
    assert texts
    assert [str(path) for path, text in texts.items() if by_hand.search(text)] == []


@pytest.mark.parametrize(
    ("windows", "limit"), [([], "2g"), ([3600, 86400], "2g"), ([86401], "4g"), ([60, 604800], "14g")]
)
def test_the_nodes_memory_goes_by_the_longest_window(windows, limit):
    nodes = [{"kind": "feed", "window": window} for window in windows]
    assert sisock.nodes_memory({"nodes": [*nodes, {"kind": "sensors"}]}) == limit


# What tells Docker


def health(*checks):
    """Ask as Docker does; return the exit status and what was said."""
    done = subprocess.run(
        [sys.executable, "-IS", HEALTH, *checks], capture_output=True, text=True, timeout=20, check=False
    )
    return done.returncode, done.stderr


@pytest.fixture
def answering(tmp_path):
    """Make servers that give one answer to whatever they are asked."""
    servers = []

    def make(answer, family=socket.AF_INET):
        server = socket.socket(family, socket.SOCK_STREAM)
        address = ("127.0.0.1", 0) if family == socket.AF_INET else str(tmp_path / "nodes.sock")
        server.bind(address)
        server.listen()
        servers.append(server)

        def serve():
            connection, _ = server.accept()
            with closing(connection):
                connection.recv(1000)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}" if family == socket.AF_INET else address

    yield make
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("check", "answer", "status"),
    [
        ("http", b"HTTP/1.0 200 OK\r\n\r\nwell", 0),
        ("http", b"HTTP/1.1 503 Service Unavailable\r\n\r\n", 1),
        ("http", b"", 1),
        ("tcp", b"", 0),
        ("instrument", b"LSCI,MODEL372,LSA22YG,1.3\r\n", 0),
        ("instrument", b"something else", 1),
    ],
)
def test_a_health_check_is_answered_over_tcp(answering, check, answer, status):
    assert health(f"{check}:{answering(answer)}")[0] == status


@pytest.mark.parametrize(("answer", "status"), [(b"\x00\x00\x00\x02[]", 0), (b"", 1)])
def test_a_health_check_is_answered_by_the_nodes(answering, answer, status):
    assert health(f"nodes:{answering(answer, socket.AF_UNIX)}")[0] == status


@pytest.mark.parametrize(("age", "status"), [(0, 0), (25, 0), (40, 1), (None, 1)])
def test_a_sign_of_life_is_not_older_than_it_may_be(tmp_path, age, status):
    if age is not None:
        (tmp_path / "alive").touch()
        os.utime(tmp_path / "alive", (time.time() - age,) * 2)
    assert health(f"fresh:{tmp_path}/alive:30")[0] == status


def test_the_first_check_that_does_not_hold_is_told(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    (tmp_path / "alive").touch()
    status, said = health(f"fresh:{tmp_path}/alive:30", f"tcp:127.0.0.1:{port}")
    assert (status, said) == (1, f"tcp:127.0.0.1:{port}: 127.0.0.1:{port}: Connection refused\n")
