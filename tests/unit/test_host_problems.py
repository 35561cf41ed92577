# ruff: noqa: E501 # lines as machines print them
"""What roles/preflight says of a machine. The files in hosts/ are what its script printed on real ones; cases replace sections of them."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from paths import ROOT

from plugins.plugin_utils.host import problems, reachability
from plugins.plugin_utils.host.machine import LOWEST_PYTHON
from plugins.plugin_utils.host.report import Report, version
from plugins.plugin_utils.host.requirements import Requirements

HOSTS = Path(__file__).parent / "hosts"
APP, ROUTER, BASE, GRAFANA = (
    "livemon/app:0123",
    "livemon/router:4567",
    "python:3.11-slim-bookworm",
    "grafana/grafana:12.0.2",
)
ADVICE = "base_image: apt does without."
DOWNLOADS = [
    {"what": "Python's package index", "index": "pip", "images": [APP, ROUTER]},
    {"what": "npm's package index", "index": "npm", "images": [APP]},
    {"pull": BASE, "mirrors": [], "images": [APP, ROUTER], "advice": ADVICE},
    {"pull": GRAFANA, "mirrors": [], "images": [GRAFANA]},
]
INDEXES = {"pip": (0, "https://packages.lab.example/simple"), "npm": (0, "https://registry.lab.example")}
"""What a lab's machines are configured with; those that were recorded had neither."""
WANTED = Requirements(
    ansible_core="2.19.14",
    ports=[
        {"port": 5000, "address": "127.0.0.1", "use": "the quick-look page"},
        {"port": 3000, "address": "0.0.0.0", "use": "Grafana", "setting": "grafana_port"},
    ],
    containers=["sisock_hub", "ocs_control"],
    packages=["python3-requests", "iptables", "ufw"],
    images=[
        {"reference": reference, "archive": f"/media/{reference.replace('/', '-')}.tar"}
        for reference in (APP, ROUTER, GRAFANA)
    ],
    min_memory_mb=1500,
    min_disk_gb=6,
    min_archive_gb=2,
)


def report(host: str, sections: dict[str, tuple[int, str]]) -> Report:
    """A recorded report in which some sections are others; of two with one name the later counts."""
    changed = "".join(f"@livemon {name} {rc}\n{text}\n" for name, (rc, text) in (INDEXES | sections).items())
    return Report((HOSTS / f"{host}.txt").read_text() + changed)


def told(host: str, sections: dict[str, tuple[int, str]], answers: str | None = None, **changes: object) -> list[str]:
    wanted = dataclasses.replace(WANTED, **changes)
    about = report(host, sections)
    if answers is None:  # everybody answers
        answers = "".join(f"@livemon {number} 0\n" for number, _ in enumerate(reachability.questions(about, wanted)))
    return problems.problems(about, wanted, Report(answers))


def test_a_bare_machine_will_do():
    assert told("debian-13-bare", {}) == []


def test_a_machine_that_answers_nothing_is_no_crash():
    assert problems.problems(Report(""), WANTED, Report("")) != []


