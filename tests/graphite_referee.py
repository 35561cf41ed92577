"""The same requests to the bridge and to graphite-web itself, over the same samples."""

import json
import math
import os
import subprocess
from dataclasses import asdict, dataclass, field

import numpy as np
from crossbar_router import ROOT

from livemon.bridge.app import create_app
from livemon.bridge.catalogue import Catalogue, Field, Node
from livemon.bridge.source import Answer
from livemon.series.envelope import envelope, stride_for

PYTHON = ROOT / ".venv/graphite-web/bin/python"
PROGRAM = ROOT / "tests/referees/graphite_web.py"


@dataclass(frozen=True)
class Samples:
    """A regular series: values at `start`, `start + step`, ... (whole UNIX seconds, multiples of `step`); `None` is null."""

    name: str
    start: int
    step: int
    values: list
    tags: dict = field(default_factory=dict)

    @property
    def arrays(self):
        times = self.start + self.step * np.arange(len(self.values), dtype=float)
        return times, np.array([math.nan if value is None else value for value in self.values], dtype=float)


@dataclass(frozen=True)
class Case:
    """Series and events, and what is asked of them: each request a path and its parameters, names and values."""

    series: list
    requests: list
    events: list = field(default_factory=list)


class MemorySource:
    """Answers like livemon.bridge.source.Source: from arrays, down-sampled as nodes do it."""

    connected = True

    def __init__(self, series, events=()):
        fields = {each.name: Field("lab", each.name, each.name, each.name) for each in series}
        self._samples = {fields[each.name]: each.arrays for each in series}
        self._events = list(events)
        self.catalogue = Catalogue([Node("lab", "A lab", fields)])

    def events(self, start, end):
        return [each for each in self._events if start <= each.time < end]

    def fetch(self, fields, start, end, points):
        stride = stride_for(start, end, points)
        series = {}
        for each in fields:
            times, values = self._samples[each]
            times, values, _ = envelope(times, values[np.newaxis], start, end, stride)
            series[each] = times, values[0]
        return Answer(series)


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
        env=os.environ | {"PYTHONHASHSEED": "0"},
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
