"""The pages say what is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

from plugins.plugin_utils.inventory.faults import agents, instruments
from plugins.plugin_utils.inventory.faults.inventory import SETTINGS

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def test_the_generated_pages_are_up_to_date():
    answer = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("key", sorted({*SETTINGS, *instruments.KEYS, *instruments.CHANNEL_KEYS, *agents.KEYS}))
def test_the_inventory_page_has_every_key(key):
    assert f"`{key}`" in (ROOT / "docs/inventory.md").read_text()


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or target.suffix != ".md" or anchor in anchors(target), link


def test_the_page_for_contributors_names_files_that_exist():
    """But for those that a contributor is to write: of an instrument Acme 100, and those with a part in angle brackets."""
    named = re.findall(
        r"`((?:src|plugins|roles|playbooks|tests|docs)/[\w./-]+)`", (ROOT / "CONTRIBUTING.md").read_text()
    )
    assert len(named) > 20
    assert not [path for path in named if "acme100" not in path and not (ROOT / path).exists()]
