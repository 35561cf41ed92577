# ruff: noqa: E501 # sentences as they are told
"""What an agent of the inventory needs of the host: every mistake in it, and what its container gets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from livemon.agents import agent_secrets as secrets_of_the_process
from livemon.agents.site_config import find_instance
from livemon.errors import ConfigError
from plugins.plugin_utils.inventory.faults.compose import faults as container_faults
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.rendering import agent_images, agent_needs, agent_secrets, ocs

FRIDGE = {
    "agent_class": "BlueforsAgent",
    "id": "fridge",
    "arguments": [["--log-directory", "/logs"]],
    "directories": [{"path": "/srv/bluefors/logs", "at": "/logs"}, {"path": "/srv/out", "writable": True}],
    "environment": {"MODE": "poll", "STALE_TIME": 5, "API_TOKEN": {"secret": "cloud"}},
    "devices": [
        {"serial": "FT5ABCDE", "interface": 0, "name": "gauge"},
        {"serial": "FT5ABCDE", "interface": 1, "name": "pump"},
        {"path": "/dev/ttyS1"},
    ],
    "ports": [
        {"port": 8123},
        {"port": 8124, "at": 24, "protocol": "udp", "from": ["192.0.2.7", "2001:db8::/64"]},
    ],
}
SECRETS = {"cloud": "Gh3im-and-long"}


def found(agent: dict, *others: dict, **settings: object) -> list[str]:
    agents = [{"agent_class": "FakeDataAgent", "id": "fake1", **agent}, *others]
    return faults({"instruments": [], "ocs_agents": agents, "agent_secrets": SECRETS, **settings})


def test_a_sound_agent_has_no_faults():
    assert found(FRIDGE) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"path": "/"}, "].path: / is the whole machine; write only the directory that the agent needs"),
        (
            {"path": "/etc"},
            "].path: /etc is a system directory; give the agent a directory of its own, for example below /srv",
        ),
        ({"path": "/etc/livemon/secrets"}, "].path: /etc/livemon/secrets is within the system directory /etc; give"),
        ({"path": "/var/run/docker.sock"}, "is within the system directory /var/run; give"),
        ({"path": "/run/docker.sock", "at": "/x"}, "is within the system directory /run; give"),
        ({"path": "/proc", "at": "/x"}, "/proc is a system directory"),
        ({"path": "/sys/class", "at": "/x"}, "/sys/class is within the system directory /sys"),
        ({"path": "/dev", "at": "/x"}, "/dev is a system directory"),
        ({"path": "/var", "at": "/x"}, "/var contains the system directory /var/run"),
        ({"path": "/var/lib/livemon/grafana", "at": "/x"}, "is within the system directory /var/lib/livemon"),
        ({"path": "/root/logs", "at": "/x"}, "is within the system directory /root"),
        ({"path": "/srv/../etc", "at": "/x"}, "].path: '/srv/../etc' is not a valid directory"),
        ({"path": "logs"}, "].path: 'logs' is not a valid directory; write its full path without spaces"),
        ({"path": "/srv/my logs"}, "].path: '/srv/my logs' is not a valid directory"),
        ({"path": "/srv/a:b"}, "].path: '/srv/a:b' is not a valid directory"),
        ({"path": 5}, "].path: 5 is not a valid directory"),
        ({"at": "/logs"}, "].path is missing; write the directory on the machine"),
        ({"path": "/srv/a", "at": "/"}, "].at: / is the root of the container; write another place in the container"),
        ({"path": "/srv/a", "at": "/run/secrets"}, "].at: /run/secrets overlaps with /run, which the container needs"),
        ({"path": "/srv/a", "at": "/config/x"}, "].at: /config/x overlaps with /config"),
        ({"path": "/srv/a", "at": "/opt/livemon"}, "].at: /opt/livemon overlaps with /opt"),
        ({"path": "/srv/a", "at": "/var/log"}, "].at: /var/log overlaps with /var/log/livemon"),
        ({"path": "/srv/a", "at": "/tmp/x"}, "].at: /tmp/x overlaps with /tmp"),
        (
            {"path": "/opt/bluefors"},
            "].at: /opt/bluefors overlaps with /opt, which the container needs for itself; write another",
        ),
        ({"path": "/srv/a", "at": "logs"}, "].at: 'logs' is not a valid directory"),
        ({"path": "/srv/a", "writable": "yes"}, "].writable: 'yes' is text; write true, or leave it out"),
        ({"path": "/data/hk", "writable": True}, "].writable: only the aggregator writes to the archive (/data)"),
        ({"path": "/srv/a", "writeable": True}, "].writeable: unknown key; did you mean writable?"),
    ],
)
def test_a_mistake_in_a_directory(entry, said):
    (fault,) = found({"directories": [entry]})
    assert fault.startswith("ocs_agents[0] (id fake1).directories[0")
    assert said in fault


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("/srv/a", "directories: this is text, not a list; write one line for each, starting with '- {path:"),
        (["/srv/a"], "directories[0]: this is text; write {path: /srv/bluefors/logs, at: /logs}"),
        (
            [{"path": "/srv/a", "at": "/logs"}, {"path": "/srv/b", "at": "/logs"}],
            "directories[1].at: /logs overlaps with /logs of ocs_agents[0] (id fake1).directories[0]; give each",
        ),
        ([{"path": "/srv/a"}, {"path": "/srv/a/b"}], "directories[1].at: /srv/a/b overlaps with /srv/a of"),
    ],
)
def test_a_mistake_among_the_directories(entries, said):
    (fault,) = found({"directories": entries})
    assert said in fault


def test_the_archive_may_be_read_by_an_agent_and_lies_where_the_inventory_says():
    assert found({"directories": [{"path": "/data", "at": "/archive"}]}) == []
    assert found({"directories": [{"path": "/data", "writable": True}]}, data_directory="/big") == []
    (fault,) = found({"directories": [{"path": "/big/hk", "writable": True}]}, data_directory="/big")
    assert "only the aggregator writes to the archive (/big)" in fault


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (["MODE=poll"], "environment: this is a list; write a value for each variable, for example {MODE: poll"),
        ({"LIVEMON_ALIVE": "x"}, "environment.LIVEMON_ALIVE: this variable is set by livemon; leave it out"),
        ({"OCS_CONFIG_DIR": "/x"}, "environment.OCS_CONFIG_DIR: this variable is set by livemon"),
        ({"SITE_HTTP": "/x"}, "environment.SITE_HTTP: this variable is set by livemon"),
        ({"PATH": "/x"}, "environment.PATH: this variable is set by livemon"),
        ({"1MODE": "x"}, "environment: '1MODE' is not a valid name of an environment variable"),
        ({"MY-MODE": "x"}, "environment: 'MY-MODE' is not a valid name"),
        ({True: "x"}, "environment: True is not a valid name"),
        ({"MODE": True}, "environment.MODE: without quotes this means true; put what the agent should get in quotes"),
        ({"MODE": None}, "environment.MODE: this is empty; write text in quotes"),
        ({"MODE": ["a"]}, "environment.MODE: this is a list; write text in quotes"),
        ({"MODE": {"secrets": "a"}}, "environment.MODE: this is a mapping; write text in quotes"),
        ({"MODE": "a\nb"}, "environment.MODE: this text has a line break"),
        ({"TOKEN": {"secret": "cluod"}}, "environment.TOKEN: the secret 'cluod' is not defined; write cluod: ... under agent_secrets"),
        ({"INFLUXDB_PASSWORD": "hunter2"}, "a secret is written here in plain text, where others could read it; write INFLUXDB_PASSWORD: {secret: a_name}"),
        ({"API_TOKEN": "hunter2"}, "environment.API_TOKEN: a secret is written here"),
        ({"URL": "https://me:hunter2@influx.lab.example"}, "environment.URL: a secret is written here"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_environment(environment, said):
    (fault,) = found({"environment": environment})
    assert fault.startswith("ocs_agents[0] (id fake1).environment")
    assert said in fault
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"serial": "FT5ABCDE"}, "].name is missing; write, for example, {serial: FT5ABCDE, name: gauge}"),
        ({"name": "gauge"}, "].serial is missing"),
        ({"serial": 12345678, "name": "gauge"}, "].serial: without quotes this is the number 12345678; put it in quotes"),
        ({"serial": "FT*", "name": "gauge"}, "].serial: 'FT*' is not a valid USB serial number; write what udevadm info"),
        ({"serial": "FT5ABCDE", "name": "my gauge"}, "].name: 'my gauge' cannot be the name of a device; use letters, digits, '-' and '_', for example my_gauge"),
        ({"serial": "FT5ABCDE", "name": "gauge", "interface": "1"}, "].interface: '1' is not a valid number of a USB interface"),
        ({"path": "/dev/ttyUSB0"}, "].path: /dev/ttyUSB0 may be another device after a restart; write its serial number"),
        ({"path": "/dev/ttyACM1"}, "].path: /dev/ttyACM1 may be another device"),
        ({"path": "/dev/sda"}, "].path: '/dev/sda' is not a serial line with a permanent path"),
        ({"path": "/dev/serial/by-id/../../sda"}, "is not a serial line with a permanent path"),
        ({"path": "/dev/ttyS0", "name": "gauge"}, "].name: a device has either a path or a serial number and name"),
        ({"serial": "FT5ABCDE", "name": "gauge", "baud": 9600}, "].baud: unknown key"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_device(entry, said):
    (fault,) = found({"devices": [entry]})
    assert fault.startswith("ocs_agents[0] (id fake1).devices[0")
    assert said in fault


def test_a_device_that_two_agents_have_is_reported():
    one = {"devices": [{"serial": "FT5ABCDE", "name": "gauge"}, {"path": "/dev/ttyS0"}]}
    other = one | {"agent_class": "FakeDataAgent", "id": "fake2"}
    serial, path, name = found(one, other)
    assert serial.startswith("ocs_agents[1] (id fake2).devices[0].serial: 'FT5ABCDE' is already used")
    assert "a serial line can have one reader only" in serial
    assert "'/dev/ttyS0' is already used by ocs_agents[0] (id fake1).devices[1]" in path
    assert "give each device a name of its own" in name


def test_the_lines_of_one_adapter_are_told_apart_by_their_interfaces():
    first, second, whole = ({"serial": "FT5ABCDE", "name": name} for name in ("a", "b", "c"))
    assert found({"devices": [first | {"interface": 0}, second | {"interface": 1}]}) == []
    (fault,) = found({"devices": [first | {"interface": 1}, second | {"interface": 1}]})
    assert "'FT5ABCDE, interface 1' is already used by ocs_agents[0] (id fake1).devices[0]" in fault
    (fault,) = found({"devices": [first | {"interface": 1}, whole]})
    assert "for an adapter with several lines, write the interface of each" in fault


def test_an_argument_names_a_device_of_its_agent():
    device = {"agent_class": "Lakeshore425Agent", "devices": [{"serial": "FT5ABCDE", "name": "gauge"}]}
    assert found(device | {"arguments": [["--port", "/dev/livemon/gauge"]]}) == []
    assert found(device | {"arguments": [["--port=/dev/livemon/gauge"]]}) == []
    (fault,) = found(device | {"arguments": [["--port", "/dev/livemon/guage"]]})
    assert "/dev/livemon/guage is not a device of this agent; did you mean /dev/livemon/gauge?" in fault
    (fault,) = found({"agent_class": "Lakeshore425Agent", "arguments": [["--port=/dev/livemon/gauge"]]})
    assert "is not a device of this agent; add it to devices, for example {serial: FT5ABCDE, name: gauge}" in fault


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "].port is missing; write the port of the machine"),
        ({"port": "8123"}, "].port: '8123' is not a valid port; write a number from 1 to 65535"),
        ({"port": 70000}, "].port: 70000 is not a valid port"),
        ({"port": True}, "].port: True is not a valid port"),
        ({"port": 8123, "at": 0}, "].at: 0 is not a valid port"),
        ({"port": 22}, "].port: 22 is the port of sshd; write another one, and the agent's own under at"),
        ({"port": 5000}, "5000 is the port of the quick-look page"),
        ({"port": 8001}, "8001 is the port of the router"),
        ({"port": 3000}, "3000 is the port of Grafana (grafana_port)"),
        ({"port": 8123, "protocol": "sctp"}, "].protocol: 'sctp' is not a protocol with ports; write tcp or udp"),
        ({"port": 8123, "from": []}, "].from: this is an empty list; write a list of networks or addresses"),
        ({"port": 8123, "from": "192.0.2.7"}, "].from: this is text; write a list of networks or addresses"),
        ({"port": 8123, "from": ["192.0.2.300"]}, "].from[0]: '192.0.2.300' is not a valid network"),
        ({"port": 8123, "from": ["0.0.0.0/0"]}, "].from[0]: '0.0.0.0/0' is every address; write the networks of the lab"),
        ({"port": 8123, "form": ["192.0.2.7"]}, "].form: unknown key; did you mean from?"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_port(entry, said):
    (fault,) = found({"ports": [entry]})
    assert fault.startswith("ocs_agents[0] (id fake1).ports[0")
    assert said in fault


def test_a_port_belongs_to_one_agent_and_protocol():
    one, other = {"ports": [{"port": 8123}]}, {"agent_class": "FakeDataAgent", "id": "fake2"}
    assert found(one, other | {"ports": [{"port": 8123, "protocol": "udp"}]}) == []
    (fault,) = found(one, other | {"ports": [{"port": 8123}]})
    assert "ports[0].port: '8123/tcp' is already used by ocs_agents[0] (id fake1).ports[0]; give each a port" in fault
    assert found({"ports": [{"port": 3000}]}, grafana_port=3001) == []
    assert found({"ports": [{"port": 5000, "protocol": "udp"}]}) == []


def test_what_the_container_gets():
    (needs,) = agent_needs.needs([FRIDGE, {"agent_class": "FakeDataAgent", "id": "fake1"}])
    assert needs["volumes"] == [
        {
            "type": "bind",
            "source": "/srv/bluefors/logs",
            "target": "/logs",
            "read_only": True,
            "bind": {"create_host_path": False},
        },
        {
            "type": "bind",
            "source": "/srv/out",
            "target": "/srv/out",
            "read_only": False,
            "bind": {"create_host_path": False},
        },
    ]
    assert needs["environment"] == {"MODE": "poll", "STALE_TIME": "5"}
    assert needs["device_rules"] == ["c 166:* rw", "c 188:* rw", "c 4:65 rw"]
    assert needs["ports"] == ["127.0.0.1:8123:8123/tcp", "0.0.0.0:8124:24/udp"]
    service = {"user": "9000:9000", "mem_limit": "256m", "healthcheck": {"test": ["CMD", "true"]}}
    assert container_faults("ocs", {"services": {"fridge": service | {"volumes": needs["volumes"]}}}) == []


def test_a_dollar_is_not_a_variable_of_compose():
    (needs,) = agent_needs.needs([{"id": "a", "environment": {"PRICE": "5$ or ${HOME}"}}])
    assert needs["environment"] == {"PRICE": "5$$ or $${HOME}"}


def test_only_networks_that_are_named_reach_a_port():
    assert agent_needs.open_ports([FRIDGE]) == [
        {"port": 8124, "protocol": "udp", "from": ["192.0.2.7", "2001:db8::/64"]}
    ]
    assert [(port["address"], port["port"]) for port in agent_needs.ports([FRIDGE])] == [
        ("127.0.0.1", 8123),
        ("0.0.0.0", 8124),
    ]


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    """The agent's site config and secrets, as the playbook writes them: the environment of its process."""
    text = yaml.safe_dump(ocs.site_config([], [FRIDGE], "monitor", 60))
    assert SECRETS["cloud"] not in text
    (tmp_path / "default.yaml").write_text(text)
    for each in agent_secrets.files([FRIDGE], SECRETS):
        (tmp_path / each["file"]).parent.mkdir()
        (tmp_path / each["file"]).write_text(each["value"])
    return {
        "OCS_CONFIG_DIR": str(tmp_path),
        "SITE_HOST": "monitor",
        "LIVEMON_AGENT_SECRETS": str(tmp_path / "fridge"),
    }


