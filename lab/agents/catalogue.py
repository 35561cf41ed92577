#!/usr/bin/env python3
"""Write the catalogue of agent classes from the releases of ocs and socs that are in the application image.

Usage: .venv/app/bin/python lab/agents/catalogue.py [--check]        (`make catalogue`)

Ansible's Python has neither ocs nor socs, so what the check of an inventory has to know of them is kept in git,
plugins/plugin_utils/inventory/catalogue.json:

- missing: each class is imported with nothing but what requirements/app.txt installs, as in the image; these are the modules that it
  could not import, each with the package of PyPI that has it, or null;
- options: each agent's own `main` is called up to where it hands its parser to OCS, so they are what the agent really takes.
  A class of which modules are missing is imported with empty stand-ins for them;
- feeds and environment variables: the literal names in the source files of the agent. Where a name is computed, the feeds are null;
- for, needs: what code cannot tell, written by hand in lab/agents/notes.yml.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import ocs.site_config
import yaml

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "plugins/plugin_utils/inventory/catalogue.json"
NOTES = ROOT / "lab/agents/notes.yml"
LOCK = ROOT / "requirements/app.txt"
PACKAGES = ("ocs", "socs")
ON_PYPI = {
    "cv2": "opencv-python",
    "ephem": "ephem",
    "epics": "pyepics",
    "labjack": "labjack-ljm",
    "matplotlib": "matplotlib",
    "numexpr": "numexpr",
    "pfeiffer_vacuum_protocol": "pfeiffer-vacuum-protocol",
    "picosdk": "picosdk",
    "pixell": "pixell",
    "scipy": "scipy",
    "so3g": "so3g",
}
"""Which package has a module, as the extras of socs name it. Those that are not here come from their makers."""
IN_EVERY_AGENT = {"LOGLEVEL", "OCS_CONFIG_DIR", "READTHEDOCS", "SITE_HTTP"}
"""Environment variables that livemon sets, and that of the documentation's build."""


class ParserFoundError(Exception):
    """Carries an agent's parser out of its `main`."""


class Missing(importlib.abc.MetaPathFinder):
    """Hides modules that the image does not have."""

    def __init__(self, hidden: set[str]) -> None:
        self.hidden = hidden

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """Raise for a hidden module, as if it were not installed."""
        if name.partition(".")[0] in self.hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives an empty module for each of the packages that are known to be missing."""

    def __init__(self) -> None:
        self.packages: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a stand-in."""
        if name.partition(".")[0] not in self.packages:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Make a module that has every attribute."""
        module = MagicMock(name=spec.name)
        module.__path__ = []
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def not_in_image() -> set[str]:
    """Return the modules of this environment that requirements/app.txt does not install, such as those of tests."""
    locked = {_normal(name) for name in re.findall(r"^([\w.-]+)==", LOCK.read_text(), re.MULTILINE)}
    installed = importlib.metadata.packages_distributions()
    return {
        module
        for module, distributions in installed.items()
        if module not in {"livemon", "pip", "setuptools", "pkg_resources", "_distutils_hack"}
        and not locked.intersection(map(_normal, distributions))
    }


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def catalogue() -> dict[str, Any]:
    """Return the catalogue as it should be."""
    hidden = not_in_image()
    stand_ins = StandIns()
    sys.meta_path[:0] = [stand_ins, Missing(hidden)]
    os.add_dll_directory = lambda path: None  # of Windows, for which ThorlabsMC2000BAgent is
    notes = yaml.safe_load(NOTES.read_text())
    offers = {
        name: (package, entry["module"])
        for package in PACKAGES
        for name, entry in importlib.import_module(f"{package}.plugin").agents.items()
    }
    if notes.keys() != offers.keys():
        sys.exit(f"{NOTES} does not have the classes of ocs and socs: {sorted(notes.keys() ^ offers.keys())}")
    missing = {name: _missing(module, stand_ins) for name, (_, module) in offers.items()}
    return {
        "releases": {package: importlib.metadata.version(package) for package in PACKAGES},
        "site_options": _options(ocs.site_config.add_arguments()),
        "classes": {
            name: _about(name, package, module, missing[name], notes[name])
            for name, (package, module) in sorted(offers.items(), key=lambda offer: offer[0].lower())
        },
    }


def _missing(module: str, stand_ins: StandIns) -> list[str]:
    """Import an agent's module, with a stand-in for each module that it turns out to need; return which those are, sorted."""
    stand_ins.packages.clear()
    while True:
        try:
            importlib.import_module(module)
            break
        except ModuleNotFoundError as error:
            name = str(error.name).partition(".")[0]
            if name in stand_ins.packages or name in PACKAGES:
                raise
            stand_ins.packages.add(name)
    found = sorted(stand_ins.packages)
    for name in list(sys.modules):
        if name.partition(".")[0] in stand_ins.packages:
            del sys.modules[name]
    return found


