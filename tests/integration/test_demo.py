"""The demo is well, and so is what its alarms ask for: every target has data at the running bridge."""

from __future__ import annotations

import time

import pytest
from crossbar_router import wait_for
from on_loopback import inventory, queries, running

LISTS = inventory()
SETTLED_AFTER = 150.0
"""Seconds by which the first turn of a 372's scanner, of a node's sampling and of every feed has been."""
UNKNOWN = (".age, 2)", ":clock_error_s.*.value, 2)")
"""The ends of targets that need not have data: nobody may keep the clock of the machine that this runs on, and times have no age."""
ASKED_FOR = sorted({target for _, target in queries(LISTS) if not target.endswith(UNKNOWN)})


@pytest.fixture(scope="module")
def appliance(router, tmp_path_factory):
    with running(LISTS, router, tmp_path_factory.mktemp("demo")) as appliance:
        appliance.settled = time.monotonic() + SETTLED_AFTER
        yield appliance


def has_data(appliance, target):
    status, answer = appliance.get("/render", target=target, **{"from": "-5min", "until": "now", "maxDataPoints": 500})
    assert status == 200, answer
    # Beside its state there may be nothing known of an alarm: no reading has come yet.
    is_known = all if ".state" in target else any
    return answer and is_known(any(value is not None for value, _ in each["datapoints"]) for each in answer)


@pytest.mark.parametrize("target", ASKED_FOR)
def test_there_are_data(appliance, target):
    patience = max(2.0, appliance.settled - time.monotonic())
    wait_for(lambda: has_data(appliance, target), f"data of {target}", patience, every=0.5)


def test_the_demo_is_well(appliance):
    def problems():
        return appliance.get("/api/health")[1]["problems"]

    wait_for(lambda: not problems(), f"the demo to be well, without {problems()}", 60, every=1)


def test_no_alarm_fires(appliance):
    wait_for(lambda: time.monotonic() > appliance.settled, "everything to have settled", SETTLED_AFTER + 1)
    status, answer = appliance.get("/api/alarms")
    assert status == 200
    assert [each["id"] for each in answer["alarms"] if each["firing"]] == []
    assert {"appliance:router_away", "control:away"} <= {each["id"] for each in answer["alarms"]}