UBUNTU_18 = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nPRETTY_NAME="Ubuntu 18.04.6 LTS"\nVERSION_ID="18.04"\nVERSION_CODENAME=bionic'
DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian'
DEBIAN_11 = 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\nID=debian'
TESTING = 'PRETTY_NAME="Debian GNU/Linux forky/sid"\nID=debian\nVERSION_CODENAME=forky'
LOCKED = "   4711   301 unattended-upgr"
SMALL_DISK = (
    "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
    "/dev/sda1         41152736 39152736    1900000      96% /"
)
FOREIGN_LIST = "/etc/apt/sources.list.d/docker.list:3:deb [signed-by=/etc/apt/keyrings/docker.gpg] https://download.docker.com/linux/debian trixie stable"
FOREIGN_SOURCES = "/etc/apt/sources.list.d/docker.sources:2:URIs: https://download.docker.com/linux/debian/"
SIGNED_BY = (
    "E: Conflicting values set for option Signed-By regarding source https://download.docker.com/linux/debian/ bookworm: "
    "/etc/apt/keyrings/docker.gpg != /etc/apt/keyrings/docker.asc\nE: The list of sources could not be read."
)
CDROM = "/etc/apt/sources.list:1:deb cdrom:[Debian GNU/Linux 12.5.0 _Bookworm_ - Official amd64 NETINST]/ bookworm main"
HALF_INSTALLED = (
    "The following packages have been unpacked but not yet configured.\nThey must be configured using dpkg --configure or the\n"
    "configure menu option in dselect for them to work:\n ufw                  program for managing a Netfilter firewall"
)


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"os": (0, DEBIAN_11)}, ["This is Debian GNU/Linux 11 (bullseye)", "Debian 12 and newer"]),
        ({"os": (0, "ID=fedora\nPRETTY_NAME='Fedora Linux 41'")}, ["This is Fedora Linux 41;"]),
        ({"os": (1, "cat: /etc/os-release: No such file")}, ["an unknown system"]),
        ({"machine": (0, "aarch64")}, ["The processor is aarch64"]),
        ({"init": (0, "bash")}, ["Process 1 is bash, not systemd"]),
        ({"python": (127, "/usr/bin/python3: not found")}, ["Python 3, which Ansible needs, is not installed", "apt install python3"]),
        ({"python": (0, "Python 3.6.9")}, ["Python 3.6.9 is too old for ansible-core 2.19.14", "needs 3.8", "venv-controller-2.16"]),
        ({"memory": (0, "MemTotal:        1017652 kB")}, ["993 MB of memory; livemon needs 1500 MB"]),
        ({"disk": (0, SMALL_DISK)}, ["Only 1 GB are free on the file system of /; the images need 6 GB"]),
        ({"data_disk": (0, SMALL_DISK)}, ["Only 1 GB", "the archive needs"]),
        ({"clock": (0, "1795851861 1795851550")}, ["311 s behind this computer's"]),
        ({"clock": (0, "1795851861 1795855461")}, ["3600 s ahead of this computer's"]),
        ({"interrupted": (0, HALF_INSTALLED)}, ["dpkg was interrupted", "dpkg --configure -a"]),
        ({"interrupted": (0, "/var/lib/dpkg/updates/0003")}, ["dpkg was interrupted"]),
        ({"locks": (0, f"{LOCKED}\n{LOCKED}")}, ["unattended-upgr (pid 4711) has been using apt for 301 s"]),
        ({"update": (100, SIGNED_BY), "sources": (0, f"{FOREIGN_LIST}\n{FOREIGN_SOURCES}"), "engine": (0, "26.1.5+dfsg1"), "compose": (0, "2.26.1-4")},
         ["Conflicting values set for option Signed-By", "docker.list:3 and /etc/apt/sources.list.d/docker.sources:2"]),
        ({"update": (100, "E: Type 'debb' is not known on line 1 in source list /etc/apt/sources.list.d/b.list\nE: The list of sources could not be read.")},
         ["Type 'debb' is not known on line 1 in source list /etc/apt/sources.list.d/b.list"]),
        ({"sources": (0, CDROM)}, ["/etc/apt/sources.list:1 names the installation medium"]),
        ({"sources": (0, FOREIGN_LIST)}, ["/etc/apt/sources.list.d/docker.list:3", "no Docker is installed"]),
        ({"sources": (0, FOREIGN_SOURCES)}, ["/etc/apt/sources.list.d/docker.sources:2", "no Docker is installed"]),
        ({"firewalls": (0, "firewalld")}, ["The service firewalld runs beside ufw", "systemctl disable --now firewalld"]),
        ({"firewalls": (0, "nftables")}, ["flushes the rules of ufw and of Docker"]),
        ({"docker_rules": (2, "/etc/ufw/after.rules::DOCKER-USER - [0:0]")}, ["/etc/ufw/after.rules has rules for Docker (DOCKER-USER)", "firewall: false"]),
    ],
)  # fmt: skip
def test_what_a_bare_machine_may_have_in_the_way(sections, said):
    (problem,) = told("debian-13-bare", sections)
    for words in said:
        assert words in problem


