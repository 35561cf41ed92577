"""Every filter is documented as `ansible-doc -t filter` wants it, and its arguments are those of the function."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess

import pytest
import yaml
from paths import ROOT, written_files

FILTERS = ROOT / "plugins/filter"
MODULES = [importlib.import_module(f"plugins.filter.{path.stem}") for path in sorted(FILTERS.glob("*.py"))]
FUNCTIONS = {name: function for module in MODULES for name, function in module.FilterModule().filters().items()}
TYPES = {
    "str": "str",
    "int": "int",
    "bool": "bool",
    "list": "list",
    "dict": "dict",
    "Mapping": "dict",
    "Sequence": "list",
    "Callable": "raw",
}


def documented(name: str) -> dict:
    return yaml.safe_load((FILTERS / f"{name}.yml").read_text(encoding="utf-8"))


def ansible_type(annotation: str) -> str:
    return TYPES[annotation.partition("[")[0]]


def test_each_filter_has_its_page_and_each_page_its_filter():
    assert sorted(FUNCTIONS) == sorted(path.stem for path in FILTERS.glob("*.yml"))


def test_no_two_modules_have_a_filter_of_one_name():
    assert len(FUNCTIONS) == sum(len(module.FilterModule().filters()) for module in MODULES)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_page_has_the_arguments_of_the_function(name):
    page, signature = documented(name), inspect.signature(FUNCTIONS[name])
    about, (first, *others) = page["DOCUMENTATION"], signature.parameters.values()
    assert about["name"] == name == FUNCTIONS[name].__name__
    assert about["short_description"]
    positional = (each.name for each in others if each.kind is not inspect.Parameter.KEYWORD_ONLY)
    assert about.get("positional", "") == ", ".join(positional)
    types = {"_input": ansible_type(first.annotation)}
    types |= {parameter.name: ansible_type(parameter.annotation) for parameter in others}
    assert {key: option["type"] for key, option in about["options"].items()} == types
    assert all(option["description"] and option["required"] for option in about["options"].values())
    assert page["RETURN"]["_value"]["type"] == ansible_type(signature.return_annotation)
    assert f"livemon.appliance.{name}" in page["EXAMPLES"]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_filter_is_used(name):
    used = ["git", "grep", "--quiet", "--extended-regexp", rf"livemon\.appliance\.{name}\b", "--", "playbooks", "roles"]
    assert subprocess.run(used, cwd=ROOT, check=False).returncode == 0


def test_playbooks_and_roles_use_filters_that_exist():
    for directory in ("playbooks", "roles"):
        for path in written_files(ROOT / directory):
            used = set(re.findall(r"\| *livemon\.appliance\.(\w+)", path.read_text(encoding="utf-8")))
            assert used <= set(FUNCTIONS), path
