"""What an inventory is rendered to, by the checkout or by an installed collection."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from paths import ROOT

RECORDED = ROOT / "tests/renderings"
INVENTORIES = {"full": RECORDED / "full.yml", "example": ROOT / "inventory/example/hosts.yml"}
IMAGES = '{"livemon_images": {"app": "livemon/app:rendered", "router": "livemon/router:rendered"}, "extra_ca_certificates": []}'


def rendered(inventory: Path, directory: Path, ansible: Path, collection: Path = ROOT, **environment: str) -> str:
    """Return all that a run would write for an inventory, as JSON; `directory` is for the files of the run.

    `ansible` is the directory of Ansible's commands, `collection` the root of the playbooks and roles.
    """
    play, path = directory / "render.yml", directory / "rendered.json"
    play.write_text((RECORDED / "render.yml").read_text(encoding="utf-8"), encoding="utf-8")
    for kind in ("templates", "files"):  # which a template of the role grafana looks up
        (directory / kind).symlink_to(collection / f"roles/grafana/{kind}")
    command = [ansible / "ansible-playbook", "-i", inventory, "-e", f"@{collection}/playbooks/group_vars/all.yml"]
    command += ["-e", IMAGES, "-e", f"renderings={path} roles_directory={collection}/roles", play]
    answer = subprocess.run(
        command,
        cwd=ROOT if collection == ROOT else directory,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1", "PATH": f"{ansible}:{os.environ['PATH']}"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return path.read_text(encoding="utf-8")
