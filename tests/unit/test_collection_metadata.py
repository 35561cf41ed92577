"""What the collection says of itself agrees with the rest of the project."""

from __future__ import annotations

import re
import tomllib

import yaml
from paths import ROOT

import livemon

GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
UBUNTU = {"18.04": "bionic", "20.04": "focal", "22.04": "jammy", "24.04": "noble", "26.04": "resolute"}
DEBIAN = {"12": "bookworm", "13": "trixie"}


def test_there_is_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    released = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text(encoding="utf-8"))["releases"]
    assert GALAXY["version"] == project["version"] == livemon.__version__
    assert GALAXY["version"] in released


def test_roles_name_the_platforms_of_the_page_of_hosts():
    page = (ROOT / "docs/hosts.md").read_text(encoding="utf-8")
    ubuntu, debian = (set(re.findall(rf"^\| {name} ([\d.]+) \|", page, re.MULTILINE)) for name in ("Ubuntu", "Debian"))
    assert (ubuntu, debian) == (set(UBUNTU), set(DEBIAN))
    for path in (ROOT / "roles").glob("*/meta/main.yml"):
        about = yaml.safe_load(path.read_text(encoding="utf-8"))["galaxy_info"]
        platforms = {each["name"]: each["versions"] for each in about["platforms"]}
        assert platforms == {"Ubuntu": list(UBUNTU.values()), "Debian": list(DEBIAN.values())}, path


def test_every_collection_that_roles_use_is_a_dependency():
    pattern = re.compile(r"^\s+(?!ansible\.builtin|livemon\.appliance)([a-z_]+\.[a-z_]+)\.[a-z0-9_]+:", re.MULTILINE)
    texts = [
        path.read_text(encoding="utf-8") for name in ("roles", "playbooks") for path in (ROOT / name).rglob("*.yml")
    ]
    assert {used for text in texts for used in pattern.findall(text)} == set(GALAXY["dependencies"])


def test_the_checkout_is_the_collection_without_leading_back_to_itself():
    """A link to the root would lead tools that follow links round in circles."""
    checkout = ROOT / "collections/ansible_collections/livemon/appliance"
    assert {path.name for path in checkout.iterdir()} == {"galaxy.yml", "meta", "plugins", "roles"}
    assert all(path.is_symlink() and path.resolve() == ROOT / path.name for path in checkout.iterdir())