@pytest.mark.parametrize(
    ("sections", "changes"),
    [
        ({"os": (0, TESTING)}, {}),
        ({"os": (0, DEBIAN_12)}, {}),
        ({"os": (0, UBUNTU_18), "python": (0, "Python 3.6.9")}, {"ansible_core": "2.16.19"}),
        ({"clock": (0, "1795851861 1795851802")}, {}),
        ({"locks": (0, "   4711    59 apt-get")}, {}),
        ({"listeners": (127, "sh: 1: ss: not found")}, {}),
        ({"sources": (0, "/etc/apt/sources.list.d/livemon-docker.list:2:deb https://download.docker.com/linux/debian trixie stable")}, {}),
        ({"firewalls": (0, "firewalld nftables")}, {"firewall": False}),
        ({"images": (0, f"{APP} {ROUTER} {GRAFANA}"), "disk": (0, SMALL_DISK)}, {}),
        ({"archives": (0, " ".join(image["archive"] for image in WANTED.images)), "disk": (0, SMALL_DISK)}, {}),
        ({"data": (0, "/data"), "data_disk": (0, SMALL_DISK)}, {}),
    ],
)  # fmt: skip
def test_what_is_in_nobodys_way(sections, changes):
    assert told("debian-13-bare", sections, **changes) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('LISTEN 0 5 0.0.0.0:5000 0.0.0.0:* users:(("python3",pid=556,fd=3))', "python3 (pid 556) uses TCP port 5000, which is needed for the quick-look page: stop it."),
        ('LISTEN 0 128 127.0.0.1:5000 0.0.0.0:* users:(("flask",pid=7,fd=3),("flask",pid=8,fd=3))', "flask (pid 7) uses TCP port 5000"),
        ('LISTEN 0 4096 *:3000 *:* users:(("grafana",pid=812,fd=11))', "stop it, or write another grafana_port into the inventory."),
        ('LISTEN 0 128 127.0.0.1%lo:3000 0.0.0.0:* users:(("node",pid=9,fd=3))', "node (pid 9) uses TCP port 3000"),
        ("LISTEN 0 128 0.0.0.0:3000 0.0.0.0:*", "another program uses TCP port 3000"),
        ('LISTEN 0 128 192.0.2.7:5000 0.0.0.0:* users:(("x",pid=1,fd=1))', None),
        ('LISTEN 0 128 [::]:3000 [::]:* users:(("x",pid=1,fd=1))', None),
        ('LISTEN 0 128 [::1]:5000 [::]:* users:(("x",pid=1,fd=1))', None),
        ('LISTEN 0 128 0.0.0.0:30000 0.0.0.0:* users:(("x",pid=1,fd=1))', None),
        ('LISTEN 0 4096 0.0.0.0:3000 0.0.0.0:* users:(("docker-proxy",pid=99,fd=7))', None),
    ],
)  # fmt: skip
def test_a_program_in_the_way_is_told_with_its_port(line, said):
    found = told("debian-13-bare", {"listeners": (0, line)})
    assert len(found) == (said is not None)
    assert all(said in problem for problem in found)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("made_by_hand\t\t127.0.0.1:5000->80/tcp", ["The container made_by_hand", "TCP port 5000", "docker rm --force made_by_hand"]),
        ("grafana\t/home/postdoc/grafana\t0.0.0.0:3000->3000/tcp, [::]:3000->3000/tcp", ["TCP port 3000", "or write another grafana_port"]),
        ("range\t\t0.0.0.0:2990-3010->2990-3010/tcp", ["TCP port 3000"]),
        ("sisock_hub\t\t", ["The container sisock_hub", "has the name of one of livemon's"]),
        ("sisock_hub\t/etc/livemon/sisock\t", []),
        ("sisock_grafana\t/etc/livemon/grafana\t0.0.0.0:3000->3000/tcp", []),
        ("other\t\t5000/tcp, 0.0.0.0:8000->5000/tcp, 0.0.0.0:5000->5000/udp, 192.0.2.7:5000->5000/tcp", []),
    ],
)  # fmt: skip
def test_a_container_in_the_way_is_told_by_its_name(line, said):
    found = told("debian-13-monitor", {"containers": (0, line)})
    assert len(found) == bool(said)
    for words in said:
        assert words in found[0]


INSTALLED = "{} install ok installed 1"


def packages(*names: str) -> tuple[int, str]:
    return 0, "\n".join(INSTALLED.format(name) for name in (*WANTED.packages, *names))


