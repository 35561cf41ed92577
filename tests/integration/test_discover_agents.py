"""``livemon discover`` beside running agents: they say what they talk to, and their instruments are left alone."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
import yaml
from ocs_site import LIVEMON, Site
from scripted_instrument import on_tcp
from waiting import wait_for

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.lakeshore372.simulator import SIMULATOR
from plugins.plugin_utils.inventory.faults import inventory as faults


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [LIVEMON, "discover", *words], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


class Box:
    """A simulated 372 that can be exchanged for another one."""

    def __init__(self, serial: str) -> None:
        self.put(serial)

    def put(self, serial: str) -> None:
        self._instrument = SIMULATOR(serial, Cryostat(0, 1), 1, {})

    def __call__(self, message: str) -> str | None:
        return self._instrument.handle(message, 0.0)


@pytest.fixture
def lab(router, tmp_path):
    """Two 372 of an inventory; the agent of the first runs. Yields the boxes, where they listen, and the command."""
    boxes = Box("LSA22YG"), Box("LSA23JD")
    site = Site(tmp_path, router)
    with on_tcp(boxes[0]) as first, on_tcp(boxes[1]) as second:
        agents = {
            name: ("Lakeshore372Agent", ["--serial-number", serial], ["--ip-address", at.address], ["--mode", "acq"])
            for name, serial, at in (("control", "LSA22YG", first), ("still", "LSA23JD", second))
        }
        site.write(registry=("RegistryAgent",), **agents)

        def discover(*words: str, **environment: str) -> subprocess.CompletedProcess:
            return run(site.environment | environment, *words)

        with site.agent("registry"), site.agent("control"):
            site.running("control", "acq")
            yield boxes, (first, second), discover


def identities(instrument) -> int:
    return instrument.asked.count("*IDN?")


def test_beside_running_agents(lab):
    boxes, (first, second), discover = lab

    # The agent's instrument is known by the agent's word, and gets no connection; the other one is asked.
    connections = first.connections
    answer = discover("--compare")
    assert (answer.returncode, answer.stdout) == (0, "2 instruments are as the inventory says.\n"), answer.stderr
    assert (first.connections, second.connections) == (connections, 1)

    answer = discover()
    assert answer.returncode == 0, answer.stderr
    assert "# Lake Shore 372 LSA22YG at 127.0.0.1 port" in answer.stdout
    assert second.connections == 1  # its subnet was not named

    found = json.loads(discover("--compare", "--json").stdout)
    assert found["differences"] == []
    assert {each["serial"]: each["told_by"] for each in found["found"]} == {"LSA22YG": "control", "LSA23JD": None}

    # Boxes are swapped while the agent runs: it has noticed with its next connection.
    boxes[0].put("LSA23JD")
    boxes[1].put("LSA22YG")
    first.reset()
    answer = wait_for(
        lambda: done if (done := discover("--compare")).returncode == 3 else None, "the swap to be noticed", 60, every=1
    )
    host = first.address, second.address
    assert answer.stdout == (
        f"control and still are swapped: LSA23JD replies at {host[0].replace(':', ' port ')} and LSA22YG at "
        f"{host[1].replace(':', ' port ')}; write address: {host[1]} for control and address: {host[0]} for still, "
        "or swap the boxes.\n"
    )

    # Another box, one that is off.
    boxes[0].put("LSA99")
    first.reset()
    second.leave()
    answer = wait_for(
        lambda: done if "LSA99" in (done := discover("--compare")).stdout else None, "the new box", 60, every=1
    )
    assert answer.returncode == 3
    said = answer.stdout.splitlines()
    assert "control: Lake Shore 372 LSA99 replies at" in said[0]
    assert said[0].endswith("if the box was exchanged, write serial: LSA99.")
    assert said[1].startswith("still: Lake Shore 372 LSA23JD does not reply: nothing listens at")

    # The connection to the router is gone: no one says who talks to whom.
    broken = discover("--compare", SITE_HTTP="http://127.0.0.1:9/call")
    assert broken.returncode == 3
    assert "The agents cannot be asked (no router at http://127.0.0.1:9/call" in broken.stderr
    assert "control: its agent runs and does not say which instrument it talks to" in broken.stdout


def test_on_a_computer_that_is_not_a_monitor(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "OCS_CONFIG_DIR"}
    answer = run(environment, "--compare")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "there is no inventory to compare with: run livemon discover --compare on the monitor" in answer.stderr

    with on_tcp(Box("LSA22YG")) as instrument:
        port = str(instrument.host_and_port[1])
        answer = run(environment, "127.0.0.1", "--port", port)
    assert answer.returncode == 0, answer.stderr
    assert f"Lake Shore 372 LSA22YG at 127.0.0.1 port {port}: livemon reads a 372 on port 7777 only" in answer.stdout
    assert list(faults.faults(yaml.safe_load(answer.stdout))) == []

    answer = run(environment, "10.0.0.0/8")
    assert answer.returncode == 2
    assert "10.0.0.0/8 has 16777214 addresses, and at most 1024 are asked at a time" in " ".join(answer.stderr.split())
