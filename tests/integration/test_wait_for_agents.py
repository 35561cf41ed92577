"""The end of a run: of real agents behind a real router, one crashes, one has no instrument, one publishes another feed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from appliance import Appliance
from docker_stand_in import Engine
from ocs_site import LIVEMON, Site
from paths import ROOT
from processes import free_port
from waiting import patience

from plugins.plugin_utils.inventory.rendering.awaited import awaited

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ANSIBLE = Path(os.environ.get("LIVEMON_CONTROLLER", ROOT / ".venv/controller/bin"))
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Wait until every agent publishes
      livemon.appliance.wait_for_agents:
        agents: "{{ agents }}"
        bridge: "{{ bridge }}"
        seconds: "{{ seconds }}"
"""
FAKE = {"agent_class": "FakeDataAgent", "id": "fake1", "feeds": ["false_temperatures"]}
NO_INSTRUMENT = {"model": 240, "id": "ls240", "serial": "LSA21OQ", "address": "127.0.0.1"}


def ansible(here: Path, engine: Engine, bridge: str, agents: list, seconds: float, *options: str) -> tuple[int, str]:
    """Run the play; return its exit status and what it printed."""
    (here / "play.yml").write_text(PLAY)
    given = {
        "agents": agents,
        "bridge": bridge,
        "seconds": int(seconds),
        "ansible_python_interpreter": sys.executable,
    }
    (here / "given.json").write_text(json.dumps(given))
    environment = engine.environment | {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    }
    answer = subprocess.run(
        [ANSIBLE / "ansible-playbook", "-i", "localhost,", "-e", f"@{here}/given.json", *options, here / "play.yml"],
        cwd=here,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds + 120,
        check=False,
    )
    return answer.returncode, answer.stdout + answer.stderr


@pytest.fixture
def lab(router, tmp_path):
    """A site with four agents as containers, and what the bridge needs to see them."""
    site, engine = Site(tmp_path, router), Engine(tmp_path / "docker")
    closed = free_port()
    site.write(
        registry=("RegistryAgent",),
        fake1=("FakeDataAgent", ["--mode", "acq"], ["--frame-length", 5]),
        ls240=(
            "Lakeshore240Agent",
            ["--serial-number", "LSA21OQ"],
            ["--port", f"tcp://127.0.0.1:{closed}"],
            ["--mode", "acq"],
        ),
        psu=("ScpiPsuAgent", ["--ip-address", "127.0.0.1"], ["--gpib-slot", "5"]),
    )
    appliance = Appliance(tmp_path, router)
    appliance.write_nodes(
        {"kind": "agents", "name": "agents", "agents": ["registry", "fake1", "ls240", "psu"]},
        {"kind": "feed", "name": "fake1", "target": "fake1", "feeds": ["false_temperatures"]},
        {"kind": "feed", "name": "fake2", "target": "fake1", "feeds": ["false_temperature"]},
        {"kind": "feed", "name": "LSA21OQ", "target": "ls240", "feeds": ["temperatures"]},
    )
    with ExitStack() as stack:
        stack.enter_context(appliance).start()
        for name in ("registry", "fake1", "ls240", "psu"):
            stack.enter_context(engine.container(f"ocs_{name}", LIVEMON, "agent", name, environment=site.environment))
        yield engine, appliance.url


def test_a_run_waits_for_those_that_publish_and_names_all_others_with_the_reason(lab, tmp_path):
    engine, bridge = lab
    well = [each for each in awaited([], [FAKE]) if each["id"] != "aggregator"]
    begun = time.monotonic()
    status, printed = ansible(tmp_path, engine, bridge, well, 120)
    assert status == 0, printed
    print(f"two agents that publish: {time.monotonic() - begun:.1f} s")
    assert re.search(r"localhost: waiting for .*(fake1|registry).* \(\d+ s of 120 s\)", printed), printed

    other_feed = FAKE | {"feeds": ["false_temperature"]}
    agents = [
        *awaited([NO_INSTRUMENT], [other_feed, {"agent_class": "ScpiPsuAgent", "id": "psu"}]),
        {"id": "nowhere", "title": "FakeDataAgent", "feeds": []},
    ]
    seconds = 20 * patience()
    status, printed = ansible(tmp_path, engine, bridge, agents, seconds)
    assert status != 0
    assert re.search(rf"localhost: waiting for ls240, fake1, psu.*\(\d+ s of {int(seconds)} s\)", printed), printed
    words = " ".join(printed.split())
    assert "5 of 6 agents do not publish after" in words, printed
    for reason in (
        r"- ls240 \(Lake Shore 240, serial LSA21OQ\) is running, but cannot do its work \(degraded\)",
        r"- fake1 \(FakeDataAgent\) is running, but has published nothing in its feed false_temperature",
        r"- psu \(ScpiPsuAgent\) exited with status 1 and was restarted( \d+ times)?: livemon: start-up task init of",
        r"- aggregator \(of every monitor\) has no container ocs_aggregator",
        r"- nowhere \(FakeDataAgent\) has no container ocs_nowhere",
    ):
        assert re.search(reason, words), printed
    print(words[words.index("5 of 6") :])


def test_neither_check_mode_nor_a_bridge_that_is_away(tmp_path):
    engine, bridge = Engine(tmp_path / "docker"), f"http://127.0.0.1:{free_port()}"
    agents = awaited([], [])
    status, printed = ansible(tmp_path, engine, bridge, agents, 3)
    assert status != 0
    assert "see docker logs sisock_grafana_http" in " ".join(printed.split())
    status, printed = ansible(tmp_path, engine, bridge, agents, 3, "--check")
    assert status == 0, printed
