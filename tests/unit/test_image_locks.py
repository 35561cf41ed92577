"""What the images are made of is pinned by its content, so that nobody on the way can put in something else."""

from __future__ import annotations

import json
import re

import pytest
from paths import ROOT

OF_THE_LAB = "agent"
"""The image with packages that the lab names, with a version each, in its own inventory: no lock of ours can know their hashes."""
DOCKERFILES = sorted(path for path in (ROOT / "files/images").glob("*/Dockerfile") if path.parent.name != OF_THE_LAB)
LOCKS = ["app", "build", "router"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_pip_takes_nothing_from_an_index_without_its_hash(path):
    commands = re.split(r"&&|\n(?! )", path.read_text().replace("\\\n", " "))
    installs = [command for command in commands if re.search(r"/pip\b.*\b(install|wheel|download)\b", command)]
    assert installs or path.parent.name == "base"
    assert [command for command in installs if "--require-hashes" not in command and "--no-index" not in command] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_locked_by_hashes(lock):
    requirements = re.split(
        r"\n(?=[a-z0-9])", (ROOT / f"requirements/{lock}.txt").read_text().replace("\\\n", " "), flags=re.I
    )
    packages = [line for line in requirements if not line.startswith("#")]
    assert packages
    assert [line.split()[0] for line in packages if "==" not in line or "--hash=sha256:" not in line] == []


@pytest.mark.parametrize(
    "lock", ["src/livemon/bridge/quicklook/vendor.package-lock.json", "lab/eslint/package-lock.json"]
)
def test_what_comes_from_npm_is_locked_by_its_integrity(lock):
    lock = json.loads((ROOT / lock).read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
