"""The pages say what is so."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from paths import ROOT

from plugins.plugin_utils.inventory.faults.inventory import AGENT_KEYS, CHANNEL_KEYS, INSTRUMENT_KEYS, SETTINGS

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def test_the_roles_page_is_what_the_argument_specs_say():
    answer = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("key", sorted({*SETTINGS, *INSTRUMENT_KEYS, *CHANNEL_KEYS, *AGENT_KEYS}))
def test_the_inventory_page_has_every_key(key):
    assert f"`{key}`" in (ROOT / "docs/inventory.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), link
