"""An agent that publishes what cannot be published, with a real router: the rest is archived, and the log says so."""

import os
import subprocess
import time

import pytest
from ocs_site import LIVEMON, Site
from waiting import wait_for

from livemon import hkarchive

FEED = "observatory.odd.feeds.readings"
PLUGIN = """
agents = {"OddAgent": {"module": "odd_plugin", "entry_point": "main"}}


class Odd:
    def acquire(self, session, params):
        session.set_status("running")
        number = 0
        while session.status == "running":
            odd = [None, 10**400, "b\\ud800", b"x", 1.0][number % 5]
            block = "b\\ud800" if number == 10 else "readings"
            data = {"steady": float(number), "odd": odd} | ({"late": number} if number % 7 > 3 else {})
            self.agent.publish_to_feed("readings", {"block_name": block, "timestamp": time.time(), "data": data})
            number += 1
            time.sleep(0.02)
        return True, "stopped"

    def stop(self, session, params):
        session.set_status("stopping")
        return True, "asked to stop"


def main(args=None):
    agent, runner = ocs_agent.init_site_agent(site_config.parse_args(agent_class="OddAgent", args=args))
    odd = Odd()
    odd.agent = agent
    agent.register_feed("readings", record=True, buffer_time=0.5)
    agent.register_process("acq", odd.acquire, odd.stop, startup=True)
    runner.run(agent, auto_reconnect=True)
"""


@pytest.fixture
def site(router, tmp_path, monkeypatch):
    """A site with an agent class of its own, installed as a package is."""
    packages = tmp_path / "packages"
    about = packages / "odd-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[ocs.plugins]\nodd = odd_plugin\n")
    imports = "import time\n\nfrom ocs import ocs_agent, site_config\n"
    (packages / "odd_plugin.py").write_text(imports + PLUGIN)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(packages), *filter(None, [os.environ.get("PYTHONPATH")])]))
    site = Site(tmp_path, router)
    (tmp_path / "hk").mkdir()
    archive = ["--data-dir", tmp_path / "hk"], ["--frame-seconds", 1]
    site.write(odd=("OddAgent",), recorder=("AggregatorAgent", *archive))
    return site


def test_what_can_be_published_is_archived_and_what_cannot_is_told(site, tmp_path):
    """After one lone surrogate a feed was lost for good, with status "ok"."""
    begin = time.time() - 1

    def archived(field):
        spans = hkarchive.scan(begin, time.time() + 5, tmp_path / "hk")
        return spans[f"{FEED}.{field}"].count if f"{FEED}.{field}" in spans else 0

    with site.agent("recorder") as recorder:
        site.running("recorder", "record")
        with site.agent("odd") as agent:
            wait_for(lambda: archived("steady") > 300, "300 samples in the archive", 90)
            words = [LIVEMON, "status"]
            answer = subprocess.run(
                words, env=site.environment, capture_output=True, text=True, timeout=300, check=False
            )
            assert agent.terminate() == 0
        assert recorder.terminate() == 0
    times, values = hkarchive.load([f"{FEED}.steady"], begin, time.time() + 5, tmp_path / "hk")[f"{FEED}.steady"]
    assert values.tolist() == list(range(len(values))), "none is missing"
    assert archived("odd") == pytest.approx(len(times) / 5, abs=2)
    assert archived("late") == pytest.approx(len(times) * 3 / 7, abs=4)
    assert "odd could not publish" in answer.stderr
    assert "values of its feed readings (value: " in answer.stderr
    log = [line for line in agent.output.splitlines() if "feed readings" in line]
    assert len(log) == 1
    assert "block 'readings', field 'odd': None is a NoneType; a value is a number, a boolean or a text" in log[0]
    assert "calling from thread" not in agent.output
