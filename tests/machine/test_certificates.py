"""Certificates on the machine: who has which key, what the timer's service does when one is about to end, what a rotation costs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography import x509
from lab_machine import Machine, Neighbour
from testinfra.host import Host
from waiting import wait_for

from livemon.installation import certificates

PKI = "/etc/livemon/pki"
SERVICE = "livemon-certificates.service"
ROUTER = ("sisock-crossbar", 8080)
GRAFANA = ("localhost", 3000)
SESSIONS = ("sisock_hub", "sisock_nodes", "sisock_grafana_http")
READERS = {"sisock_crossbar": {"server/server.key"}, "sisock_grafana": {"grafana/server.key"}}
CHANNEL = "LSA21OQ::channel_1_t"
"""Of the 240, which has a sample of each channel in each round."""
RENEWED_WITHIN = 90.0
BACK_WITHIN = 10.0
"""Of the sessions, after the router has been restarted."""
SHOW = """import socket, ssl, sys
host, port, address = sys.argv[1:4]
context = ssl.create_default_context(cafile="/run/pki/ca.crt")
with socket.create_connection((address, int(port)), 5) as plain, context.wrap_socket(plain, server_hostname=host) as tls:
    print(tls.getpeercert()["serialNumber"])
"""
NEAR_ITS_END = """import datetime as dt, pathlib
from livemon.installation import certificates, making, servers
directory = pathlib.Path("/pki")
then = dt.datetime.now(dt.UTC) - making.SERVER_LIFETIME + dt.timedelta(days=20)
list(certificates.ensure(directory, servers.read(directory / "servers.json"), then, new_keys=True))
"""


@pytest.fixture(scope="module")
def image(host: Host) -> str:
    """The image of livemon's commands."""
    return host.check_output("docker inspect --format '{{.Config.Image}}' sisock_hub")


@pytest.fixture(scope="module")
def has_grafana(host: Host) -> bool:
    return "sisock_grafana" in host.check_output("docker ps --format '{{.Names}}'").split()


@pytest.fixture
def shown(host: Host, image: str):
    """The serial number of the certificate that a server shows to a new client, which verifies it with ca.crt and by name."""

    def ask(server: tuple[str, int]) -> str:
        name, port = server
        container = "sisock_crossbar" if server == ROUTER else "sisock_grafana"
        address = host.check_output(
            "docker inspect --format '{{(index .NetworkSettings.Networks \"sisock-net\").IPAddress}}' %s", container
        )
        return host.check_output(
            f"docker run --rm --pull never --network sisock-net --volume {PKI}/public:/run/pki:ro --entrypoint python {image}"
            " -c %s %s %s %s",
            SHOW,
            name,
            str(port),
            address,
        )

    return ask


def serial(host: Host, file: str) -> str:
    """The serial number of a certificate in a file."""
    return f"{x509.load_pem_x509_certificate(host.file(f'{PKI}/{file}').content).serial_number:X}"


def same(one: str, other: str) -> bool:
    return int(one, 16) == int(other, 16)


def starts(host: Host) -> dict[str, str]:
    """When each container was started."""
    lines = host.check_output(
        "docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}' $(docker ps --quiet)"
    ).splitlines()
    return {line.split()[0].lstrip("/"): line for line in lines}


def sessions_lost(host: Host, since: str) -> str:
    """What hub, nodes and bridge have said of losing the router."""
    return "".join(
        host.run(f"docker logs --since {since} {container} 2>&1 | grep -F 'left the router'").stdout
        for container in SESSIONS
    )


def times(host: Host, begin: float, end: float) -> list[float]:
    """Times of an instrument's samples."""
    query = urlencode({"field": CHANNEL, "from": begin, "until": end, "points": 20000})
    answer = host.check_output(f"curl --silent --fail 'http://127.0.0.1:5000/api/series?{query}'")
    return json.loads(answer)["series"][0]["times"]


def longest_step(host: Host, begin: float, end: float) -> float:
    found = times(host, begin, end)
    assert len(found) > 3
    return max(later - earlier for earlier, later in pairwise(found))


def now(host: Host) -> float:
    return float(host.check_output("date +%s.%N"))


def test_the_timer_waits_for_the_quiet_hour(host: Host):
    timer = host.service("livemon-certificates.timer")
    assert timer.is_enabled
    assert timer.is_running
    elapses = host.check_output("systemctl show --property=NextElapseUSecRealtime --value livemon-certificates.timer")
    assert re.search(r" 04:[0-4]\d:", elapses), elapses


def test_every_key_is_for_its_one_reader(host: Host):
    found = host.check_output(
        f"grep --recursive --files-with-matches 'PRIVATE KEY' {PKI} | xargs stat --format '%n %a %u'"
    )
    keys = {line.split()[0].removeprefix(f"{PKI}/"): tuple(line.split()[1:]) for line in found.splitlines()}
    owners = {"ca.key": "0", "server/server.key": "9001", "grafana/server.key": "472"}
    assert {"ca.key", "server/server.key"} <= keys.keys() <= owners.keys()
    assert keys == {name: ("400", owners[name]) for name in keys}