@pytest.mark.parametrize(
    ("sections", "changes", "said"),
    [
        ({"engine": (0, "20.10.9")}, {}, ["The Docker engine is 20.10.9; livemon needs 20.10.10", "clone3"]),
        ({"engine": (0, "19.03.8")}, {}, ["19.03.8"]),
        ({"engine": (1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")}, {},
         ["its engine is not running (Cannot connect to the Docker daemon", "systemctl start docker"]),
        ({"engine": (124, "")}, {}, ["has not answered within 20 s"]),
        ({"compose": (0, "2.17.3")}, {}, ["with compose 2.17.3; livemon needs 2.18"]),
        ({"compose": (0, "v2.6.0")}, {}, ["with compose v2.6.0"]),
        ({"compose": (1, "docker: 'compose' is not a docker command.")}, {}, ["without compose"]),
        ({"client": (0, "Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.\npodman version 5.4.2"), "engine": (0, "5.4.2")}, {},
         ["Podman's", "apt remove podman-docker"]),
        ({"program": (0, "/snap/docker/2932/bin/docker")}, {}, ["Docker is a snap", "snap remove docker"]),
        ({"program": (0, "/usr/bin/snap")}, {}, ["Docker is a snap"]),
        ({"info": (0, '{"security": ["name=seccomp,profile=builtin", "name=rootless"]}')}, {}, ["is rootless"]),
        ({"packages": packages("docker.io", "containerd.io")}, {}, ["docker.io of the distribution and containerd.io of Docker's own repository"]),
        ({"packages": packages("docker-ce", "docker-ce-cli", "containerd.io", "containerd")}, {}, ["Packages of two Dockers are mixed: containerd of"]),
        ({"packages": packages("docker.io")}, {"docker_from": "docker"}, ["docker_from: docker (package docker-ce)"]),
        ({"engine": (127, "")}, {"docker_from": "existing"}, ["No Docker engine is installed, and docker_from says existing"]),
        ({"engine": (127, ""), "os": (0, DEBIAN_12)}, {"docker_from": "distribution"}, ["has no package of compose 2", "write docker_from: docker"]),
    ],
)  # fmt: skip
def test_an_engine_that_will_not_do(sections, changes, said):
    (problem,) = told("debian-13-monitor", sections, **changes)
    for words in said:
        assert words in problem


@pytest.mark.parametrize(
    ("sections", "changes"),
    [
        ({}, {}),
        ({"engine": (0, "20.10.24+dfsg1"), "compose": (0, "v2.18.1")}, {}),
        ({"engine": (0, "29.0.1"), "compose": (0, "5.0.0"), "packages": packages("docker-ce", "docker-ce-cli", "containerd.io")}, {"docker_from": "existing"}),
        ({"packages": (0, "docker.io deinstall ok config-files 20\n" + packages("docker-ce", "containerd.io")[1])}, {}),
        ({"compose": (1, "docker: 'compose' is not a docker command.")}, {"docker_from": "distribution"}),
        # Whoever installed Docker from there needs the line.
        ({"sources": (0, FOREIGN_LIST), "packages": packages("docker-ce", "containerd.io")}, {}),
        ({"locks": (0, LOCKED), "sources": (0, CDROM)}, {}),
    ],
)  # fmt: skip
def test_a_monitor_is_no_problem_to_itself(sections, changes):
    assert told("debian-13-monitor", sections, **changes) == []


OCS_NET = {"name": "ocs-net", "subnet": "172.28.80.0/24", "setting": "ocs_subnet"}
NETWORKS = (
    "bridge 0123456789ab 172.17.0.0/16 \nhost 1123456789ab \nocs-net 2123456789ab {} \nother 3123456789ab {} fd00::/64 "
)
ROUTES = (
    "default via 192.0.2.1 dev eth0 \n{}\n172.28.80.0/24 dev br-2123456789ab proto kernel scope link src 172.28.80.1 \n"
)


@pytest.mark.parametrize(
    ("host", "other", "route", "said"),
    [
        ("debian-13-monitor", "172.19.0.0/16", "192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.7", None),
        ("debian-13-monitor", "172.28.0.0/16", "", "Docker's network other (172.28.0.0/16)"),
        ("debian-13-monitor", "172.19.0.0/16", "172.28.0.0/16 dev eth1 proto kernel scope link src 172.28.0.7", "the interface eth1 (172.28.0.0/16)"),
        ("debian-13-monitor", "172.19.0.0/16", "172.28.80.16/28 via 192.0.2.3 dev eth0", "the interface eth0 (172.28.80.16/28)"),
        ("debian-13-monitor", "172.19.0.0/16", "172.28.80.77 dev eth0 scope link", "the interface eth0 (172.28.80.77)"),
        ("debian-13-monitor", "172.19.0.0/16", "172.16.0.0/12 via 10.8.0.1 dev tun0", None),
        ("debian-13-monitor", "172.19.0.0/16", "unreachable 172.28.80.0/24 metric 1", None),
    ],
)  # fmt: skip
def test_a_subnet_that_others_have_is_told(host, other, route, said):
    sections = {"networks": (0, NETWORKS.format("172.28.80.0/24", other)), "routes": (0, ROUTES.format(route))}
    found = told(host, sections, networks=[OCS_NET])
    assert len(found) == (said is not None)
    assert all(f"The subnet 172.28.80.0/24 of ocs-net overlaps with {said}: " in problem for problem in found)


def test_the_controllers_problems_and_unknown_names_are_in_the_list():
    found = told(
        "debian-13-bare",
        {"names": (0, "here.lab.example")},
        problems=["dashboards/a.json: ..."],
        names=["here.lab.example", "ls372.lab.example"],
    )
    assert found[0] == "dashboards/a.json: ..."
    assert found[1].startswith("The name ls372.lab.example cannot be resolved there")
    assert len(found) == 2


def test_the_page_shows_what_is_said():
    sections = {
        "clock": (0, "1795851861 1795851550"),
        "sources": (0, FOREIGN_LIST),
        "listeners": (0, 'LISTEN 0 4096 *:3000 *:* users:(("grafana-server",pid=812,fd=11))'),
        "images": (0, f"{APP} {ROUTER}"),
    }
    advice = "Load it there by docker load, or write grafana_required: false to go on without Grafana."
    changes = {"downloads": [{**DOWNLOADS[3], "advice": advice}]}
    failed = FAILED.format(HUB, "Could not resolve 'registry-1.docker.io'")
    answers = f"@livemon 0 100\n{failed}\n@livemon 1 0\n@livemon 3 0\n@livemon 5 0\n"
    page = (ROOT / "docs/preflight.md").read_text()
    assert re.findall(r"^    - (.*)", page, re.MULTILINE) == told("debian-13-bare", sections, answers, **changes)
    assert advice in (ROOT / "playbooks/group_vars/all.yml").read_text()


def test_a_directory_that_is_not_there_is_told():
    wanted = ["/srv/weather", "/srv/gone"]
    (problem,) = told("debian-13-bare", {"directories": (0, "/srv/weather")}, directories=wanted)
    assert problem.startswith("The directory /srv/gone of a node in data_nodes does not exist")


LOGS = {"agent": "fridge", "path": "/srv/logs", "writable": False}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ("real /srv/logs /srv/logs\nunwritable /srv/logs", None),
        ("real /srv/logs /mnt/share", None),
        ("missing /srv/logs", "The directory /srv/logs of the agent fridge does not exist: create it"),
        ("real /srv/logs /run/user", "is a symbolic link to /run/user, which is within the system directory /run;"),
        ("real /srv/logs /srv/logs\nunreadable /srv/logs 26-12-01/CH1 T.log",
         "cannot be read by the user ocs (uid 9000), with which agents run: see ls -ld /srv/logs/26-12-01/CH1 T.log. Grant it,"),
        ("real /srv/logs /srv/logs\nunreadable /srv/logs ", "see ls -ld /srv/logs. Grant it"),
    ],
)  # fmt: skip
def test_a_directory_that_an_agent_cannot_read_is_a_problem(facts, said):
    found = told("debian-13-bare", {"agent_directories": (0, facts)}, agent_directories=[LOGS])
    assert len(found) == (said is not None)
    assert not found or said in found[0]


