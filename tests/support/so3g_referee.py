"""so3g, the independent reader of the archive: in an environment of its own, and one process for all tests of a run."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from paths import ROOT

PYTHON = Path(os.environ.get("LIVEMON_REFEREE_PYTHON", ROOT / ".venv/referee/bin/python"))
ANSWER = "so3g has read: "
READ = f"""
import json, sys
from so3g import hk
for line in sys.stdin:
    fields, start, end, directory = json.loads(line)
    found = hk.load_range(start, end, fields=fields, data_dir=directory)
    answer = {{name: [list(times), list(map(str, values))] for name, (times, values) in found.items()}}
    print({ANSWER!r} + json.dumps(answer), flush=True)
"""


def so3g_load(
    fields: Sequence[str] | None, start: float, end: float, data_dir: Path
) -> dict[str, tuple[list[float], list[str]]]:
    """Return what so3g's load_range finds, ``{field: (times, values as text)}``; of all fields if `fields` is None."""
    reader = _reader()
    reader.stdin.write(json.dumps([fields, start, end, str(data_dir)]) + "\n")
    reader.stdin.flush()
    for line in reader.stdout:  # so3g itself prints, too
        if line.startswith(ANSWER):
            return {name: tuple(each) for name, each in json.loads(line.removeprefix(ANSWER)).items()}
    _reader.cache_clear()
    pytest.fail(f"so3g has ended with {reader.wait(10)}: {reader.stderr.read()[-2000:]}")


@cache
def _reader() -> subprocess.Popen[str]:
    if not PYTHON.exists():
        pytest.fail(f"{PYTHON} is missing: run `make venv-referee`")
    command = [PYTHON, "-W", "ignore", "-c", READ]
    pipe = subprocess.PIPE
    reader = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    atexit.register(reader.kill)
    return reader
