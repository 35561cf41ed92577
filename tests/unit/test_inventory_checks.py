"""Every setting has one check, and checks know nothing of what is made of an inventory."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from paths import ROOT

from plugins.plugin_utils.inventory.faults.inventory import CHECKS, SETTINGS, faults

FAULTS = ROOT / "plugins/plugin_utils/inventory/faults"
TABLES = {"grafana.alarms.kinds", "grafana.identity", "grafana.receiver_settings", "grafana.releases", "grafana.uids"}
NONSENSE = -0.5


def imported(module: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.ImportFrom)]
    return {node.module for node in nodes if node.level == 2 and node.module}


def test_every_setting_is_in_the_table_once():
    keys = [key for keys, _ in CHECKS for key in keys]
    assert len(keys) == len(set(keys)) == len(SETTINGS)


@pytest.mark.parametrize(("key", "check"), [(key, check) for keys, check in CHECKS for key in keys])
def test_the_check_of_a_setting_reports_a_value_that_cannot_be(key, check):
    found = list(check({key: NONSENSE}))
    assert any(fault.startswith(f"{key}:") for fault in found), found
    assert set(found) <= set(faults({key: NONSENSE, "instruments": NONSENSE if key == "instruments" else []}))


@pytest.mark.parametrize("module", sorted(FAULTS.glob("*.py")), ids=lambda module: module.name)
def test_checks_import_nothing_of_renderers_but_tables(module):
    above = {name for name in imported(module) if name.split(".")[0] in {"rendering", "grafana"}}
    assert above <= TABLES