def test_a_directory_that_an_agent_cannot_write_is_a_problem():
    out = [LOGS | {"writable": True}]
    facts = "real /srv/logs /srv/logs\nunwritable /srv/logs"
    (problem,) = told("debian-13-bare", {"agent_directories": (0, facts)}, agent_directories=out)
    assert "cannot be written by the user ocs (uid 9000)" in problem
    assert "sudo chown 9000 /srv/logs, or leave writable out" in problem


def test_a_udp_port_of_an_agent_is_not_a_tcp_port():
    port = {"port": 8124, "protocol": "udp", "address": "0.0.0.0", "use": "the agent hwp (ports in ocs_agents)"}
    line = 'UNCONN 0 0 0.0.0.0:8124 0.0.0.0:* users:(("collectd",pid=812,fd=3))'
    container = "pump\t\t0.0.0.0:8124->8124/udp"
    assert told("debian-13-monitor", {"listeners": (0, line)}, ports=[port]) == []
    (problem,) = told("debian-13-monitor", {"udp_listeners": (0, line)}, ports=[port])
    assert (
        problem
        == "collectd (pid 812) uses UDP port 8124, which is needed for the agent hwp (ports in ocs_agents): stop it."
    )
    (problem,) = told("debian-13-monitor", {"containers": (0, container)}, ports=[port])
    assert "uses UDP port 8124" in problem
    assert told("debian-13-monitor", {"containers": (0, container)}, ports=[port | {"protocol": "tcp"}]) == []


def test_servers_for_a_clock_that_somebody_else_keeps_are_told():
    kept = {"packages": packages("ntpsec")}
    assert told("debian-13-bare", kept) == []
    (problem,) = told("debian-13-bare", kept, time_servers=["192.0.2.1"])
    assert problem.startswith("The clock is synchronised by ntpsec")


@pytest.mark.parametrize("way", ["192.0.2.7 50022 192.0.2.1 22", "2001:db8::7%eth0 50022 2001:db8::1 22\r\n"])
def test_a_rule_that_would_shut_ansible_out_is_told_before_anything_changes(way):
    """The role that sets up the firewall said it only after Docker had been installed."""
    address = way.split()[0]
    assert told("debian-13-bare", {}, ssh_way=way, ssh_from=["192.0.2.0/24", "2001:db8::/64"]) == []
    assert told("debian-13-bare", {}, ssh_way=way, ssh_from=["198.51.100.0/24"], firewall=False) == []
    assert told("debian-13-bare", {}, ssh_way="", ssh_from=["198.51.100.0/24"]) == []
    (problem,) = told("debian-13-bare", {}, ssh_way=way, ssh_from=["198.51.100.0/24"])
    assert problem.startswith(
        f"allow_from.ssh (198.51.100.0/24) would lock out Ansible itself, which connects from {address}: "
    )


def test_a_dry_run_on_a_bare_machine_needs_what_reads_the_package_lists():
    without = {"packages": (0, INSTALLED.format("ufw"))}
    assert told("debian-13-bare", without) == []
    (problem,) = told("debian-13-bare", without, dry_run=True)
    assert "python3-apt" in problem


def asked(host: str, sections: dict[str, tuple[int, str]], **changes: object) -> dict[str, str]:
    wanted = dataclasses.replace(WANTED, **{"downloads": DOWNLOADS, **changes})
    return {question.address: question.proxy for question in reachability.questions(report(host, sections), wanted)}


DEBIAN = {
    f"http://apt.lab.example/{path}/{index}": "apt"
    for path in ("debian/dists/trixie", "debian/dists/trixie-updates", "debian-security/dists/trixie-security")
    for index in ("InRelease", "Release")
}
HUB = "https://registry-1.docker.io/v2/"
PYPI, NPM = "https://packages.lab.example/simple/pip/", "https://registry.lab.example/-/ping"
PROXY = "http://lab:secret@proxy.lab.example:3128"
REGISTRIES = '{"registries": {"IndexConfigs": {"registry.lab.example:5000": {"Secure": false}}, "Mirrors": ["https://mirror.lab.example/"]}}'


