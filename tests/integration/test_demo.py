"""The demo is well, and so is what its alarms ask for: every target has data at the running bridge."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import time

import pytest
from appliance import LIVEMON
from on_loopback import inventory, queries, running, write_site
from waiting import wait_for

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
    if status in {0, 503}:  # on a busy computer a node may not answer the bridge in time
        return False
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

    def alarms():
        status, answer = appliance.get("/api/alarms")
        assert status == 200
        return {each["id"]: each["firing"] for each in answer["alarms"]}

    # On a busy computer a process may have been late for a moment; an alarm that fires without a reason stays.
    wait_for(lambda: not any(alarms().values()), f"no alarm to fire, as in {alarms()}", 60, every=1)
    assert {"appliance:router_away", "control:away"} <= alarms().keys()


def test_an_exceeded_limit_is_told_and_the_appliance_is_well(appliance, router):
    """Seen in the demo: a critical limit exceeded 29-fold, "All is well", and exit status 0."""
    exceeded = copy.deepcopy(LISTS)
    plate = exceeded["instruments"][0]["channels"][2]
    plate["alarm_above_K"] = 1e-6
    write_site(exceeded, appliance.directory)

    def health():
        _, answer = appliance.get("/api/health")
        return answer if any(alarm["state"] == "firing" for alarm in answer["alarms"]) else None

    answer = wait_for(health, "the limit of the 4K plate to be exceeded for a minute", 90, every=1)
    assert answer["well"] is True, answer["problems"]
    (alarm,) = answer["alarms"]
    assert (alarm["label"], alarm["node"], alarm["field"]) == ("4K plate", "LSA22YG", "channel_02_t")
    assert alarm["value"] > alarm["limit"] == 1e-6
    assert answer["cryostat"]["well"] is False

    _, status = appliance.get("/api/status")
    fields = {field["path"]: field for node in status["nodes"] for field in node["fields"]}
    assert fields[alarm["path"]]["limits"] == [
        {"test": "above", "limits": [1e-6], "severity": "critical", "id": "control:2:above:critical"}
    ]
    own = {
        "SITE_HTTP": router.ocs_http,
        "LIVEMON_BRIDGE_URL": appliance.url,
        "OCS_CONFIG_DIR": str(appliance.directory),
    }
    said = subprocess.run(
        [LIVEMON, "status", "--json"], env=os.environ | own, capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 3, said.stderr
    content = json.loads(said.stdout)
    assert [each["id"] for each in content["alarms"]] == [alarm["id"]]
    assert (content["problems"], content["cryostat"]["well"]) == ([], False)
