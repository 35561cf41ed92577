"""What an inventory is rendered to stays the same, byte for byte, unless somebody means it to change.

The renderings in tests/renderings/*.json were recorded. After a change that is meant:
``LIVEMON_RECORD=1 python -m pytest tests/integration/test_renderings.py``, and read the difference by ``git diff``.
"""

from __future__ import annotations

import difflib
import os
import subprocess
from pathlib import Path

import pytest
from paths import ROOT

ANSIBLE = Path(os.environ.get("LIVEMON_CONTROLLER", ROOT / ".venv/controller/bin"))
RECORDED = ROOT / "tests/renderings"
INVENTORIES = {
    "full": RECORDED / "full.yml",
    "example": ROOT / "inventory/example/hosts.yml",
}
IMAGES = '{"livemon_images": {"app": "livemon/app:rendered", "router": "livemon/router:rendered"}, "extra_ca_certificates": []}'


def rendered(inventory: Path, directory: Path) -> str:
    play, path = directory / "render.yml", directory / "rendered.json"
    play.write_text((RECORDED / "render.yml").read_text(encoding="utf-8"), encoding="utf-8")
    for kind in ("templates", "files"):  # which a template of the role grafana looks up
        (directory / kind).symlink_to(ROOT / f"roles/grafana/{kind}")
    command = [ANSIBLE / "ansible-playbook", "-i", inventory, "-e", f"@{ROOT}/playbooks/group_vars/all.yml"]
    command += ["-e", IMAGES, "-e", f"renderings={path} roles_directory={ROOT}/roles", play]
    answer = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1", "PATH": f"{ANSIBLE}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", INVENTORIES)
def test_an_inventory_is_rendered_as_it_was_recorded(name, tmp_path):
    recorded, now = RECORDED / f"{name}.json", rendered(INVENTORIES[name], tmp_path)
    if os.environ.get("LIVEMON_RECORD"):
        recorded.write_text(now, encoding="utf-8")
    difference = difflib.unified_diff(
        recorded.read_text(encoding="utf-8").splitlines(), now.splitlines(), "recorded", "now"
    )
    assert not (lines := list(difference)), "\n".join(lines[:200])
