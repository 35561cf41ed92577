"""Python programs that run on the monitor itself: standard library of Python 3.6, which is that of Ubuntu 18.04 (ADR 46)."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

PROGRAMS = [*sorted((ROOT / "roles").glob("*/files/*.py")), ROOT / "files/images/tags.py"]


def vermin(program: Path) -> subprocess.CompletedProcess:
    """Judge which Python the syntax, modules and arguments of a program need."""
    command = [Path(sys.executable).with_name("vermin"), "--no-tips", "--target=3.6-", "--violations", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def imported(program: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(program.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_runs_on_python_3_6(program):
    found = vermin(program)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("line", ["import subprocess; subprocess.run(['ufw'], capture_output=True)", "(x := 1)"])
def test_a_program_for_a_newer_python_is_found(line, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(f"{line}\n")
    assert vermin(program).returncode == 1


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_imports_only_the_standard_library(program):
    assert imported(program) <= sys.stdlib_module_names


@pytest.mark.parametrize(
    "program", [program for program in PROGRAMS if "roles" in program.parts], ids=lambda program: program.name
)
def test_reads_no_python_settings_of_whoever_starts_it(program):
    """`-I`: neither PYTHONPATH nor packages of root's home directory."""
    assert program.read_text().startswith("#!/usr/bin/python3 -I\n")
