"""What the parts of livemon agree on is said once; of src the provisioning side needs that, and the facts of instruments."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from paths import ROOT

import livemon
from livemon import contract

CONTRACT = ROOT / "src/livemon/contract.py"
SOURCES = sorted([*(ROOT / "src/livemon").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")])
DISTINCTIVE = {
    value: name
    for name, value in vars(contract).items()
    if name.isupper() and isinstance(value, str) and value not in {contract.AGGREGATOR, contract.REGISTRY}
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text in the code, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.lineno, node.value


INSTRUMENTS = ROOT / "src/livemon/instruments"
SHARED = [CONTRACT, *(INSTRUMENTS / name for name in ("__init__.py", "folders.py", "model.py"))]
SHARED += [*INSTRUMENTS.glob("*/__init__.py"), *INSTRUMENTS.glob("*/facts.py")]
IMPORTED = {"contract.py": {"livemon"}, "models.py": {"livemon.instruments.folders", "livemon.instruments.model"}}


@pytest.mark.parametrize("path", SHARED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_both_sides_import_needs_nothing_but_python(path):
    assert {module.partition(".")[0] for module in imports(path)} <= sys.stdlib_module_names


@pytest.mark.parametrize("path", sorted((ROOT / "plugins").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_plugins_import_nothing_else_of_src(path):
    ours = {module for module in imports(path) if module.partition(".")[0] == "livemon"}
    assert ours <= IMPORTED.get(path.name, set())


def test_no_name_of_the_contract_is_written_anywhere_else():
    """The root of all names stood in nine places, the watchdog's in three. A name that is put together from parts is not found."""
    again = [
        f"{path.relative_to(ROOT)}:{line}: write contract.{DISTINCTIVE[text]}"
        for path in SOURCES
        if path != CONTRACT
        for line, text in texts(path)
        if text in DISTINCTIVE
    ]
    assert not again, "\n".join(again)


def test_the_public_names_are_there_and_cost_nothing_before_they_are_used():
    assert all(getattr(livemon, name).__name__ == name for name in livemon.__all__)
    assert set(livemon.__all__) <= set(dir(livemon))
    program = "import sys, livemon; print('twisted' in sys.modules, 'numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.split() == ["False", "False"]


def test_a_name_that_is_not_public_is_told():
    with pytest.raises(AttributeError, match="no attribute 'DataNode'"):
        livemon.DataNode  # noqa: B018