def test_a_secret_variable_is_in_no_file_but_its_own(site):
    assert SECRETS["cloud"] not in str(agent_needs.needs([FRIDGE]))
    services = ocs.agent_services(ocs.site_config([], [FRIDGE], "monitor", 60), "monitor")
    assert {each["id"]: each["has_secrets"] for each in services}["fridge"]
    assert secrets_of_the_process.environment(find_instance("fridge", site), site) == {"API_TOKEN": SECRETS["cloud"]}
    assert secrets_of_the_process.arguments(find_instance("fridge", site), site) == []


def test_a_secret_variable_that_is_not_there_is_named(site):
    Path(site["LIVEMON_AGENT_SECRETS"], "cloud").unlink()
    with pytest.raises(ConfigError, match=r"agent fridge: cannot read its secret .*/cloud: No such file"):
        secrets_of_the_process.environment(find_instance("fridge", site), site)


def test_the_launcher_sets_a_secret_variable_before_it_imports_the_agent(site, tmp_path):
    """The agent's module reads it when it is imported; what the process was started with does not have it."""
    (tmp_path / "nosy.py").write_text(
        "import os\n"
        "seen = os.environ['API_TOKEN']\n"
        "def main(args):\n"
        "    started_with = open('/proc/self/environ').read()\n"
        "    print('seen', seen, 'API_TOKEN' in started_with)\n"
        "    raise SystemExit(7)\n"
    )
    program = (
        "from livemon.agents import classes, launcher\n"
        "classes.resolve = lambda name: classes.AgentClass('lab', name, 'nosy', 'main')\n"
        "launcher.run('fridge')\n"
    )
    environ = os.environ | site | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 7, answer.stderr
    assert f"seen {SECRETS['cloud']} False" in answer.stdout


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"packages": "pump==1"}, "packages: this is text; write a list, for example [pfeiffer-vacuum-protocol==0.4]"),
        ({"packages": ["pump"]}, "packages[0]: 'pump' is not a package with its version; write both"),
        ({"packages": ["pump>=1"]}, "packages[0]: 'pump>=1' is not a package with its version"),
        ({"packages": ["pump==1.*"]}, "packages[0]: 'pump==1.*' is not a package with its version"),
        ({"packages": ["--index-url=http://x"]}, "is not a package with its version"),
        ({"packages": ["pump @ https://pump.example/pump.whl"]}, "is not a package with its version"),
        ({"packages": [1.5]}, "packages[0]: 1.5 is not a package with its version"),
        ({"packages": ["My_Pump==1", "my-pump==2"]}, "packages[1]: my-pump is already listed; write it once"),
        (
            {"packages": ["pump==1"], "wheels": ["a"]},
            "wheels: ['a'] is not a valid directory; write one of this computer",
        ),
        ({"wheels": "wheels/pump"}, "wheels: this has no effect without packages; list what the agent needs"),
    ],
)
def test_a_mistake_in_the_packages(keys, said):
    (fault,) = found(keys)
    assert fault.startswith("ocs_agents[0] (id fake1).")
    assert said in fault


