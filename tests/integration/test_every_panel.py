"""The dashboards of an inventory on an appliance that runs what the same inventory says: no panel is without samples."""

from __future__ import annotations

import time

import pytest
from on_loopback import running
from waiting import patience

from plugins.plugin_utils.inventory.grafana.dashboards.render import dashboards

LISTS = {
    "instruments": [
        {
            "model": 240,
            "id": "ls240",
            "serial": "LSA21OQ",
            "simulated": True,
            "channels": {1: {"label": "4K plate", "alarm_above_K": 5.0}},
        },
        {
            "model": 372,
            "id": "control",
            "serial": "LSA22YG",
            "simulated": True,
            "also_reads": ["control_input", "sample_heater"],
        },
    ],
    "ocs_agents": [
        {
            "agent_class": "FakeDataAgent",
            "id": "fake1",
            "feeds": ["false_temperatures"],
            "arguments": [["--mode", "acq"]],
        }
    ],
    "data_nodes": [{"kind": "weather", "name": "weather"}],
}
"""Both models, an agent of another kind, and a node of the site's own."""
MAY_BE_MISSING = {
    # A machine whose clock nobody steers.
    "livemon.sensors.clock_synchronized",
    "livemon.sensors.clock_error",
}


@pytest.fixture(scope="module")
def appliance(router, tmp_path_factory):
    with running(LISTS, router, tmp_path_factory.mktemp("dashboards")) as appliance:
        for node in ("fake1", "weather", "sensors"):
            appliance.wait_for_values(node, 60)
        yield appliance


def test_every_panel_has_samples(appliance):
    made = dashboards(*LISTS.values())
    unlisted = LISTS["instruments"][1]["id"]

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

    begun = time.monotonic()
    while missing := [target for target in without_samples() if not is_expected(target)]:
        waited = time.monotonic() - begun
        assert waited < 150 * patience(), f"after {waited:.0f} s these panels have no samples: {missing}"
        time.sleep(3)
