"""A Lake Shore 240 on USB, as far as can be tested without one: the rules by udevd, an agent in its container by a pseudo-terminal.

Not shown: that the kernel's driver takes the instrument's id, and that the rules match its attributes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import yaml
from lab_machine import Machine
from paths import ROOT
from testinfra.host import Host
from waiting import wait_for

pytestmark = pytest.mark.long

SERIAL, AGENT = "LSATTY0", "usb240"
DEVICE = f"/dev/{SERIAL}"
INSTRUMENT = {"model": 240, "id": AGENT, "serial": SERIAL}
RULES = "/etc/udev/rules.d/70-livemon.rules"
TRIED_RULES = "/run/udev/rules.d/71-lab.rules"
UDEVD = "/usr/lib/systemd/systemd-udevd"


@pytest.fixture(scope="module")
def udevd(host: Host) -> Iterator[None]:
    """A machine in a container has no udevd, and its /sys, by which events are asked for, is read-only."""
    missing = not host.file(UDEVD).exists
    if missing:
        host.run_expect([0], "apt-get install -qq -y --no-install-recommends udev")
    host.run_expect([0], f"systemd-run --unit=lab-udevd --quiet {UDEVD} && mount -o remount,rw /sys")
    wait_for(lambda: host.run("udevadm control --ping").rc == 0, "udevd to answer")
    yield
    host.run_expect([0], "mount -o remount,ro /sys && systemctl stop lab-udevd")
    if missing:
        host.run_expect([0], "apt-get purge -qq -y udev")


@pytest.fixture(scope="module")
def on_usb(machine: Machine, host: Host, udevd: None) -> Iterator[None]:
    """The machine with one more instrument in its inventory, on USB; without it again afterwards."""
    demo = yaml.safe_load((ROOT / "inventory/demo/hosts.yml").read_text())["livemon"]["vars"]["instruments"]
    played = machine.play("site", "--tags=ocs", instruments=[*demo, INSTRUMENT], wait_for_data=False)
    assert played.rc == 0, played.stdout[-3000:]
    yield
    host.run(f"docker rm --force {AGENT}-box; rm -f {DEVICE}")
    played = machine.play("site", "--tags=ocs", wait_for_data=False)
    assert played.rc == 0, played.stdout[-3000:]
    assert not host.file(RULES).exists


def test_udevadm_finds_no_fault_in_the_rules(host: Host, on_usb: None):
    if host.run("udevadm verify --help").rc != 0:
        pytest.skip("udevadm here cannot verify rules yet; systemd 254 can")
    answer = host.run(f"udevadm verify {RULES}")
    assert answer.rc == 0, answer.stdout + answer.stderr
    host.run_expect([0], f"sed 's/SYMLINK+=/SIMLINK+=/' {RULES} > /tmp/71-wrong.rules")
    assert host.run("udevadm verify /tmp/71-wrong.rules").rc == 1


def test_udevd_gives_the_line_its_name_group_and_mode(host: Host, on_usb: None):
    """The instrument's rule with its assignments, for the one serial line that there is here."""
    (rule,) = [line for line in host.file(RULES).content_string.splitlines() if 'SUBSYSTEM=="tty"' in line]
    matched, attributes = re.subn(r'ATTRS\{\w+\}=="\w+", ', "", rule)
    assert attributes == 3
    tried = matched.replace('SUBSYSTEM=="tty"', 'SUBSYSTEM=="tty", KERNEL=="ttyS0"')
    host.run_expect([0], "mkdir -p /run/udev/rules.d && printf '%%s\\n' %s > " + TRIED_RULES, tried)
    announce = "udevadm control --reload && udevadm trigger --settle /sys/class/tty/ttyS0"
    host.run_expect([0], "test -e /dev/ttyS0 || mknod -m 0600 /dev/ttyS0 c 4 64")
    try:
        host.run_expect([0], announce)
        link = host.file(DEVICE)
        assert (link.is_symlink, link.linked_to) == (True, "/dev/ttyS0")
        line = host.file("/dev/ttyS0")
        assert (line.user, line.group, line.mode) == ("root", "dialout", 0o660)
    finally:
        host.run_expect([0], f"rm {TRIED_RULES} && {announce}")
    assert not host.file(DEVICE).exists


