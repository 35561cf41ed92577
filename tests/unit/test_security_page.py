"""docs/security.md says only what a test holds, and leaves no secret, process or port out."""

from __future__ import annotations

import ast
import re

import pytest
import yaml
from crossbar_router import ROOT

PAGE = (ROOT / "docs/security.md").read_text()
WIRING = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())
NAMED = sorted(set(re.findall(r"`((?:unit|integration|machine)/\w+\.py(?:::\w+)?)`", PAGE)))


@pytest.mark.parametrize("named", NAMED)
def test_every_test_that_is_named_is_there(named):
    path, _, function = named.partition("::")
    tree = ast.parse((ROOT / "tests" / path).read_text())
    tests = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert tests
    assert not function or function in tests


def rows(heading: str) -> list[list[str]]:
    """The cells of all rows of the tables below a heading, without those of the tables' heads."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    heads = {at - 1 for at, cells in enumerate(lines) if set("".join(cells)) <= set("-")}
    return [
        [cell.strip() for cell in cells] for at, cells in enumerate(lines) if at not in heads | {at + 1 for at in heads}
    ]


@pytest.mark.parametrize("heading", ["From whom", "Ports"])
def test_every_line_names_its_test(heading):
    assert len(rows(heading)) > 5
    assert [cells for cells in rows(heading) if cells[-1].strip("`") not in NAMED] == []


def test_every_secret_that_is_made_stands_there_with_its_readers():
    listed = {secret: cells[2] for cells in rows("Secrets") for secret in re.findall(r"`(\w+)`", cells[0])}
    for copy in WIRING["certificates_secret_copies"]:
        name, reader, _ = copy.split(":", 2)
        assert f"`{reader}/`" in listed[name], copy


def test_every_user_that_a_process_has_stands_there():
    users = {cells[1] for cells in rows("Processes")}
    assert {str(uid) for uid in WIRING["livemon_uids"].values()} <= users


def test_every_port_that_is_published_stands_there():
    published = {
        port.strip("\"'").split(":")[-2]
        for path in (ROOT / "roles").glob("*/templates/compose.yml.j2")
        for port in re.findall(r"ports: \[(.*?)\]\n", path.read_text())
    }
    assert published >= {"5000", "8001"}
    assert all(
        any(port.replace("{{ grafana_port }}", "grafana_port") in cells[0] for cells in rows("Ports"))
        for port in published
    )