def test_no_container_sees_a_key_that_it_does_not_read(host: Host):
    seen = {}
    for container in host.check_output("docker ps --format '{{.Names}}'").split():
        mounts = json.loads(host.check_output("docker inspect --format '{{json .Mounts}}' %s", container))
        sources = [mount["Source"] for mount in mounts if mount["Source"].startswith("/etc/livemon/pki")]
        keys = (
            host.run("grep --recursive --files-with-matches 'PRIVATE KEY' " + " ".join(sources)).stdout
            if sources
            else ""
        )
        if keys:
            seen[container] = {line.removeprefix(f"{PKI}/") for line in keys.split()}
    assert seen == {name: keys for name, keys in READERS.items() if name in seen}
    assert "sisock_crossbar" in seen


def test_who_comes_from_elsewhere_verifies_grafana_by_the_machines_address(
    host: Host, machine: Machine, neighbour: Neighbour, has_grafana: bool
):
    if not has_grafana:
        pytest.skip("Grafana does not run on this machine")
    neighbour.run(f"mkdir -p /run/pki && cat >/run/pki/ca.crt <<'END'\n{host.check_output(f'cat {PKI}/ca.crt')}\nEND")
    answer = neighbour.run(f"python3 - {machine.address} 3000 {machine.address} <<'END'\n{SHOW}END")
    assert same(answer.strip(), serial(host, "grafana/server.crt"))


def test_a_certificate_has_every_name_of_its_server(host: Host, machine: Machine, has_grafana: bool):
    own = {
        host.check_output("hostname"),
        host.check_output("hostname --fqdn"),
        machine.address,
        "localhost",
        "127.0.0.1",
    }
    names = {"server": own | {"sisock-crossbar", "sisock_crossbar"}}
    if has_grafana:
        names["grafana"] = own | {"sisock-grafana", "sisock_grafana"}
    for server, wanted in names.items():
        certificate = x509.load_pem_x509_certificate(host.file(f"{PKI}/{server}/server.crt").content)
        present = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert wanted <= {str(name.value) for name in present}, server


@pytest.fixture
def near_its_end(host: Host, image: str) -> None:
    """Every server's certificate holds for twenty days more."""
    host.check_output(
        f"docker run --rm --pull never --network none --user 0:0 --volume {PKI}:/pki --entrypoint python {image} -c %s",
        NEAR_ITS_END,
    )


def test_a_certificate_near_its_end_is_renewed_and_nobody_notices(
    host: Host, machine: Machine, shown, near_its_end, has_grafana: bool
):
    wait_for(lambda: same(shown(ROUTER), serial(host, "server/server.crt")), "the router to show the one near its end")
    before = {"router": shown(ROUTER), "starts": starts(host), "begin": now(host)}
    usual = longest_step(host, before["begin"] - 60, before["begin"])
    since = host.check_output("date --utc +%Y-%m-%dT%H:%M:%SZ")
    host.check_output(f"systemctl start {SERVICE}")
    journal = host.check_output(f"journalctl --unit {SERVICE} --since=-60s --output=cat --no-pager")
    assert re.search(
        r"made the server certificate /pki/server/server\.crt \(it was about to end\), valid until \d{4}", journal
    )
    assert not same(shown(ROUTER), before["router"]), "shown at once"
    assert same(shown(ROUTER), serial(host, "server/server.crt"))
    if has_grafana:
        wait_for(
            lambda: _grafana_shows_the_new_one(host, shown), "Grafana to show the new one", RENEWED_WITHIN, every=2
        )
    renewed = now(host)
    wait_for(lambda: times(host, renewed, now(host))[3:], "samples that were measured after the renewal", every=1)
    restarted = {name for name, line in starts(host).items() if before["starts"].get(name) != line}
    assert restarted <= {"sisock_grafana"}, "only what reads its certificate once"
    assert sessions_lost(host, since) == ""
    assert longest_step(host, before["begin"], now(host)) < 2 * usual + 2, "no sample is missing"

    running = starts(host)
    result = machine.play("site", "--tags=certificates,crossbar,sisock,grafana")
    assert result.rc == 0, result.stdout[-3000:]
    # In `make molecule` it is also the first run after Grafana's backup was brought back, with its password.
    assert re.search(r"changed=0 ", result.stdout), "timer and playbook agree:\n" + result.stdout[-3000:]
    assert starts(host) == running
    quiet = host.check_output(
        f"systemctl start {SERVICE}; journalctl --unit {SERVICE} --since=-20s --output=cat --no-pager"
    )
    assert "every certificate holds; the first ends on" in quiet


def _grafana_shows_the_new_one(host: Host, shown) -> bool:
    try:
        return same(shown(GRAFANA), serial(host, "grafana/server.crt"))
    except AssertionError:  # it is being restarted
        return False


