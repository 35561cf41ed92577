"""Pages whose tables name the test that holds each line."""

from __future__ import annotations

import ast
import re

from paths import ROOT


class TestedPage:
    """A page of docs/."""

    __test__ = False

    def __init__(self, name: str) -> None:
        self.text = (ROOT / "docs" / name).read_text()
        self.named = sorted(set(re.findall(r"`((?:unit|integration|machine|e2e)/\w+\.py(?:::\w+)?)`", self.text)))

    def rows(self, heading: str) -> list[list[str]]:
        """The cells of all rows of the tables below a heading, without those of the tables' heads."""
        section = self.text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
        heads = {at - 1 for at, cells in enumerate(lines) if set("".join(cells)) <= set("-")}
        return [
            [cell.strip() for cell in cells]
            for at, cells in enumerate(lines)
            if at not in heads | {at + 1 for at in heads}
        ]

    def untested(self, heading: str) -> list[list[str]]:
        """The rows whose last cell names no test."""
        return [cells for cells in self.rows(heading) if not set(re.findall(r"`(.*?)`", cells[-1])) & set(self.named)]


def is_a_test(named: str) -> bool:
    """Whether ``file::test`` below tests/, or a file alone, is there."""
    path, _, function = named.partition("::")
    tree = ast.parse((ROOT / "tests" / path).read_text())
    tests = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    return function in tests if function else bool(tests)
