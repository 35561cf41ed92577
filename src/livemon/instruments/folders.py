"""Which instruments there are, found by looking. Standard library only: Ansible reads it too, under another package's name."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Model

PACKAGE = __name__.rpartition(".")[0]


def models() -> dict[str, Model]:
    """Return the facts of every instrument by its model number, in the order of these numbers."""
    found: list[Model] = [facts.MODEL for facts in parts("facts").values()]
    return {model.number: model for model in sorted(found, key=lambda model: model.number)}


def parts(name: str) -> dict[str, ModuleType]:
    """Import the module `name`, for example ``facts``, of every folder that has it; return them by folder."""
    return {folder: part(folder, name) for folder in _folders() if has(folder, name)}


def part(folder: str, name: str) -> ModuleType:
    """Import the module `name` of a folder.

    Raises
    ------
    ModuleNotFoundError
        If the folder does not have it.
    """
    return importlib.import_module(f"{PACKAGE}.{folder}.{name}")


def has(folder: str, name: str) -> bool:
    """Whether a folder has the module `name`; it is not imported."""
    return importlib.util.find_spec(f"{PACKAGE}.{folder}.{name}") is not None


def folder_of(number: str) -> str:
    """Return the folder of a model.

    Raises
    ------
    KeyError
        If there is no such model.
    """
    return {facts.MODEL.number: folder for folder, facts in parts("facts").items()}[number]


def _folders() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__) if module.ispkg]