@pytest.fixture
def without_the_authoritys_key(host: Host) -> Iterator[None]:
    host.check_output(f"mv {PKI}/ca.key {PKI}/ca.key.away")
    yield
    host.check_output(f"mv {PKI}/ca.key.away {PKI}/ca.key")
    host.check_output(f"systemctl reset-failed {SERVICE}")


def test_a_renewal_that_fails_is_seen(host: Host, without_the_authoritys_key):
    assert host.run(f"systemctl start {SERVICE}").rc != 0
    assert host.run(f"systemctl is-failed {SERVICE}").rc == 0
    assert "/pki/ca.key is missing: bring it back" in host.check_output(
        f"journalctl --unit {SERVICE} --since=-60s --output=cat --no-pager"
    )


@pytest.mark.long
def test_a_new_authority_cuts_nobody_off(host: Host, machine: Machine, shown):
    before, since = shown(ROUTER), host.check_output("date --utc +%Y-%m-%dT%H:%M:%SZ")
    trusted = host.check_output(f"grep --count BEGIN {PKI}/ca.crt")
    result = machine.play("rotate_certificates", authority=True)
    assert result.rc == 0, result.stdout[-3000:]
    assert int(host.check_output(f"grep --count BEGIN {PKI}/ca.crt")) == int(trusted) + 1
    assert not same(shown(ROUTER), before)
    assert sessions_lost(host, since) == ""
    result = machine.play("rotate_certificates", forget=True)
    assert result.rc == 0, result.stdout[-3000:]
    assert host.check_output(f"grep --count BEGIN {PKI}/ca.crt") == "1"
    shown(ROUTER)
    assert sessions_lost(host, since) == ""


@pytest.mark.long
def test_what_the_lab_brings_is_shown_in_place_of_ours(
    host: Host, machine: Machine, shown, has_grafana: bool, tmp_path: Path
):
    """Its authority signs for the router; its certificate is Grafana's; and both go again."""
    lab = {
        "certificate_authority": {"certificate": str(tmp_path / "ca.crt"), "key": str(tmp_path / "ca.key")},
        "grafana_certificate": {
            "certificate": str(tmp_path / "grafana/server.crt"),
            "key": str(tmp_path / "grafana/server.key"),
        },
    }
    list(certificates.ensure(tmp_path, [certificates.Server("grafana", ("localhost", "monitor.lab.example"))]))
    result = machine.play("site", "--tags=certificates,grafana", **lab)
    assert result.rc == 0, result.stdout[-3000:]
    assert "PRIVATE" not in result.stdout
    signed = x509.load_pem_x509_certificate(host.file(f"{PKI}/server/server.crt").content)
    signed.verify_directly_issued_by(x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes()))
    assert same(shown(ROUTER), f"{signed.serial_number:X}")
    if has_grafana:
        brought = x509.load_pem_x509_certificate((tmp_path / "grafana/server.crt").read_bytes())
        wait_for(
            lambda: same(shown(GRAFANA), f"{brought.serial_number:X}"), "Grafana to show it", RENEWED_WITHIN, every=2
        )
    result = machine.play("site", "--tags=certificates,grafana")
    assert result.rc == 0, result.stdout[-3000:]
    for settings in ({"authority": True}, {"forget": True}):
        result = machine.play("rotate_certificates", **settings)
        assert result.rc == 0, result.stdout[-3000:]
    assert not host.file(f"{PKI}/supplied").exists
    assert host.check_output(f"grep --count BEGIN {PKI}/ca.crt") == "1"
    shown(ROUTER)


def test_a_key_that_does_not_fit_stops_the_run_before_anything_is_changed(host: Host, machine: Machine, tmp_path: Path):
    for name in ("one", "other"):
        list(certificates.ensure(tmp_path / name, [certificates.Server("grafana", ("localhost",))]))
    pair = {"certificate": str(tmp_path / "one/grafana/server.crt"), "key": str(tmp_path / "other/grafana/server.key")}
    result = machine.play("site", "--tags=preflight", grafana_certificate=pair)
    assert result.rc != 0
    assert f"grafana_certificate: {pair['key']} does not match the first certificate of" in result.stdout
    assert not host.file(f"{PKI}/supplied").exists


@pytest.mark.long
def test_new_secrets_of_the_router_are_taken_up_by_everybody(host: Host, machine: Machine):
    """After a new authority, too: what has to reconnect trusts it without having been restarted for it."""
    copies = host.check_output("cat /etc/livemon/secrets/hub/hub")
    result = machine.play("rotate_certificates", secrets=True)
    played = now(host)
    assert result.rc == 0, result.stdout[-3000:]
    assert host.check_output("cat /etc/livemon/secrets/hub/hub") != copies
    assert copies not in result.stdout

    def back() -> bool:
        return times(host, played - 60, now(host))[-1] > played

    wait_for(back, "samples that were measured after it", 2 * BACK_WITHIN, every=1)
