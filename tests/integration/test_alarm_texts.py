"""What people read of an alarm, filled in by Go's own templates as Grafana's server does it."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from crossbar_router import ROOT
from livemon_inventory import alerting
from livemon_inventory.appliance_alarms import KINDS

FRIDGE = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "channels": {
        2: {"label": "4K plate", "alarms": [{"above": 5.0}, {"rising": 0.5}, {"outside": [1, 2], "of": "sensor"}]}
    },
}
SITE = {"instruments": [FRIDGE, {"model": 240, "id": "ls240", "serial": "LSA21OQ"}], "dead_mans_switch": True}
RULES = {rule["uid"]: rule for group in alerting.document(SITE)["groups"] for rule in group["rules"]}


@pytest.fixture(scope="module")
def fill(tmp_path_factory):
    """Fill in texts, each with the value of its rule's last expression but one, or with none."""
    program = tmp_path_factory.mktemp("go") / "annotations"
    environment = os.environ | {"GOCACHE": str(ROOT / ".cache/go"), "GO111MODULE": "off", "GOFLAGS": ""}
    source = ROOT / "tests/referees/annotations.go"
    subprocess.run(["go", "build", "-o", program, source], check=True, timeout=200, env=environment)

    def ask(given: list[dict]) -> list[str]:
        said = subprocess.run(
            [program], input=json.dumps(given), capture_output=True, text=True, timeout=60, check=True
        )
        found = json.loads(said.stdout)
        assert [each.get("error") for each in found] == [None] * len(given)
        return [each["text"] for each in found]

    return ask


def with_value(rule: dict, value: float) -> dict:
    return {"text": rule["annotations"]["summary"], "values": {rule["data"][-1]["model"]["expression"]: value}}


@pytest.mark.parametrize("value", [0.0, 5.4321987, 1e-9, 1e300, -3.0, None])
def test_every_text_can_be_filled_in(fill, value):
    given = [
        with_value(rule, value) if value is not None else {"text": rule["annotations"]["summary"]}
        for rule in RULES.values()
    ]
    for text in fill(given):
        assert text.strip()
        assert not any(each in text for each in ("{{", "}}", "<no value>", "$"))
    given = [{"text": rule["annotations"]["description"]} for rule in RULES.values()]
    assert fill(given) == [each["text"] for each in given]


@pytest.mark.parametrize(
    ("alarm", "value", "text"),
    [
        ("control-2-above-critical", 5.4321987, "4K plate (control, channel 2): 5.432 K, above 5 K"),
        (
            "control-2-rising-warning",
            0.75,
            "4K plate (control, channel 2): 0.75 K per hour, rising faster than 0.5 K per hour",
        ),
        ("control-2-silent", 480.0, "4K plate (control, channel 2): no sample for 480s"),
        ("control-2-silent", None, "4K plate (control, channel 2): no sample for an unknown time"),
        ("appliance-disk_free_GB", 4.9, "4.9 GB are left on the disk of the archive"),
        ("control-away", None, "control: the heartbeat of its agent has stopped"),
    ],
)
def test_what_is_read(fill, alarm, value, text):
    rule = RULES[f"livemon-{alarm}"]
    given = with_value(rule, value) if value is not None else {"text": rule["annotations"]["summary"]}
    assert fill([given])[0].replace("LSA22YG (control)", "control") == text


def test_every_alarm_of_the_appliance_is_among_them():
    assert {f"livemon-appliance-{name}" for name in KINDS} < RULES.keys()