@pytest.mark.parametrize(
    ("host", "sections", "changes", "expected"),
    [
        ("debian-13-bare", {}, {}, {PYPI: "", NPM: "", HUB: "DIRECT", **DEBIAN}),
        # Nothing that is there already is asked for.
        ("debian-13-bare", {"images": (0, f"{APP} {ROUTER} {GRAFANA}")}, {}, DEBIAN),
        ("debian-13-bare", {"archives": (0, WANTED.images[0]["archive"]), "images": (0, f"{ROUTER} {GRAFANA}")}, {}, DEBIAN),
        ("debian-13-bare", {"images": (0, f"{BASE} {GRAFANA}")}, {}, {PYPI: "", NPM: "", **DEBIAN}),
        ("debian-13-bare", {"images": (0, f"{APP} {GRAFANA}")}, {}, {PYPI: "", HUB: "DIRECT", **DEBIAN}),
        ("debian-13-monitor", {"images": (0, f"{APP} {ROUTER} {GRAFANA}")}, {}, {}),
        ("debian-13-monitor", {"images": (0, f"{ROUTER} {GRAFANA}")}, {"downloads": [], "images_from_apt": [APP]}, DEBIAN),
        # By the inventory's proxy, the environment's, or the engine's own.
        ("debian-13-monitor", {"images": (0, "")}, {"proxy": PROXY}, {PYPI: PROXY, NPM: PROXY, HUB: PROXY}),
        ("debian-13-monitor", {"images": (0, "")}, {"proxy": PROXY, "proxy_exceptions": ["registry.lab.example"]}, {PYPI: PROXY, NPM: "DIRECT", HUB: PROXY}),
        ("debian-13-monitor", {"images": (0, ""), "info": (0, '{"https": "http://own:3128"}')}, {}, {PYPI: "", NPM: "", HUB: "http://own:3128"}),
        ("debian-13-monitor", {"images": (0, ""), "info": (0, '{"https": "http://xxxxx:xxxxx@own:3128"}')}, {}, {PYPI: "", NPM: ""}),
        # The machine's own indexes and mirrors.
        ("debian-13-monitor", {"images": (0, GRAFANA), "pip": (0, "https://pypi.lab.example/simple/"), "npm": (0, "http://npm.lab.example")}, {},
         {"https://pypi.lab.example/simple/pip/": "", "http://npm.lab.example/-/ping": "", HUB: "DIRECT"}),
        ("debian-13-monitor", {"images": (0, f"{APP} {GRAFANA}"), "pip": (0, "file:///srv/packages/simple")}, {}, {HUB: "DIRECT"}),
        ("debian-13-monitor", {"images": (0, f"{APP} {ROUTER}"), "info": (0, REGISTRIES)}, {}, {"https://mirror.lab.example/v2/": "DIRECT", HUB: "DIRECT"}),
        ("debian-13-monitor", {"info": (0, REGISTRIES), "images": (0, "")}, {"downloads": [{"pull": "registry.lab.example:5000/grafana:12", "images": [GRAFANA]}]},
         {"https://registry.lab.example:5000/v2/": "DIRECT", "http://registry.lab.example:5000/v2/": "DIRECT"}),
        # Docker's own repository, where the engine is to come from there.
        ("debian-13-bare", {"images": (0, f"{APP} {ROUTER} {GRAFANA}")}, {"docker_from": "docker"},
         {f"https://download.docker.com/linux/debian/dists/trixie/{index}": "" for index in ("InRelease", "Release")} | DEBIAN),
        ("debian-13-bare", {"images": (0, f"{APP} {ROUTER} {GRAFANA}"), "os": (0, UBUNTU_18), "update": (0, "")},
         {"docker_repository": "http://mirror.lab.example/docker/", "proxy": PROXY, "ansible_core": "2.16.19"},
         {f"http://mirror.lab.example/docker/dists/bionic/{index}": PROXY for index in ("InRelease", "Release")}),
        # Ansible could not ask there.
        ("debian-13-bare", {"python": (0, "Python 3.6.9")}, {}, {}),
        ("debian-13-bare", {"python": (127, "")}, {}, {}),
    ],
)  # fmt: skip
def test_only_what_is_needed_now_is_asked_and_by_the_right_way(host, sections, changes, expected):
    assert asked(host, sections, **changes) == expected


# As apt-helper of apt 1.6 and 2.6 (GnuTLS) and of apt 3.0 (OpenSSL) said it.
FAILED = "Err:1 {0}\n  {1}\nE: Failed to fetch {0}  {1}\nE: Download Failed"
CONNECT = "Invalid response from proxy: HTTP/1.0 {}  Server: BaseHTTP/0.6 Python/3.13.5  Date: Sat, 28 Nov 2026 07:48:26 GMT  Content-Length: 0     [IP: 127.0.0.1 8407]"


