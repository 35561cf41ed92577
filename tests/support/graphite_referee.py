"""The same requests to the bridge and to graphite-web itself, over the same samples."""

import json
import subprocess
from dataclasses import asdict, dataclass, field

from memory_source import MemorySource
from paths import ROOT

from livemon.bridge.app import create_app

PYTHON = ROOT / ".venv/graphite-web/bin/python"
PROGRAM = ROOT / "tests/referees/graphite_web.py"


@dataclass(frozen=True)
class Case:
    """Series and events, and what is asked of them: each request a path and its parameters, names and values."""

    series: list
    requests: list
    events: list = field(default_factory=list)


def of_graphite_web(cases):
    """Return what graphite-web answers, as ``(status, text)`` of each request of each case."""
    assert PYTHON.exists(), f"{PYTHON} is missing: run `make venv-graphite-web`"
    answer = subprocess.run(
        [PYTHON, "-W", "ignore", PROGRAM],
        input=json.dumps([asdict(case) for case in cases]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return [[(each["status"], each["text"]) for each in of_case] for of_case in json.loads(answer.stdout)]


def of_bridge(case, source=None):
    """Return what the bridge answers, as ``(status, text)`` of each request."""
    client = create_app(source or MemorySource(case.series, case.events)).test_client()
    answers = [client.post(path, data=_form(parameters)) for path, parameters in case.requests]
    return [(each.status_code, each.text) for each in answers]


def _form(parameters):
    form = {}
    for name, value in parameters:
        form.setdefault(name, []).append(value)
    return form
