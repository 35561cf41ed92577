"""Answer requests by graphite-web itself, over samples in memory; run by the Python of .venv/graphite-web.

Standard input is JSON, a list of ``{"series": [...], "events": [...], "requests": [...]}``:

- a series is ``{"name", "tags", "start", "step", "values"}``: its values are those of the times ``start``, ``start + step``, ...,
  whole UNIX seconds and multiples of the step;
- an event is ``{"when", "what", "tags", "data"}`` as ``POST /events/`` takes it;
- a request is ``[path, [[parameter, value], ...]]``.

Standard output is JSON too: for each of that list, its requests' answers as ``{"status", "text"}``.
"""

# ruff: noqa: E402 - Django is set up before its models are imported

import inspect
import json
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "graphite.settings"
os.environ["GRAPHITE_SETTINGS_MODULE"] = "graphite_settings"

import django

# Python 3.11 took away what graphite-web shows signatures with; it declares the parameters beside them.
inspect.getargspec = inspect.getfullargspec
inspect.formatargspec = lambda names, *_: f"({', '.join(names)})"
django.setup()

from django.core.management import call_command
from django.test import Client
from graphite.events.models import Event
from graphite.finders import match_entries
from graphite.finders.utils import BaseFinder, BranchNode, LeafNode
from graphite.intervals import Interval, IntervalSet
from graphite.storage import STORE
from graphite.tags.base import TaggedSeries
from graphite.tags.models import Series


class Samples:
    """A reader with a whisper file's idea of an interval: times after its start, and up to its end."""

    def __init__(self, series):
        self.start, self.step, self.values = series["start"], series["step"], series["values"]

    def get_intervals(self):
        return IntervalSet([Interval(self.start, self.start + len(self.values) * self.step)])

    def fetch(self, after, until):
        first = int(after) // self.step * self.step + self.step
        end = max(int(until) // self.step * self.step + self.step, first + self.step)
        values = [self.at(time) for time in range(first, end, self.step)]
        return (first, end, self.step), values

    def at(self, time):
        number = (time - self.start) // self.step
        return self.values[number] if 0 <= number < len(self.values) else None


class MemoryFinder(BaseFinder):
    """Finds what is in memory; a series with tags is known by its plain path, and by the name that holds them."""

    def __init__(self, series):
        super().__init__()
        self.readers = {each["name"]: Samples(each) for each in series}
        self.tagged = {tagged_name(each): self.readers[each["name"]] for each in series}

    def find_nodes(self, query):
        if query.pattern in self.tagged:
            yield LeafNode(query.pattern, self.tagged[query.pattern])
            return
        pattern = query.pattern.split(".")
        branches = set()
        for path, reader in self.readers.items():
            nodes = path.split(".")[: len(pattern)]
            if len(nodes) < len(pattern) or not all(map(matches, nodes, pattern)):
                continue
            found = ".".join(nodes)
            if found == path:
                yield LeafNode(path, reader)
            elif found not in branches:
                branches.add(found)
                yield BranchNode(found)


def matches(node, pattern):
    return bool(match_entries([node], pattern))


def tagged_name(series):
    return TaggedSeries.format({**series.get("tags", {}), "name": series["name"]})


def take(case):
    STORE.finders = [MemoryFinder(case.get("series", []))]
    Series.objects.all().delete()
    for each in case.get("series", []):
        if each.get("tags"):
            STORE.tagdb.tag_series(tagged_name(each))
    Event.objects.all().delete()
    for each in case.get("events", []):
        client.post("/events/", json.dumps(each), content_type="application/json")


def answer(path, parameters):
    names = dict.fromkeys(name for name, _ in parameters)
    data = {name: [value for each, value in parameters if each == name] for name in names}
    response = client.get(path, data)
    return {"status": response.status_code, "text": response.content.decode()}


client = Client(raise_request_exception=False)
call_command("migrate", run_syncdb=True, verbosity=0)
answers = []
for case in json.load(sys.stdin):
    take(case)
    answers.append([answer(path, parameters) for path, parameters in case["requests"]])
json.dump(answers, sys.stdout)
