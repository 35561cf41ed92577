"""A real Grafana, on a lab machine that the playbook set up. `make grafana` says where its image comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from monitor import Monitor, lab_machine
from receiver import Receiver, receiver
from waiting import wait_for


@pytest.fixture(scope="session")
def outside() -> Iterator[Receiver]:
    """Somebody who receives webhooks and pings, on all addresses of this machine."""
    with receiver(host="0.0.0.0") as somebody:
        # What Slack's interface answers: Grafana takes nothing else for delivered.
        somebody.headers, somebody.body = {"Content-Type": "application/json"}, b'{"ok": true}'
        yield somebody


@pytest.fixture(scope="session")
def settings(outside: Receiver) -> dict:
    """What the inventory says of alarms: whom they are told, filled by `monitor`. A lab machine cannot set its clock."""
    return {"appliance_alarms": {"clock_unsynchronized": False}}


@pytest.fixture(scope="session")
def monitor(outside: Receiver, settings: dict, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """The appliance, with Grafana and live data."""
    image = os.environ.get("LIVEMON_GRAFANA_IMAGE")
    if not image:
        pytest.skip("no image of Grafana is named: make grafana looks for one")
    with lab_machine(image) as running:
        here = f"http://{running.outside}:{outside.url.rpartition(':')[2]}"
        # By Slack for its words, which tell of the end of an alarm on every release; a webhook is told of none before 11.0.
        settings["notifications"] = {
            "contact_points": [{"name": "lab", "webhook": f"{here}/alarms", "slack": {"secret": "slack_url"}}]
        }
        settings["notification_secrets"] = {"slack_url": f"{here}/slack"}
        settings["dead_mans_switch"] = {"url": f"{here}/ping", "every": 20}
        running.play("site", **settings)
        with running.tunnel(tmp_path_factory.mktemp("tunnel") / "ssh.log"):
            wait_for(lambda: running.answers, "Grafana to answer", 120)
            yield running
