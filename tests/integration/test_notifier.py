"""A monitor without Grafana tells people: real router, nodes and bridge, a mail server and a receiver of webhooks."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import requests
import yaml
from appliance import LIVEMON, Appliance
from mail_server import MailServer, mail_server
from processes import process
from receiver import Receiver, receiver
from waiting import wait_for

from livemon.files import write_public
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.rendering import bridge_site, notifier

SECRET = "8f2c-webhook-secret"
EVERY = 0.5
INVENTORY = {
    "instruments": [],
    "appliance_alarms": {"router_away": "2s", "disk_used_percent": 0},
    "notifications": {
        "contact_points": [
            {"name": "mail", "email": "postdoc@lab.example"},
            {"name": "hook", "webhook": {"url": "http://hook", "username": "livemon", "password": {"secret": "hook"}}},
        ],
        "routes": [{"severity": "critical", "to": ["mail", "hook"]}],
    },
}
EVALUATION = {"target": "alarms.appliance:disk_used_percent.*.state", "from": "-2min", "until": "now", "format": "json"}
GRAFANA = {"User-Agent": "Grafana/11.6.0", "FromAlert": "true"}


@dataclass
class Monitor:
    """An appliance without Grafana, and who is notified."""

    appliance: Appliance
    mails: MailServer
    hooks: Receiver
    environment: dict[str, str]

    @property
    def log(self) -> str:
        path = self.appliance.directory / "notify.log"
        return path.read_text() if path.exists() else ""

    @property
    def command(self) -> list:
        directory = self.appliance.directory
        return [
            LIVEMON,
            "notify",
            "--config",
            directory / "notify.yaml",
            "--directory",
            directory,
            "--every",
            str(EVERY),
        ]

    @contextmanager
    def notifying(self) -> Iterator[None]:
        with process(*self.command, log=self.appliance.directory / "notify.log", env=self.environment) as child:
            yield
        assert child.returncode == 0

    @property
    def told(self) -> dict:
        return self.appliance.get("/api/health")[1]["notifier"]

    @property
    def titles(self) -> list[str]:
        return [json.loads(each.body)["title"] for each in self.hooks.received]

    def turns(self, number: int) -> None:
        """Wait until the notifier has had so many turns."""
        for _ in range(number):
            last = self.told["heard"]
            wait_for(lambda last=last: self.told["heard"] != last, "the next turn of the notifier", 20, every=0.1)


@pytest.fixture
def monitor(router, tmp_path):
    (tmp_path / "hook").write_text(SECRET)
    with mail_server() as mails, receiver() as hooks, Appliance(tmp_path, router) as appliance:
        smtp = {"host": f"127.0.0.1:{mails.port}", "from": "cryo@lab.example"}
        configuration = notifier.configuration(INVENTORY, smtp, "monitor")
        webhook = configuration["contact_points"][1]["ways"][0]
        webhook |= {"url": f"{hooks.url}/hook", "password": {"file": str(tmp_path / "hook")}}
        (tmp_path / "notify.yaml").write_text(yaml.safe_dump(configuration))
        write_site(appliance, "router_away")
        appliance.write_nodes({"kind": "sensors", "name": "sensors", "description": "This machine"})
        appliance.start()
        environment = os.environ | {"LIVEMON_BRIDGE_URL": appliance.url, "PYTHONUNBUFFERED": "1", "no_proxy": "*"}
        yield Monitor(appliance, mails, hooks, environment)


def write_site(appliance: Appliance, kind: str) -> None:
    """Have the bridge judge one of the inventory's alarms, at once; the others are about what does not run here."""
    content = bridge_site.site_file([], [], alarms_of(requested(INVENTORY)))
    content["alarms"] = [
        alarm | {"hold": 0, "held_back_by": []} for alarm in content["alarms"] if alarm["tags"]["kind"] == kind
    ]
    write_public(appliance.directory / "site.yaml", yaml.safe_dump(content).encode())


def judged(appliance: Appliance) -> bool:
    status, content = appliance.get("/api/alarms")
    return status == 200 and content["judged"] is not None and appliance.get("/api/status")[1]["router"]["connected"]


def test_without_grafana_a_router_that_stops_is_told_once_and_again_when_it_is_back(monitor):
    appliance, router = monitor.appliance, monitor.appliance.router
    wait_for(lambda: judged(appliance), "the bridge to judge the alarms", 60)
    tried = subprocess.run(
        [*monitor.command, "--test"], env=monitor.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (tried.returncode, tried.stdout.splitlines()) == (
        0,
        ["mail/0/email/postdoc@lab.example: arrived", "hook/0/webhook: arrived"],
    )
    monitor.mails.received.clear()
    monitor.hooks.received.clear()
    try:
        with monitor.notifying():
            wait_for(lambda: monitor.told["notifies"], "the notifier to be in charge", 30)
            router.stop()
            wait_for(lambda: monitor.mails.received and monitor.hooks.received, "both to be told of the router", 60)
            [title] = monitor.titles
            assert title.startswith("CRITICAL The router has not answered for ")
            assert monitor.mails.subjects == [title]
            alert = json.loads(monitor.hooks.received[0].body)["alerts"][0]
            assert (alert["status"], alert["labels"]["kind"]) == ("firing", "router_away")
        with monitor.notifying():  # begun anew, while the alarm still fires
            monitor.turns(12)
            assert len(monitor.titles) == len(monitor.mails.subjects) == 1
            monitor.mails.is_broken = True
            router.start()
            wait_for(lambda: len(monitor.titles) == 2, "the end to be told", 60)
            assert monitor.titles[1].startswith("Over: The router answers again, at ")
            wait_for(lambda: monitor.told["problems"], "the failure to be told", 30)
            [problem] = monitor.told["problems"]
            assert "livemon cannot notify mail by e-mail since " in problem
            assert "(the mail server answers 451)" in problem
            assert problem in appliance.get("/api/health")[1]["problems"]
            monitor.mails.is_broken = False
            wait_for(lambda: len(monitor.mails.subjects) == 2, "the mail to be sent again", 60)
            wait_for(lambda: not monitor.told["problems"], "the failure to be forgotten", 30)

            requests.get(f"{appliance.url}/render", params=EVALUATION, headers=GRAFANA, timeout=10)
            write_site(appliance, "disk_used_percent")
            wait_for(lambda: firing(appliance) == ["disk_used_percent"], "the disk's alarm to fire", 60)
            wait_for(lambda: not monitor.told["notifies"], "the notifier to leave alarms to Grafana", 30)
            monitor.turns(6)
            assert len(monitor.titles) == len(monitor.mails.subjects) == 2
    finally:
        if router.child is None:
            router.start()
    told = monitor.log + tried.stdout + tried.stderr + json.dumps(monitor.told)
    assert SECRET not in told + (appliance.directory / "outbox.json").read_text()
    assert monitor.hooks.url not in told
    assert "Traceback" not in monitor.log


def firing(appliance: Appliance) -> list[str]:
    return [each["tags"]["kind"] for each in appliance.get("/api/alarms")[1]["alarms"] if each["firing"]]


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path):
    answer = subprocess.run(
        [LIVEMON, "notify", "--config", tmp_path / "notify.yaml"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (
        1,
        f"livemon: {tmp_path}/notify.yaml cannot be read: no such file or directory\n",
    )
