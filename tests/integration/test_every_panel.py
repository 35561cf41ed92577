"""The dashboards of an inventory on an appliance that runs what the same inventory says: no panel is without samples."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import yaml
from appliance import Appliance
from livemon_inventory import plant
from livemon_inventory.dashboards.render import dashboards
from livemon_inventory.site import site as site_file
from ocs_site import Site, simulator

ARCHIVE = "archive"
MAY_BE_MISSING = {
    # A machine whose clock nobody steers, and one without certificates.
    "livemon.sensors.clock_synchronized",
    "absolute(livemon.sensors.clock_offset)",
    "livemon.sensors.certificate_days",
}


@pytest.fixture(scope="module")
def inventory() -> dict:
    """Both models, an agent of another kind, and a node of the site's own."""
    return {
        "instruments": [
            {
                "model": 240,
                "id": "ls240",
                "serial": "LSA21OQ",
                "channels": {1: {"label": "4K plate", "alarm_above_K": 5.0}},
            },
            {"model": 372, "id": "control", "serial": "LSA22YG", "also_reads": ["control_input", "sample_heater"]},
        ],
        "agents": [
            {
                "agent_class": "FakeDataAgent",
                "id": "fake1",
                "feeds": ["false_temperatures"],
                "arguments": [["--mode", "acq"]],
            }
        ],
        "further": [{"kind": "weather", "name": "weather"}],
    }


@pytest.fixture(scope="module")
def appliance(router, tmp_path_factory, inventory) -> Iterator[Appliance]:
    """All agents, hub, nodes and bridge."""
    directory = tmp_path_factory.mktemp("dashboards")
    site = Site(directory, router)
    with ExitStack() as running:
        for instrument in inventory["instruments"]:
            instrument["address"], _ = running.enter_context(simulator(instrument["model"], directory))
        config = plant.site_config(inventory["instruments"], inventory["agents"], "lab", 60)
        agents = {each["instance-id"]: each for each in config["hosts"]["lab"]["agent-instances"]}
        (directory / ARCHIVE).mkdir()
        here = {plant.ARCHIVE_DIRECTORY: str(directory / ARCHIVE)}
        site.write(
            **{
                name: (each["agent-class"], *([here.get(word, word) for word in pair] for pair in each["arguments"]))
                for name, each in agents.items()
            }
        )
        for name in agents:
            running.enter_context(site.agent(name))
        appliance = running.enter_context(Appliance(directory, router))
        appliance.write_nodes(
            *plant.nodes(inventory["instruments"], inventory["agents"], inventory["further"])["nodes"]
        )
        (directory / "site.yaml").write_text(yaml.safe_dump(site_file(inventory["instruments"], inventory["agents"])))
        appliance.start()
        for node in ("LSA21OQ", "LSA22YG", "fake1", "weather", "sensors"):
            appliance.wait_for_values(node, 60)
        yield appliance


def test_every_panel_has_samples(appliance, inventory):
    made = dashboards(inventory["instruments"], inventory["agents"], inventory["further"])
    unlisted = inventory["instruments"][1]["id"]

    def without_samples() -> list[str]:
        now = int(time.time())
        return [
            target["target"]
            for dashboard in made.values()
            for panel in dashboard["panels"]
            for target in panel.get("targets", [])
            if not any(
                value is not None
                for series in appliance.get("/render", target=target["target"], **{"from": now - 600, "until": now})[1]
                for value, _ in series["datapoints"]
            )
        ]

    def is_expected(target: str) -> bool:
        # Of an instrument whose channels nobody listed, those that it does not scan have none.
        return f"observatory.{unlisted}.feeds.temperatures.Channel_" in target or any(
            each in target for each in MAY_BE_MISSING
        )

    deadline = time.monotonic() + 90
    while missing := [target for target in without_samples() if not is_expected(target)]:
        assert time.monotonic() < deadline, f"after 90 s these panels have no samples: {missing}"
        time.sleep(3)
