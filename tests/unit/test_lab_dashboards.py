"""What is told of a lab's own dashboards that Grafana would not take."""

from __future__ import annotations

import json

import pytest

from plugins.plugin_utils.inventory.faults.dashboards import faults, places

GOOD = json.dumps({"uid": "lab-a", "title": "A", "panels": []})


def test_a_dashboard_that_will_do_has_no_faults():
    assert list(faults({"/lab/dashboards/a.json": GOOD})) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "dashboards/b.json: this is not valid JSON"),
        ("[]", "dashboards/b.json: this is not a dashboard in the classic format"),
        ('{"elements": {}, "uid": "b"}', "dashboards/b.json: this is not a dashboard in the classic format"),
        ('{"panels": []}', "its uid is None; give it one of its own"),
        ('{"panels": [], "uid": "livemon-overview"}', "not starting with livemon-"),
        (json.dumps({"panels": [], "uid": "x" * 41}), "at most 40 characters"),
        ('{"panels": [], "uid": "b", "title": "Livemon"}', "its title 'Livemon' is that of the folder with the alarms"),
        (
            '{"panels": [], "uid": "b", "title": "livemon watchdog"}',
            "and Grafana would not start; give it another title",
        ),
        (GOOD, "dashboards/b.json: its uid 'lab-a' is already used by dashboards/a.json"),
    ],
)
def test_each_fault_is_told_with_its_file(content, sentence):
    (fault,) = faults({"/lab/dashboards/a.json": GOOD, "/lab/dashboards/b.json": content})
    assert sentence in fault


def adopted(uid, name):
    return {"uid": uid, "name": name, "content": f"{uid} anew"}


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ([adopted("lab-b", "b.json")], ["b.json"]),
        ([adopted("lab-a", "renamed.json")], ["a.json"]),
        ([adopted("lab-b", "a.json")], ["a-lab-b.json"]),
        ([adopted("lab-b", "same.json"), adopted("lab-c", "same.json")], ["same.json", "same-lab-c.json"]),
    ],
    ids=["new", "adopted again under another title", "a title that another has", "two with one title"],
)
def test_no_dashboard_takes_anothers_file(files, names):
    placed = places(files, {"/lab/dashboards/a.json": GOOD, "/lab/dashboards/spoilt.json": "{"})
    assert [file["name"] for file in placed] == names
    assert [file["content"] for file in placed] == [file["content"] for file in files]
