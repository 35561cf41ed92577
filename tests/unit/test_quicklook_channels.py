"""The quick-look page's channels: which are temperatures, which have a name, what is plotted first (run by node)."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from paths import ROOT

STATIC = ROOT / "src/livemon/bridge/quicklook/static"
ASK = """
import { readFileSync } from "node:fs";
import { Channels, reading } from "./channels.js";
const channels = new Channels([{ name: "cold", description: "", fields: JSON.parse(readFileSync(0, "utf8")) }]);
const plotted = channels.atFirst(new Set()).map((one) => one.field);
console.log(JSON.stringify({ plotted, readings: Object.fromEntries(channels.all.map((one) => [one.field, reading(one)])) }));
"""


@pytest.fixture
def ask(tmp_path):
    """Return what the page makes of the fields of one node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not here")
    for module in ("channels.js", "text.js"):
        shutil.copy(STATIC / module, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "ask.js").write_text(ASK)

    def run(*fields):
        done = subprocess.run(
            [node, "ask.js"],
            input=json.dumps(fields),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return json.loads(done.stdout)

    return run


def field(name, value, *, unit="K", quantity=None, label=None):
    tags = {"quantity": quantity} if quantity else {}
    return {
        "name": name, "path": f"observatory.cold.feeds.temperatures.{name}", "label": label, "units": unit, "value": value,
        "type": "number", "time": 1.0, "age": 1.0, "expected": True, "tags": tags,
    }  # fmt: skip


def test_a_setpoint_of_0_k_is_a_value_and_a_temperature_of_0_k_is_not(ask):
    made = ask(
        field("Channel_A_T", 0, quantity="temperature"),
        field("Heater_1_Setpoint", 0, quantity="setpoint"),
        field("old", 0),
    )
    assert made["readings"] == {"Channel_A_T": "no reading", "Heater_1_Setpoint": "0 K", "old": "no reading"}
    assert "Heater_1_Setpoint" not in made["plotted"]


@pytest.mark.parametrize(
    ("label", "plotted"),
    [
        ("4K plate", True),
        ("Channel A plate", False),
        ("Channel 1", False),
        ("Channel A", False),
        ("Channel D2", False),
        ("Channel plate", True),
        (None, False),
    ],
)
def test_a_channel_with_a_name_of_its_own_is_shown_without_a_reading(ask, label, plotted):
    made = ask(field("Channel_A_T", None, quantity="temperature", label=label))
    assert made["plotted"] == (["Channel_A_T"] if plotted else [])