def plug_in(host: Host) -> str:
    """Put a simulated 240 behind the instrument's name, as a new line with the group and mode of the rules; returns the line."""
    image = host.check_output("docker inspect --format {{.Config.Image}} ocs_%s", AGENT)
    host.run_expect(
        [0],
        f"docker run --detach --name {AGENT}-box --user 0:0 --volume /dev:/dev --entrypoint livemon {image} "
        f"simulate 240 --serial {SERIAL} --cooldown-minutes 0 --pty {DEVICE}",
    )
    wait_for(lambda: host.file(DEVICE).is_symlink, f"the simulated instrument at {DEVICE}", 40)
    line = host.check_output(f"readlink -f {DEVICE}")
    host.run_expect([0], f"chgrp dialout {line} && chmod 0660 {line}")
    return line


def pull_out(host: Host) -> None:
    host.run_expect([0], f"docker rm --force {AGENT}-box && rm -f {DEVICE}")


def newest(host: Host) -> float:
    """When the agent's newest sample was taken, UNIX seconds; 0 without one."""
    call = (
        "import json, urllib.request; "
        f"body = json.dumps(dict(procedure='observatory.{AGENT}.ops', args=['status', 'acq'])).encode(); "
        "request = urllib.request.Request('http://127.0.0.1:8001/call', body, {'Content-Type': 'application/json'}); "
        "answer = json.load(urllib.request.urlopen(request, timeout=20)); "
        "print(answer['args'][0][2].get('data', {}).get('timestamp', 0) if answer.get('args') and 'error' not in answer else 0)"
    )
    answer = host.run("python3 -c %s", call)
    return float(answer.stdout) if answer.rc == 0 else 0.0


def test_an_agent_in_its_container_goes_on_after_a_replug(host: Host, on_usb: None):
    first = plug_in(host)
    wait_for(lambda: newest(host), "samples of the instrument on USB", 120, every=2)
    started = host.check_output("docker inspect --format {{.State.StartedAt}} ocs_%s", AGENT)
    pull_out(host)
    time.sleep(5)
    keeper = host.run_expect(
        [0], "systemd-run --unit=lab-line --quiet python3 -c 'import os, time; os.openpty(); time.sleep(600)'"
    )
    assert keeper.rc == 0
    try:
        second = plug_in(host)
        assert second != first, "the line has another number, as after a replug"
        again = time.time()
        wait_for(lambda: newest(host) > again, "samples after the instrument was plugged in again", 60, every=2)
        now = host.check_output("docker inspect --format {{.State.StartedAt}} ocs_%s", AGENT)
        assert now == started, "by itself, and not by a restart of its container"
    finally:
        host.run_expect([0], "systemctl stop lab-line")
        pull_out(host)


def test_the_agents_container_opens_serial_lines_of_its_group_and_nothing_else(host: Host, on_usb: None):
    """That it opens one of its group is shown above; here the machine itself, in a container, may not: Operation not permitted."""
    nodes = {"line": "c 188 250", "foreign-line": "c 188 251", "kernel-log": "c 1 11"}
    for name, device in nodes.items():
        host.run_expect([0], f"mknod -m 0660 /dev/lab-{name} {device}")
    host.run_expect([0], "chgrp dialout /dev/lab-line && chmod 0666 /dev/lab-kernel-log")
    program = "import os, sys; os.open(sys.argv[1], os.O_RDWR)"
    faults = {}
    try:
        for name in nodes:
            answer = host.run("docker exec ocs_%s python -c %s %s", AGENT, program, f"/dev/lab-{name}")
            faults[name] = answer.stderr.strip().splitlines()[-1]
    finally:
        host.run_expect([0], "rm /dev/lab-*")
    assert not re.search("Permission denied", faults.pop("line")), "its group lets it in"
    assert faults == {
        "foreign-line": "PermissionError: [Errno 13] Permission denied: '/dev/lab-foreign-line'",
        "kernel-log": "PermissionError: [Errno 1] Operation not permitted: '/dev/lab-kernel-log'",
    }


@pytest.mark.parametrize(
    "attempt", ["open('/dev/livemon-new', 'w')", "os.mknod('/dev/shm/x', 0o20666, os.makedev(188, 0))"]
)
def test_the_agents_container_makes_nothing_in_dev(host: Host, on_usb: None, attempt: str):
    answer = host.run("docker exec ocs_%s python -c %s", AGENT, f"import os; {attempt}")
    assert answer.rc != 0
    assert re.search("Read-only file system|Operation not permitted|Permission denied", answer.stderr), answer.stderr


def test_what_everybody_may_write_in_dev_is_the_containers_own(host: Host, on_usb: None):
    for directory in ("/dev/shm", "/dev/mqueue"):
        host.run_expect([0], f"touch {directory}/of-the-host")
        seen = host.check_output(f"docker exec ocs_{AGENT} ls {directory}")
        host.run_expect([0], f"rm {directory}/of-the-host")
        assert seen == ""
