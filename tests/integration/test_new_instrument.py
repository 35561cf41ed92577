"""An instrument that nothing but its own folder names: the one that CONTRIBUTING.md shows, in a copy of the installed collection."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
import yaml
from paths import CONTROLLER, ROOT

from livemon.instruments import folders

IMAGES = '{"livemon_images": {"app": "livemon/app:x", "router": "livemon/router:x"}, "extra_ca_certificates": []}'
KNOWN = {"100": True} | {number: model.line_option is not None for number, model in folders.models().items()}
"""Every model, and whether it can be on a serial line."""
INSTRUMENTS = [
    {"model": 100, "id": "diodes", "serial": "A1"},
    {"model": 100, "id": "far", "serial": "A2", "address": "192.0.2.7"},
    {"model": 100, "id": "toy", "serial": "A3", "simulated": True},
    {"model": 240, "id": "ls240", "serial": "LSA21OQ"},
]
AGENT = '''"""What is changed in the agent."""


def adapt() -> None:
    print("adapted")
'''


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """A copy of the collection, where Ansible finds installed ones, with one folder more."""
    copy = tmp_path_factory.mktemp("collections") / "ansible_collections/livemon/appliance"
    for directory in ("plugins", "roles", "playbooks", "files", "requirements", "src"):
        shutil.copytree(ROOT / directory, copy / directory, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    for file in ("galaxy.yml", "pyproject.toml"):
        shutil.copy(ROOT / file, copy)
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path, content in re.findall(
        r"`(src/livemon/instruments/acme100/\w+\.py)`.*?\n```python\n(.*?)```", page, re.DOTALL
    ):
        (copy / path).parent.mkdir(exist_ok=True)
        (copy / path).write_text(content, encoding="utf-8")
    (copy / "src/livemon/instruments/acme100/agent.py").write_text(AGENT, encoding="utf-8")
    return copy


def play(collection, directory, instruments, playbook, *options):
    """Run a playbook from a directory that is not the repository."""
    hosts = {"monitor": {"ansible_connection": "local"}}
    inventory = {"livemon": {"hosts": hosts, "vars": {"instruments": instruments}}}
    (directory / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return subprocess.run(
        [CONTROLLER / "ansible-playbook", "-i", "hosts.yml", *options, playbook],
        cwd=directory,
        env=os.environ
        | {
            "ANSIBLE_CALLBACKS_ENABLED": "livemon.appliance.closing_words",
            "ANSIBLE_COLLECTIONS_PATH": str(collection.parents[2]),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": f"{CONTROLLER}:{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def livemon(collection, code):
    return [sys.executable, "-c", f"from livemon.cli import main; {code}"], {"PYTHONPATH": str(collection / "src")}


@pytest.fixture(scope="module")
def rendered(collection, tmp_path_factory):
    """What an inventory with the new instrument is rendered to."""
    directory = tmp_path_factory.mktemp("rendered")
    shutil.copy(ROOT / "tests/renderings/render.yml", directory)
    for kind in ("templates", "files"):
        (directory / kind).symlink_to(collection / f"roles/grafana/{kind}")
    options = ["-e", f"@{collection}/playbooks/group_vars/all.yml", "-e", IMAGES]
    options += ["-e", f"renderings={directory}/rendered.json roles_directory={collection}/roles"]
    answer = play(collection, directory, INSTRUMENTS, "render.yml", *options)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return json.loads((directory / "rendered.json").read_text(encoding="utf-8"))


def test_the_check_of_the_inventory_knows_it(collection, tmp_path):
    answer = play(collection, tmp_path, INSTRUMENTS, "livemon.appliance.check_inventory")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "diodes (Acme 100, serial A1, on USB" in " ".join(answer.stdout.split())


def test_what_it_does_not_have_is_a_mistake(collection, tmp_path):
    wrong = [
        INSTRUMENTS[0] | {"channels": {5: {"label": "fifth"}}, "also_reads": ["heater"]},
        {"model": 101, "id": "b"},
    ]
    answer = play(collection, tmp_path, wrong, "livemon.appliance.check_inventory")
    assert answer.returncode != 0
    said = " ".join(answer.stdout.split())
    assert "instruments[0] (id diodes).channels.5: this model has no such channel; it has 1 to 4" in said
    assert f"instruments[1] (id b).model: 101 is not a supported model; write {' or '.join(sorted(KNOWN))}" in said


def test_the_site_config_has_its_agents(rendered):
    (host,) = rendered["variables"]["ocs_site_config"]["hosts"].values()
    agents = {each["instance-id"]: each for each in host["agent-instances"]}
    assert agents["diodes"]["agent-class"] == "Acme100Agent"
    arguments = {name: agents[name]["arguments"] for name in ("diodes", "far", "toy")}
    assert arguments == {
        "diodes": [["--serial-number", "A1"], ["--device", "/dev/A1"], ["--mode", "acq"]],
        "far": [["--serial-number", "A2"], ["--address", "192.0.2.7"], ["--mode", "acq"]],
        "toy": [["--serial-number", "A3"], ["--address", "simulator-toy"], ["--mode", "acq"]],
    }


def test_the_data_node_has_its_fields(rendered):
    nodes = json.dumps(rendered["variables"]["sisock_nodes"])
    assert all(f"Input_{channel}_{kind}" in nodes for channel in range(1, 5) for kind in "TV")
    assert "Input_5_T" not in nodes


def test_its_fields_are_on_dashboards_and_in_alarms(rendered):
    variables = rendered["variables"]
    assert "observatory.diodes.feeds.temperatures.Input_1_T" in json.dumps(variables["grafana_dashboards"])
    assert "Input_1_T" in json.dumps(variables["sisock_site"])


def test_udev_has_a_rule_for_its_own_ids_and_one_for_others(rendered):
    names = re.findall(r'idProduct}=="(\w+)", ATTRS{serial}=="(\w+)", SYMLINK\+="(\w+)"', rendered["udev"])
    assert names == [("0999", "A1", "A1"), ("0205", "LSA21OQ", "LSA21OQ")]
    assert "Acme 100: a CP210x bridge with an id of Acme's own" in rendered["udev"]
    assert "echo 1fb9 0999 > new_id" in rendered["udev"]


def test_its_simulator_runs_and_its_container_starts_it_so(collection, rendered):
    (simulator,) = rendered["compose"]["simulators"]["services"].values()
    assert simulator["command"][:2] == ["simulate", "100"]
    options = [*simulator["command"][1:4], "--port", "0", "--label", "2=plate"]
    with simulated(collection, *options) as address, socket.create_connection(address, 5) as line:
        line.settimeout(5)
        line.sendall(b"*IDN?\n")
        assert line.recv(100) == b"ACME,MODEL100,A3,1.3\r\n"
        line.sendall(b"KRDG? 4;INNAME? 2\n")
        kelvin, name = line.recv(100).decode().strip().split(";")
    assert (200 < float(kelvin) < 300, name) == (True, "plate")


@contextmanager
def simulated(collection, *arguments):
    command, environment = livemon(collection, f"main({['simulate', *arguments]!r})")
    with subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            announced = process.stdout.readline()
            assert announced.startswith("Acme 100 A3 listens on 127.0.0.1:")
            yield "127.0.0.1", int(announced.rpartition(":")[2])
        finally:
            process.terminate()


def test_discovery_knows_it_by_its_reply(collection, rendered):
    (simulator,) = rendered["compose"]["simulators"]["services"].values()
    with simulated(collection, *simulator["command"][1:4], "--port", "0") as (host, port):
        command, environment = livemon(collection, f"main(['discover', '{host}', '--port', '{port}'])")
        without_site = {name: value for name, value in os.environ.items() if name != "OCS_CONFIG_DIR"}
        answer = subprocess.run(
            command, env=without_site | environment, capture_output=True, text=True, timeout=60, check=True
        )
    assert f"- {{model: 100, id: ls100, serial: A3, address: '{host}:{port}'}}" in answer.stdout


def test_the_simulator_takes_a_pseudo_terminal_as_it_has_usb(collection, tmp_path):
    link = tmp_path / "usb"
    command, environment = livemon(collection, f"main(['simulate', '372', '--serial', 'X', '--pty', {str(link)!r}])")
    answer = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "--pty: a 372 has no serial port here" in answer.stderr
    command, environment = livemon(collection, "main(['simulate', '100', '--help'])")
    answer = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=True
    )
    on_a_line = sorted(number for number, can_be in KNOWN.items() if can_be)
    assert f"{', '.join(on_a_line)} only: serve a pseudo-terminal" in " ".join(answer.stdout.split())


@pytest.mark.parametrize(("module", "said"), [("acme.agents.acme100", ["adapted"]), ("acme.agents.other", [])])
def test_its_agent_is_adapted_before_it_starts(collection, module, said):
    code = "from types import SimpleNamespace as N; from livemon.agents import launcher; "
    command, environment = livemon(collection, f"{code} launcher._prepare(N(module={module!r}))")
    answer = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert answer.stdout.splitlines() == said