@pytest.mark.parametrize(
    ("answer", "proxy", "said"),
    [
        ("401  Unauthorized [IP: 192.0.2.1 443]", "", None),
        ("404  Not Found [IP: 192.0.2.1 443]", PROXY, None),
        ("OpenSSL error: error:0A000126:SSL routines::unexpected eof while reading  [IP: 127.0.0.1 8443]", "", None),
        ("Could not resolve 'registry-1.docker.io'", "", "the name registry-1.docker.io cannot be resolved there"),
        ("Temporary failure resolving 'registry-1.docker.io'", "", "the name registry-1.docker.io cannot be resolved there"),
        ("Could not resolve 'proxy.lab.example'", PROXY, "the name proxy.lab.example cannot be resolved there"),
        ("Certificate verification failed: The certificate is NOT trusted. The certificate issuer is unknown.  Could not handshake: Error in the certificate verification. [IP: 127.0.0.1 8443]", "",
         "add the certificate of that authority to extra_ca_certificates"),
        ("SSL connection failed: error:0A000086:SSL routines::certificate verify failed / Success [IP: 203.0.113.80 443]", "",
         "add the certificate of that authority to extra_ca_certificates"),
        (CONNECT.format("407 Proxy Authentication Required"), PROXY, "the proxy requires a user and a password (407)"),
        ("407  Proxy Authentication Required [IP: 127.0.0.1 8407]", PROXY, "the proxy http://proxy.lab.example:3128 requires a user and a password (407)"),
        (CONNECT.format("403 Forbidden"), PROXY, "the proxy refuses (403 Forbidden)"),
        (CONNECT.format("503 Service Unavailable"), PROXY, "the proxy refuses (503 Service Unavailable)"),
        ("503  Service Unavailable [IP: 127.0.0.1 8503]", PROXY, "the answer is 503 Service Unavailable"),
        ("Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)", "", "Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)"),
        ("Reading from proxy failed - read (115: Operation now in progress) [IP: 127.0.0.1 8403]", PROXY, "Reading from proxy failed"),
        ("Connection failed [IP: 127.0.0.1 8000]", "", "there is no answer in time"),
        ("Could not wait for server fd - select (11: Resource temporarily unavailable) [IP: 127.0.0.1 8000]", "", "there is no answer in time"),
        ("SSL connection failed: error:0A00010B:SSL routines::wrong version number / Success [IP: 127.0.0.1 8403]", "", "wrong version number"),
    ],
)  # fmt: skip
def test_each_way_not_to_answer_has_its_own_sentence(answer, proxy, said):
    only = {"proxy": proxy, "downloads": DOWNLOADS[2:3]}
    found = told(
        "debian-13-monitor", {"images": (0, GRAFANA)}, f"@livemon 0 100\n{FAILED.format(HUB, answer)}\n", **only
    )
    assert len(found) == (said is not None)
    for problem in found:
        assert said in problem
        assert problem.startswith(f"The image {BASE} ({HUB}) cannot be downloaded: ")
        assert problem.endswith(f". {ADVICE}")
        assert "secret" not in problem


def test_a_mirror_that_answers_is_enough():
    failed = FAILED.format(HUB, "Could not resolve 'registry-1.docker.io'")
    changes = {"downloads": [{**DOWNLOADS[2], "mirrors": ["https://mirror.lab.example"]}]}
    sections = {"images": (0, GRAFANA)}
    assert told("debian-13-monitor", sections, f"@livemon 0 0\n\n@livemon 1 100\n{failed}\n", **changes) == []
    (problem,) = told("debian-13-monitor", sections, f"@livemon 0 124\n\n@livemon 1 100\n{failed}\n", **changes)
    assert "there is no answer in time; the name registry-1.docker.io cannot be resolved" in problem


def test_a_package_source_must_have_what_apt_asks_it_for():
    """Any answer was taken for one: apt then failed after everything before it had changed the machine."""
    address = "http://apt.lab.example/debian/dists/trixie-updates/InRelease"
    failed = FAILED.format(address, "404  Not Found [IP: 203.0.113.80 80]")
    # Of the first source there is the older of the two indexes only, of the second none.
    answers = (
        f"@livemon 0 100\n{failed}\n@livemon 1 0\n@livemon 2 100\n{failed}\n@livemon 3 100\n{failed}\n@livemon 4 0\n"
    )
    (problem,) = told("debian-13-bare", {}, answers)
    assert problem == (
        f"A package source of apt ({address}) cannot be downloaded: the answer is 404 Not Found. "
        "It is listed in /etc/apt/sources.list:1 and /etc/apt/sources.list:2."
    )


@pytest.mark.parametrize("environment", ["controller", "controller-2.16"])
def test_the_lowest_python_is_what_ansible_core_itself_demands(environment):
    python = ROOT / ".venv" / environment / "bin/python"
    if not python.exists():
        pytest.skip(f"there is no {environment}")
    code = "import ansible.release as a, ansible.module_utils.basic as b; print(a.__version__, b.__file__)"
    core, path = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    (lowest,) = re.findall(r"^_PY3?_MIN = .*\((3, \d+)\)", Path(path).read_text(), re.MULTILINE)
    assert version(lowest) == max(low for first, low in LOWEST_PYTHON.items() if first <= version(core))


