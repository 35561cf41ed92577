"""What an inventory is rendered to stays the same, byte for byte, unless somebody means it to change.

The renderings in tests/renderings/*.json were recorded. After a change that is meant:
``LIVEMON_RECORD=1 python -m pytest tests/integration/test_renderings.py``, and read the difference by ``git diff``.
"""

from __future__ import annotations

import difflib
import os

import pytest
from paths import CONTROLLER
from renderings import INVENTORIES, RECORDED, rendered


@pytest.mark.parametrize("name", INVENTORIES)
def test_an_inventory_is_rendered_as_it_was_recorded(name, tmp_path):
    recorded, now = RECORDED / f"{name}.json", rendered(INVENTORIES[name], tmp_path, CONTROLLER)
    if os.environ.get("LIVEMON_RECORD"):
        recorded.write_text(now, encoding="utf-8")
    difference = difflib.unified_diff(
        recorded.read_text(encoding="utf-8").splitlines(), now.splitlines(), "recorded", "now"
    )
    assert not (lines := list(difference)), "\n".join(lines[:200])
