"""The agent that docs/own-agents.md shows, as it stands there: checked, started by the launcher, archived and served."""

from __future__ import annotations

import re
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml
from appliance import Appliance
from ocs_site import Site
from paths import ROOT
from waiting import wait_for

from livemon import hkarchive
from plugins.plugin_utils.inventory.agent_files import agent_files
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.rendering import ocs, sisock
from plugins.plugin_utils.inventory.rendering.bridge_site import site_file

BLOCKS = dict(
    re.findall(r"^```(python|yaml)\n(.*?)^```$", (ROOT / "docs/own-agents.md").read_text(), re.DOTALL | re.MULTILINE)
)
CHANNEL = "observatory.still.feeds.level.still"
LEVEL = 62.5


class Meter(socketserver.StreamRequestHandler):
    """A level meter."""

    def handle(self) -> None:
        if self.rfile.readline() == b"LEVEL?\n":
            self.wfile.write(f"{LEVEL}\n".encode())


@contextmanager
def meter() -> Iterator[tuple[str, int]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Meter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address
        server.shutdown()


@pytest.fixture
def inventory_directory(tmp_path):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents/still_level.py").write_text(BLOCKS["python"])
    return tmp_path


@pytest.fixture
def agents(inventory_directory):
    """The page's ``ocs_agents``, sound, for a meter on this machine."""
    settings = {"instruments": [], **yaml.safe_load(BLOCKS["yaml"]), "inventory_dir": str(inventory_directory)}
    assert faults(settings) == []
    with meter() as (host, port):
        (still,) = settings["ocs_agents"]
        yield [still | {"arguments": [["--host", host], ["--port", port]]}]


@pytest.fixture
def site(router, tmp_path, inventory_directory, agents, monkeypatch):
    """A site config as the playbook renders it, but for the router's address and the directory of the archive."""
    site = Site(tmp_path, router)
    site.write()
    hub = yaml.safe_load((tmp_path / "default.yaml").read_text())["hub"]
    code = agent_files([], agents, inventory_directory)
    content = ocs.site_config([], agents, "lab", 3600, files=code) | {"hub": hub}
    text = yaml.safe_dump(content).replace(ocs.ARCHIVE_DIRECTORY, str(tmp_path / "archive"))
    (tmp_path / "default.yaml").write_text(text)
    (tmp_path / "archive").mkdir()
    monkeypatch.setenv("LIVEMON_AGENTS_CODE", str(inventory_directory / "agents"))
    return site


def test_the_example_is_archived_and_served_with_its_label(site, router, tmp_path, agents):
    appliance = Appliance(tmp_path, router)
    appliance.write_nodes(*(entry for entry in sisock.nodes([], agents)["nodes"] if entry["name"] == "still"))
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site_file([], agents)))
    with appliance, site.agent("aggregator"), site.agent("still"):
        appliance.start()
        assert appliance.wait_for_values("still", 90) == {"still": LEVEL}
        wait_for(lambda: CHANNEL in hkarchive.scan(time.time() - 600, time.time(), tmp_path / "archive"), "an archive")
        client = site.client("still")
        assert client.acq.status().session["data"] == {"still": LEVEL}
        _, status = appliance.get("/api/status")
        (field,) = next(node["fields"] for node in status["nodes"] if node["name"] == "still")
        assert (field["path"], field["label"], field["units"], field["expected"]) == (CHANNEL, "Still level", "%", True)
        _, table = appliance.get("/api/series.csv", field="still::still", **{"from": -60})
        assert "Still level (%)" in table.splitlines()[0]


def test_the_example_is_degraded_without_its_meter_and_obeys_the_control_secret(site):
    with site.agent("still", "--port", "9") as agent:
        client = site.running("still", "acq")
        wait_for(lambda: client.acq.status().session["degraded"], "a degraded agent")
        assert "no level: " in agent.output
        stranger = site.client("still", password="")
        refused = stranger.acq.stop()
        assert "requires credential level 3-FULL" in str(refused.msg)
        assert client.acq.stop().status == 0


def test_only_a_change_of_its_file_changes_its_checksum(agents, inventory_directory):
    pump = {"agent_class": "FakeDataAgent", "id": "fake1"}

    def checksums() -> dict[str, str]:
        code = agent_files([], [*agents, pump], inventory_directory)
        config = ocs.site_config([], [*agents, pump], "lab", 3600, files=code)
        return {each["id"]: each["checksum"] for each in ocs.agent_services(config, "lab")}

    before = checksums()
    file = inventory_directory / "agents/still_level.py"
    file.write_text(file.read_text().replace("sleep(1)", "sleep(2)"))
    after = checksums()
    assert [name for name in before if before[name] != after[name]] == ["still"]


def test_a_file_that_fails_when_it_is_imported_ends_the_agent_with_one_line(site, inventory_directory):
    """That the packages are there, only the image can tell."""
    (inventory_directory / "agents/still_level.py").write_text("import pumps\n\n" + BLOCKS["python"])
    with site.agent("still") as agent:
        assert agent.exit_status() == 1
        assert agent.last_line.endswith(
            "still_level.py cannot be imported: ModuleNotFoundError: No module named 'pumps'"
        )