def test_the_preflight_asks_for_the_image_that_grafana_runs():
    wiring = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())
    default = yaml.safe_load((ROOT / "roles/grafana/defaults/main.yml").read_text())["grafana_image"]
    assert default in wiring["livemon_grafana_image"]


def test_the_script_reports_on_this_machine():
    """It may run anywhere: nothing that it asks need be there."""
    script = ROOT / "roles/preflight/files/probe.sh"
    answer = subprocess.run(
        ["sh", script, "0", sys.executable, "/nowhere/data", "bash", "no/image", "/etc/passwd /nowhere", "localhost", "/etc /nowhere"],
        capture_output=True, text=True, timeout=200, check=True,
    )  # fmt: skip
    about = Report(answer.stdout)
    assert about["python"].text.startswith("Python 3")
    assert about["archives"].words == ["/etc/passwd"]
    assert about["directories"].words == ["/etc"]
    assert about["images"].words == []
    assert about["data"].rc != 0
    assert len(about["clock"].words) == 2


@pytest.mark.skipif(os.getuid() != 0, reason="only root can run a command as another user, as the preflight does")
def test_the_script_sees_what_an_agent_may_do_in_a_directory(tmp_path):
    """A directory above that is closed does not matter: the container gets the directory itself."""
    closed = tmp_path / "closed"
    for name in ("open", "shut", "file", "out"):
        (closed / name).mkdir(parents=True)
        (closed / name).chmod(0o755)
    (closed / "shut/26-12-01").mkdir(mode=0o700)
    (closed / "file/CH1 T.log").touch(mode=0o600)
    (closed / "out").chmod(0o777)
    (closed / "link").symlink_to("open")
    closed.chmod(0o700)
    names = ["open", "shut", "file", "out", "link", "gone"]
    directories = " ".join(str(closed / name) for name in names)
    script = ROOT / "roles/preflight/files/probe.sh"
    answer = subprocess.run(
        ["sh", script, "0", sys.executable, "/nowhere", "bash", "", "", "", "", directories, "9000"],
        capture_output=True, text=True, timeout=200, check=True,
    )  # fmt: skip
    lines = Report(answer.stdout)["agent_directories"].lines
    assert [line.replace(f"{closed}/", "") for line in lines] == [
        "real open open", "unwritable open",
        "real shut shut", "unreadable shut 26-12-01", "unwritable shut",
        "real file file", "unreadable file CH1 T.log", "unwritable file",
        "real out out",
        "real link open", "unwritable link",
        "missing gone",
    ]  # fmt: skip


def test_no_docker_command_is_not_taken_for_networks(tmp_path):
    for command in {path for place in os.get_exec_path() for path in Path(place).glob("*") if path.name != "docker"}:
        if not (tmp_path / command.name).is_symlink():
            (tmp_path / command.name).symlink_to(command)
    answer = subprocess.run(
        ["sh", ROOT / "roles/preflight/files/probe.sh", "0", sys.executable, "/nowhere", "bash", "", "", "", ""],
        env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=200, check=True,
    )  # fmt: skip
    assert Report(answer.stdout)["networks"].rc != 0


def test_the_script_asks_all_addresses_and_trusts_the_certificates_that_it_is_given(tmp_path):
    """With a stand-in of apt's downloader, which answers with what it was configured with."""
    stand_in = tmp_path / "apt-helper"
    stand_in.write_text('#!/bin/sh\ncat "$2" && tail -n 1 "${2%/*}/ca.crt" && echo "asked $4" && exit 100\n')
    stand_in.chmod(0o755)
    script = (ROOT / "roles/preflight/files/ask.sh").read_text().replace("/usr/lib/apt/apt-helper", str(stand_in))
    questions = [
        "https://a.test/v2/\tDIRECT",
        "http://b.test/InRelease\tapt",
        "https://c.test/\thttp://user:p$a&s@d:3128",
        "https://e.test/\t",
    ]
    text = "\n".join([*questions, "", "the certificate of the lab", ""])
    environment = {**os.environ, "https_proxy": "http://environment:1"}
    answer = subprocess.run(
        ["sh", "-c", script, "ask.sh", "5"], input=text, env=environment, capture_output=True, text=True, timeout=60, check=True
    )  # fmt: skip
    answers = Report(answer.stdout)
    assert [answers[str(number)].lines[-1] for number in range(4)] == [
        "asked https://a.test/v2/", "asked http://b.test/InRelease", "asked https://c.test/", "asked https://e.test/",
    ]  # fmt: skip
    assert {answers[str(number)].rc for number in range(4)} == {100}
    assert {answers[str(number)].lines[-2] for number in range(4)} == {"the certificate of the lab"}
    assert 'Acquire::https::Proxy "DIRECT";' in answers["0"].text
    assert "::Proxy" not in answers["1"].text
    assert 'Acquire::https::Proxy "http://user:p$a&s@d:3128";' in answers["2"].text
    assert 'Acquire::https::Proxy "http://environment:1";' in answers["3"].text
    assert 'Acquire::http::Timeout "5";' in answers["0"].text
