"""The machine and the software that were measured."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from paths import ROOT
from router import ROUTER_PYTHON


def description() -> dict[str, str]:
    """Return what a reader needs to compare figures: no names of hosts, no places."""
    cpu = _after("/proc/cpuinfo", "model name").lstrip(": \t") or platform.machine()
    memory = int(_after("/proc/meminfo", "MemTotal:").split()[0]) / 2**20
    system = _after("/etc/os-release", "PRETTY_NAME=").strip('"')
    ours = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "Twisted", "autobahn", "Flask", "orjson")
    )
    return {
        "processor": f"{cpu}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{memory:.0f} GiB",
        "system": f"{system}, Linux {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "packages": f"{ours}, crossbar {_crossbar()}",
        "livemon": _commit(),
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load average before": f"{os.getloadavg()[0]:.1f}",
    }


def _after(file: str, word: str) -> str:
    lines = Path(file).read_text().splitlines()
    return next((line.partition(word)[2].strip() for line in lines if line.startswith(word)), "")


def _crossbar() -> str:
    ask = "import importlib.metadata; print(importlib.metadata.version('crossbar'))"
    return subprocess.run([ROUTER_PYTHON, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


def _commit() -> str:
    try:
        return subprocess.run(
            ["git", "-C", ROOT, "describe", "--always", "--dirty=, with changes"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not from a git checkout"