def test_an_image_is_tagged_by_all_that_it_is_made_of(tmp_path):
    (tmp_path / "wheels").mkdir()
    wheel = tmp_path / "wheels/pump-1-py3-none-any.whl"
    wheel.write_bytes(b"one")
    agent = {"id": "pump", "packages": ["pump==1"], "wheels": "wheels"}

    def tag(app: str = "livemon/app:1", **changes: object) -> str:
        (image,) = agent_images.images([agent | changes, {"id": "fake1"}], app, tmp_path)
        assert image["reference"] == f"livemon/agent:{image['tag']}"
        return image["tag"]

    first = tag()
    assert tag(id="other") == first
    others = {tag("livemon/app:2"), tag(packages=["pump==2"]), tag(wheels=None)}
    wheel.write_bytes(b"two")
    others.add(tag())
    assert len(others | {first}) == 5


def test_a_directory_without_wheels_is_a_problem(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/pump-1-py3-none-any.whl").touch()
    agents = [{"id": "pump", "wheels": name, "packages": ["pump==1"]} for name in ("full", "empty")]
    (problem,) = agent_images.wheel_faults([*agents, {"id": "fake1", "packages": ["pump==1"]}], tmp_path)
    assert f"takes its packages from {tmp_path}/empty on this computer, where there is no wheel" in problem
