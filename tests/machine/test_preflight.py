"""Several obstacles at once: the preflight names all of them and changes nothing; without them it reports nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from lab_machine import Machine
from testinfra.host import Host
from waiting import wait_for

PORT = 3998
# A registry with a self-signed certificate, and a proxy that requires authentication.
SERVERS = """
import http.server, ssl, threading
class Refusing(http.server.BaseHTTPRequestHandler):
    def do_CONNECT(self):
        self.send_response(407)
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_GET = do_CONNECT
proxy, registry = (http.server.ThreadingHTTPServer(("127.0.0.1", port), Refusing) for port in (8407, 8443))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/run/faults/certificate", "/run/faults/key")
registry.socket = context.wrap_socket(registry.socket, server_side=True)
threading.Thread(target=registry.serve_forever).start()
proxy.serve_forever()
"""
PLANTED = {
    # sudo looks there first; the clock itself is the one of the machine below.
    "/usr/local/bin/date": "#!/bin/sh\nexec /usr/bin/date --date '+1 hour' \"$@\"\n",
    "/etc/apt/sources.list.d/docker.list": (
        "# as the manual of former days has it\n"
        "deb [signed-by=/etc/apt/keyrings/docker.gpg] https://download.docker.com/linux/debian stable stable\n"
    ),
    "/etc/apt/sources.list.d/docker.sources": (
        "Types: deb\nURIs: https://download.docker.com/linux/debian\nSuites: stable\nComponents: stable\n"
        "Signed-By: /etc/apt/keyrings/docker.asc\n"
    ),
    "/var/lib/dpkg/updates/0000": "",
    "/etc/pip.conf": "[global]\nindex-url = https://packages.lab.example/simple\n",
    "/run/faults/servers.py": SERVERS,
    # A file, for systemd keeps a transient unit that others name.
    "/run/systemd/system/firewalld.service": "[Service]\nExecStart=sleep 3600\n",
}
UNITS = {
    "somebodys-page": f"python3 -m http.server --bind 127.0.0.2 {PORT}",
    "faults": "python3 /run/faults/servers.py",
}
INTERFACE = [
    "ip link add somebodys type bridge",
    "ip address add 10.98.76.1/24 dev somebodys",
    "ip link set somebodys up",
]
SETTINGS = {
    "ocs_subnet": "10.98.76.0/24",
    "grafana_port": PORT,
    "base_image": "localhost:8443/python:3.11",  # so that images are to be built
    "images_archive": "",
    "proxy": "http://lab:not-to-be-told@127.0.0.1:8407",
}
TOLD = [
    r"clock is 36\d\d s ahead of this computer's",
    r"dpkg was interrupted",
    r"Conflicting values set for option Signed-By regarding source https://download.docker.com/linux/debian/ stable",
    r"See /etc/apt/sources.list.d/docker.list:2 and /etc/apt/sources.list.d/docker.sources:2",
    rf"python3 \(pid \d+\) uses TCP port {PORT}, which is needed for Grafana: stop it, or write another grafana_port",
    r"The container livemon_deadman, which livemon did not create, has the name of one of livemon's",
    rf"The container livemon_deadman, which livemon did not create, uses TCP port {PORT}",
    r"The subnet 10.98.76.0/24 of ocs-net overlaps with the interface somebodys",
    r"The service firewalld runs beside ufw",
    r"Python's package index .* requires a user and a password \(407\)",
    r"The image localhost:8443/python:3.11 .* \(x509",
]


def remove(host: Host) -> None:
    host.run(f"systemctl stop firewalld {' '.join(UNITS)}")
    host.run("docker rm --force livemon_deadman")
    host.run("ip link delete somebodys")
    host.run(f"rm -rf {' '.join(PLANTED)} /run/faults")
    host.run("systemctl daemon-reload")


@pytest.fixture(scope="module")
def _in_the_way(host: Host) -> Iterator[None]:
    remove(host)  # what a run that was killed has left
    try:
        host.check_output("mkdir /run/faults")
        host.check_output(
            "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 "
            "-keyout /run/faults/key -out /run/faults/certificate"
        )
        for path, content in PLANTED.items():
            host.check_output("printf %%s %s >%s", content, path)
        host.check_output("chmod +x /usr/local/bin/date")
        host.check_output("systemctl daemon-reload && systemctl start firewalld")
        for command in INTERFACE:
            host.check_output(command)
        for unit, command in UNITS.items():
            host.check_output(f"systemd-run --unit={unit} {command}")
        image = host.check_output("docker image ls --quiet livemon/app").split()[0]
        host.check_output(
            f"docker run --detach --name livemon_deadman --publish 127.0.0.1:{PORT}:{PORT} --entrypoint sleep {image} 3600"
        )
        wait_for(lambda: host.socket("tcp://127.0.0.1:8407").is_listening, "the servers that refuse", 30)
        yield
    finally:
        remove(host)


@pytest.mark.usefixtures("_in_the_way")
@pytest.mark.parametrize("arguments", [(), ("--check", "--diff")], ids=["run", "dry run"])
def test_all_of_it_is_told_at_once_and_nothing_is_changed(host: Host, machine: Machine, arguments: tuple[str, ...]):
    host.check_output("touch /run/faults/before")
    played = machine.play("site", "--tags=preflight", *arguments, **SETTINGS)
    assert played.rc != 0
    assert "cannot be set up; nothing was changed" in played.stdout
    assert [words for words in TOLD if not re.search(words, played.stdout)] == [], played.stdout
    assert "not-to-be-told" not in played.stdout + played.stderr
    assert re.search(r" ok=\d+ +changed=0 +unreachable=0 +failed=1 ", played.stdout)
    changed = host.check_output("find /etc /usr/local /var/lib/dpkg -newer /run/faults/before -type f")
    assert changed == ""


@pytest.mark.long
def test_without_them_the_machine_will_do(host: Host, machine: Machine):
    remove(host)
    played = machine.play("site", "--tags=preflight")
    assert played.rc == 0, played.stdout
    assert re.search(r" changed=0 +unreachable=0 +failed=0 ", played.stdout)
