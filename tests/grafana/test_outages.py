"""Each part of the appliance stopped by itself, while a limit is exceeded: whom a real Grafana tells what, and when."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import pytest
import yaml
from paths import ROOT
from waiting import wait_for

NAMED_WITHIN = 90
OVER_WITHIN = 240
"""Seconds; agents come back within a minute of the router's return, and what was held back stays so for another one."""
QUIET = 60
LIMIT_K = 1.0
PLATE = "4K plate (control, channel 2)"


@dataclass(frozen=True)
class Outage:
    """Which containers are stopped, the one kind of alarm, with its instrument, that is to be told, and how its end is."""

    containers: str
    kind: str
    over: str
    instrument: str | None = None
    lost: str | None = None
    """The kind of alarm that tells afterwards what was lost meanwhile."""


OUTAGES = {
    "agent": Outage("ocs_ls240", "away", "the agent is running again", "ls240"),
    "instrument": Outage("simulator_ls240", "unreachable", "samples come again", "ls240"),
    "network": Outage("simulator_ls240 simulator_control", "network_away", "Instruments on the network answer again"),
    "nodes": Outage("sisock_nodes", "nodes_silent", "The data nodes answer again"),
    "router": Outage("sisock_crossbar", "router_away", "The router answers again", lost="archive_lost"),
    "bridge": Outage("sisock_grafana_http", "bridge_away", "The bridge answers Grafana again"),
}


@pytest.fixture(scope="module")
def plate(monitor, settings, outside):
    """The 4K plate is warmer than its limit, and that has been told."""
    demo = yaml.safe_load((ROOT / "inventory/demo/hosts.yml").read_text())["livemon"]["vars"]
    for instrument in demo["instruments"]:
        for options in instrument["channels"].values():
            options.pop("alarm_above_K", None)
    demo["instruments"][0]["channels"][2]["alarms"] = [{"above": LIMIT_K, "for": "0s"}]
    monitor.play("site", **settings | {"instruments": demo["instruments"]})
    # At whatever limit it began: an alarm whose limit has changed is the same alarm.
    wait_for(lambda: of_kind(firing(outside, 0), "above"), "the plate's alarm to be told", 180, every=1)
    yield
    monitor.play("site", **settings)


def firing(outside, since: float) -> list[dict]:
    """The firing alarms that the webhook was told of, oldest first, each with the time at which it was."""
    messages = [each for each in outside.since(since) if each.path == "/alarms"]
    return [
        alarm | {"told": message.time}
        for message in messages
        for alarm in json.loads(message.body)["alerts"]
        if alarm["status"] == "firing"
    ]


def said(outside, since: float) -> list[tuple[float, str]]:
    """When something was said by Slack, and what: title and text."""
    messages = [each for each in outside.since(since) if each.path == "/slack"]
    return [
        (message.time, f"{part['title']}\n{part['text']}")
        for message in messages
        for part in json.loads(message.body)["attachments"]
    ]


def of_kind(alarms: list[dict], kind: str) -> list[dict]:
    return [alarm for alarm in alarms if alarm["labels"]["kind"] == kind]


def others(alarms: list[dict], before: list[dict], outage: Outage, *, afterwards: bool = False) -> list[tuple]:
    """What else was told: neither the outage nor what had been told before, which an older Grafana tells anew."""
    known = {alarm["labels"].get("name") for alarm in before}
    expected = {outage.kind, *([outage.lost] if afterwards else [])}
    return [
        (alarm["labels"]["kind"], alarm["annotations"]["summary"])
        for alarm in alarms
        if alarm["labels"]["kind"] not in expected and alarm["labels"].get("name") not in known
    ]


@pytest.mark.parametrize("name", OUTAGES)
def test_what_was_stopped_is_named_and_nothing_else_and_no_limit_is_told_as_over(monitor, outside, plate, name):
    outage = OUTAGES[name]
    before, begun = firing(outside, 0), time.time()
    monitor.ssh(f"sudo docker stop --time 1 {outage.containers}")
    stopped = time.time()
    try:
        (alarm, *_) = wait_for(
            lambda: of_kind(firing(outside, begun), outage.kind), f"the message of {outage.kind}", 300, every=0.5
        )
        named_after = alarm["told"] - stopped
        print(f"\n{name}: named after {named_after:.0f} s: {alarm['annotations']['summary']}")
        # Long enough for consequences to be told, if they were.
        time.sleep(max(0.0, stopped + 2 * NAMED_WITHIN - time.time()))
        during = firing(outside, begun)
    finally:
        monitor.ssh(f"sudo docker start {outage.containers}")
    started = time.time()
    when, _ = wait_for(
        lambda: next((each for each in said(outside, started) if "Over: " in each[1] and outage.over in each[1]), None),
        f"the end of {outage.kind}",
        OVER_WITHIN,
        every=1,
    )
    print(f"{name}: over after {when - started:.0f} s")
    time.sleep(QUIET)
    texts = [text for _, text in said(outside, begun)]
    for text in dict.fromkeys(texts):
        print(f"{name}: {text!r}")
    assert alarm["labels"].get("instrument") == outage.instrument
    assert named_after < NAMED_WITHIN
    assert others(during, before, outage) == []
    assert others(firing(outside, begun), before, outage, afterwards=True) == []
    assert [text for text in texts if f"Over: {PLATE}" in text] == []