def _about(name: str, package: str, module: str, missing: list[str], notes: Mapping[str, Any]) -> dict[str, Any]:
    sources = _sources(module)
    return {
        "package": package,
        "module": module,
        "for": notes["for"],
        "needs": notes["needs"],
        "missing": {name: ON_PYPI.get(name) for name in missing},
        "environment": sorted(set(_environment(sources)) - IN_EVERY_AGENT),
        "feeds": _feeds(sources),
        "options": _options(_parser(name, module)),
    }


def _parser(name: str, module: str) -> argparse.ArgumentParser:
    """Return the parser that an agent's own `main` hands to OCS."""

    def found(agent_class: str | None = None, parser: Any = None, args: Any = None) -> None:
        raise ParserFoundError(parser or argparse.ArgumentParser())

    original, ocs.site_config.parse_args = ocs.site_config.parse_args, found
    try:
        sys.modules[module].main(args=[])
    except ParserFoundError as carrier:
        return carrier.args[0]
    finally:
        ocs.site_config.parse_args = original
    sys.exit(f"{name}: its main does not hand a parser to OCS")


def _options(parser: argparse.ArgumentParser) -> list[dict[str, Any]]:
    return [_option(action) for action in parser._actions if not isinstance(action, argparse._HelpAction)]


def _option(action: argparse.Action) -> dict[str, Any]:
    """Return what is known of an option; an option without `nargs` takes one value, one of 0 none."""
    about = {
        "names": list(action.option_strings),
        "type": action.type.__name__ if action.type else None,
        "nargs": action.nargs,
        "choices": list(action.choices) if action.choices else None,
        "default": action.default,
        "required": action.required or None,
        "help": None if action.help in (None, argparse.SUPPRESS) else " ".join(action.help.split()),
    }
    if not action.option_strings:
        sys.exit(f"{action.dest} is a positional argument: the check of an inventory does not know those")
    return {key: value for key, value in about.items() if value is not None}


def _sources(module: str) -> list[ast.Module]:
    """Return the source files of an agent, read: all in the directory of its module."""
    directory = Path(str(sys.modules[module].__file__)).parent
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(directory.rglob("*.py"))]


def _feeds(sources: Sequence[ast.Module]) -> list[str] | None:
    """Return the names of the feeds, sorted; `None` if one of them is computed."""
    names = [
        call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        for call in _calls(sources)
        if _name_of(call.func) == "register_feed"
    ]
    return None if None in names else sorted(set(names))


def _environment(sources: Sequence[ast.Module]) -> Iterator[str]:
    for node in (node for source in sources for node in ast.walk(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"os.environ.get", "os.getenv"}:
            key = node.args[0]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            key = node.slice
        else:
            continue
        if isinstance(key, ast.Constant):
            yield str(key.value)


def _calls(sources: Sequence[ast.Module]) -> Iterator[ast.Call]:
    return (node for source in sources for node in ast.walk(source) if isinstance(node, ast.Call))


def _name_of(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


def written(found: Mapping[str, Any]) -> str:
    """Return the catalogue as JSON, with an option on each line: a new release of socs should make a readable diff."""
    return _mapping(
        {
            "releases": _json(found["releases"]),
            "site_options": _lines(found["site_options"]),
            "classes": _mapping(
                {
                    name: _mapping(
                        {key: _lines(value) if key == "options" else _json(value) for key, value in each.items()}
                    )
                    for name, each in found["classes"].items()
                }
            ),
        }
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _mapping(members: Mapping[str, str]) -> str:
    return "{\n" + ",\n".join(f"{_json(key)}: {text}" for key, text in members.items()) + "\n}"


def _lines(values: Sequence[Any]) -> str:
    return "[\n" + ",\n".join(map(_json, values)) + "\n]" if values else "[]"


def main() -> None:
    """Write the catalogue, or with --check say whether it is up to date."""
    text = written(catalogue()) + "\n"
    if "--check" not in sys.argv[1:]:
        CATALOGUE.write_text(text)
    elif not CATALOGUE.exists() or CATALOGUE.read_text() != text:
        sys.exit(
            f"{CATALOGUE.relative_to(ROOT)} is not what ocs, socs and lab/agents/notes.yml say: run make catalogue"
        )


if __name__ == "__main__":
    main()
