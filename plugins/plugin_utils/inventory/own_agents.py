"""A lab's own agents: Python files in the directory ``agents`` beside the inventory file. Here they are read and never run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .entries import Entry

DIRECTORY = "agents"
PYTHON = (3, 11)
"""The Python of the image in which they run."""


@dataclass(frozen=True)
class Code:
    """What a file defines at its top level.

    Attributes
    ----------
    fault
        Why it is not Python, with its line; `None` if it is.
    classes
        The names of its classes.
    starts
        Whether there is a function ``main`` that takes ``args``.
    options
        The options of its parser; `None` if they are not all literals.
    """

    path: Path
    fault: str | None = None
    classes: tuple[str, ...] = ()
    starts: bool = False
    options: frozenset[str] | None = None

    @property
    def name(self) -> str:
        """The file as the inventory's author knows it."""
        return f"{DIRECTORY}/{self.path.name}"


def codes_beside(inventory_directory: object) -> list[Code]:
    """Return what the files beside an inventory define, sorted by name; none if its directory is not known."""
    if not inventory_directory:
        return []
    return [_read(path) for path in sorted((Path(str(inventory_directory)) / DIRECTORY).glob("*.py"))]


def code_of(agent: Entry, codes: Iterable[Code]) -> Code | None:
    """Return the file that defines the class of an agent; `None` if it is upstream's."""
    return next((code for code in codes if agent.get("agent_class") in code.classes), None)


def _read(path: Path) -> Code:
    try:
        tree = ast.parse(path.read_bytes(), path.name, feature_version=PYTHON)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        return Code(path, f"{f'line {line}: ' if line else ''}{getattr(error, 'msg', None) or error}")
    except OSError as error:
        return Code(path, str(error.strerror))
    return Code(
        path,
        classes=tuple(node.name for node in tree.body if isinstance(node, ast.ClassDef)),
        starts=any(_starts(node) for node in tree.body),
        options=_options(tree),
    )


def _starts(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef) or node.name != "main":
        return False
    names = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
    return "args" in names or node.args.kwarg is not None


def _options(tree: ast.Module) -> frozenset[str] | None:
    """Return the options that ``add_argument`` gets in this file; `None` if one is computed."""
    found: set[str] = set()
    for call in _calls(tree, "add_argument"):
        literals = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if len(literals) != len(call.args) or not literals:
            return None
        found.update(literals)
    return frozenset(found)


def _calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node
