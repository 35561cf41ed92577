"""What the dashboards show of the bridge's answers, by Grafana's own library (@grafana/data) of its oldest release and of a new one.

Where no image of Grafana can be had this is how it is known that names, units, colours and links become what they are meant to be.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time

import pytest
from crossbar_router import ROOT
from livemon_inventory.dashboards.render import dashboards
from memory_source import MemorySource, Samples

from livemon.bridge.app import create_app

HERE = ROOT / "tests/grafana_data"
GREEN, ORANGE, RED = "#73BF69", "#FF9830", "#F2495C"
INSTRUMENT = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "channels": {
        1: {"label": "4K plate", "alarm_above_K": 5.0},
        2: {"label": "Still", "alarms": [{"above": 1.0, "severity": "warning"}, {"above": 2.0}]},
        3: {"label": "5m"},
    },
}
FEED = "observatory.control.feeds.temperatures"
VALUES = {
    f"{FEED}.Channel_01_T": 5.5,
    f"{FEED}.Channel_02_T": 1.2,
    f"{FEED}.Channel_03_T": 0.0123,
    f"age.{FEED}.Channel_01_T": 4.2,
    f"age.{FEED}.Channel_02_T": 5000.0,
    f"invalid.{FEED}.Channel_03_T": 1.0,
    "observatory.control.agent.connected": 0.0,
    "observatory.control.agent.degraded": 1.0,
    "observatory.aggregator.agent.connected": 1.0,
    "observatory.aggregator.feeds.archive.lag": 3.0,
    "livemon.sensors.certificate_days": 396.6,
    "livemon.sensors.clock_synchronized": 1.0,
    "livemon.sensors.disk_free": 812.3,
}
LINK = "/d/livemon-i-control?${__url_time_range}"
SHOWN = {
    ("overview", "Lake Shore 372 (LSA22YG)", "4K plate"): ("5.50 K", RED, LINK),
    ("overview", "Lake Shore 372 (LSA22YG)", "Still"): ("1.20 K", ORANGE, LINK),
    ("overview", "Lake Shore 372 (LSA22YG)", "5m"): ("12.3 mK", GREEN, LINK),
    ("overview", "Age of the newest sample", "4K plate"): ("4.20 s", GREEN, None),
    ("overview", "Age of the newest sample", "Still"): ("1.39 hour", RED, None),
    ("overview", "Appliance", "Agents"): ("one is gone", RED, None),
    ("overview", "Appliance", "Archive lag"): ("3 s", GREEN, None),
    ("overview", "Appliance", "Certificate"): ("397 days", GREEN, None),
    ("overview", "Appliance", "Clock"): ("follows", GREEN, None),
    ("appliance", "Disk free", "Disk free"): ("812 GB", GREEN, None),
    ("instrument-control", "4K plate", "4K plate"): ("5.50 K", RED, LINK),
    ("instrument-control", "Agent", "connected"): ("gone", RED, None),
    ("instrument-control", "Agent", "degraded"): ("degraded", ORANGE, None),
    ("instrument-control", "Readings", "5m"): ("invalid", RED, None),
}


@pytest.fixture(scope="module")
def panels() -> list[dict]:
    """Each panel of values or states with the bridge's answer to its queries, and where it is."""
    now = int(time.time())
    client = create_app(
        MemorySource([Samples(path, now - 60, 30, [value] * 2) for path, value in VALUES.items()])
    ).test_client()
    found = []
    for name, dashboard in dashboards([INSTRUMENT]).items():
        for panel in dashboard["panels"]:
            if panel["type"] in ("stat", "bargauge", "state-timeline"):
                asked = [target["target"] for target in panel["targets"]]
                form = {"target": asked, "from": now - 600, "until": now, "maxDataPoints": 100}
                found.append(
                    {"where": (name, panel["title"]), "panel": panel, "series": client.post("/render", data=form).json}
                )
    return found


@pytest.mark.parametrize("release", ["grafana-9.4", "grafana-13.2"])
def test_values_are_shown_with_their_names_units_colours_and_links(panels, release):
    if not (HERE / "node_modules").is_dir() or shutil.which("node") is None:
        pytest.skip("Grafana's library is not installed: make integration does it where there is npm (apt install npm)")
    answer = subprocess.run(
        ["node", HERE / "shown.cjs", release],
        input=json.dumps(panels),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    shown = {
        (*panel["where"], line["name"]): (line["text"].replace("hours", "hour"), line["color"], line["url"])
        for panel, lines in zip(panels, json.loads(answer.stdout), strict=True)
        for line in lines
    }
    assert {place: shown.get(place) for place in SHOWN} == SHOWN
