"""The entry of ssh's configuration: what ssh itself makes of it is the way that Ansible takes."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from plugins.plugin_utils.inventory.rendering import ssh

FORWARDS = [(3001, 3000), (5001, 5000)]


def resolved(*arguments):
    return subprocess.run(["ssh", "-G", *arguments], check=True, capture_output=True, text=True, timeout=10).stdout


@pytest.fixture
def default():
    return resolved("-F", "/dev/null", "nobody.invalid")


WAYS = {
    "plain": ["-F", "/dev/null", "-l", "postdoc", "192.0.2.10"],
    "another port": ["-F", "/dev/null", "-l", "postdoc", "-p", "2222", "192.0.2.10"],
    "IPv6": ["-F", "/dev/null", "-l", "postdoc", "2001:db8::7"],
    "through a gateway": ["-F", "/dev/null", "-l", "postdoc", "-J", "me@gateway.example:2022", "monitor"],
    "through the seed's gateway": [
        "-F",
        "/dev/null",
        "-l",
        "postdoc",
        "-o",
        "ProxyCommand=ssh gateway -W %h:%p",
        "monitor",
    ],
    "with a key": ["-F", "/dev/null", "-l", "postdoc", "-i", "~/keys/lab", "monitor"],
}
LEADS = ("hostname", "user", "port", "proxyjump", "proxycommand", "identityfile", "userknownhostsfile")


def way(text):
    return sorted(line for line in text.splitlines() if line.split(" ")[0] in LEADS)


@pytest.mark.parametrize("arguments", WAYS.values(), ids=WAYS)
def test_ssh_takes_the_same_way_by_the_entry(tmp_path, default, arguments):
    effective = resolved(*arguments)
    (tmp_path / "config").write_text(ssh.entry("livemon-monitor", effective, default, FORWARDS))
    by_entry = resolved("-F", tmp_path / "config", "livemon-monitor")
    assert way(by_entry) == way(effective)
    assert "localforward 3001 [localhost]:3000" in by_entry
    assert "localforward 5001 [localhost]:5000" in by_entry
    assert "exitonforwardfailure yes" in by_entry


@pytest.mark.parametrize("arguments", WAYS.values(), ids=WAYS)
def test_ssh_takes_the_same_way_by_the_command(default, arguments):
    effective = resolved(*arguments)
    words = shlex.split(ssh.command(effective, default, FORWARDS))
    by_command = resolved("-F", "/dev/null", *words[1:])
    assert way(by_command) == way(effective)
    assert "localforward 3001 [localhost]:3000" in by_command


def test_a_way_out_of_a_file_needs_the_file_no_longer(tmp_path, default):
    (tmp_path / "a file").write_text(
        f'Host livemon-demo\n HostName 127.0.0.1\n Port 40022\n User postdoc\n IdentityFile "{tmp_path}/the key"\n'
        f" IdentitiesOnly yes\n UserKnownHostsFile {tmp_path}/known_hosts\n"
    )
    effective = resolved("-F", tmp_path / "a file", "livemon-demo")
    entry = ssh.entry("livemon-lab", effective, default, FORWARDS)
    assert f'IdentityFile "{tmp_path}/the key"' in entry
    (tmp_path / "config").write_text(entry)
    assert way(resolved("-F", tmp_path / "config", "livemon-lab")) == way(effective)


def test_the_plain_command_is_the_seeds():
    effective = "user postdoc\nhostname grafana\nport 22\n"
    assert ssh.command(effective, "", [(3000, 3000)]) == "ssh -N -L 3000:localhost:3000 postdoc@grafana"
