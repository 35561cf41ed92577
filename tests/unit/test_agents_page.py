"""docs/agents.md has every class, and says of each what was measured and what tests run."""

from __future__ import annotations

import importlib.util
import json

import pytest
import yaml
from paths import ROOT

from plugins.plugin_utils.inventory import catalogue
from plugins.plugin_utils.inventory.faults.agent_classes import REFUSED


@pytest.fixture
def agents_page(tmp_path, monkeypatch):
    """The module that makes the page, on measurements and tests of this test."""
    spec = importlib.util.spec_from_file_location("agents_page", ROOT / "docs/agents_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    absent = {
        "BlueforsAgent": {"date": "2026-11-30", "exit": None, "says": "Waiting | for files"},
        "ScpiPsuAgent": {"date": "2026-12-01", "exit": 1, "says": f"livemon: refused {'again ' * 50}"},
    }
    tried = {"BlueforsAgent": {"fake": "files of a\nsimulator", "when_away": "It waits."}}
    for name, path, data in [
        ("ABSENT", "absent.json", json.dumps(absent)),
        ("TRIED", "tried.yml", yaml.safe_dump(tried)),
    ]:
        (tmp_path / path).write_text(data)
        monkeypatch.setattr(module, name, tmp_path / path)
    return module


def row(page: str, name: str) -> list[str]:
    (line,) = (line for line in page.splitlines() if line.startswith(f"| [{name}]"))
    return [cell.strip() for cell in line.replace("\\|", "/").split("|")[1:-1]]


def test_every_class_has_a_row_and_a_section(agents_page):
    page = agents_page.page()
    for name in catalogue.classes():
        assert len(row(page, name)) == 6
        assert f"\n### {name}\n" in page


def test_a_row_says_what_was_measured_and_tested(agents_page):
    page = agents_page.page()
    assert row(page, "BlueforsAgent")[3:] == ["yes", "runs: `Waiting / for files`", "files of a simulator"]
    imported, alone, tested = row(page, "ScpiPsuAgent")[3:]
    assert imported == "yes"
    assert alone.startswith("ends: `refused again")
    assert alone.endswith("again ...`")
    assert tested == ""
    assert "Measured 2026-11-30 to 2026-12-01." in page
    assert "- **BlueforsAgent**: It waits." in page


def test_a_row_says_what_the_image_lacks(agents_page):
    page = agents_page.page()
    assert row(page, "FPGAAgent")[3:] == [r"no: casperfpga\*, holog_daq\*", "", ""]
    assert row(page, "RTSPCameraAgent")[3] == "no: opencv-python"


def test_every_class_that_can_run_was_started_without_its_hardware():
    measured = json.loads((ROOT / "lab/agents/absent.json").read_text())
    can_run = {name for name, about in catalogue.classes().items() if not about.missing and name not in REFUSED}
    assert measured.keys() == can_run


def test_every_class_that_tests_run_exists():
    tried = yaml.safe_load((ROOT / "docs/agents_tried.yml").read_text())
    assert tried.keys() <= catalogue.classes().keys()
