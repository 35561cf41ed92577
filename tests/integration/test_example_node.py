"""The nodes that docs/data-nodes.md shows, as they stand there, beside a hub and a bridge on a real router."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import time

import jinja2
import pytest
import yaml
from appliance import Appliance, problems
from paths import ROOT
from processes import process
from waiting import wait_for

from plugins.plugin_utils.inventory.rendering.compose import compose_file

PAGE = (ROOT / "docs/data-nodes.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
EXAMPLES = {
    re.search(r"class (\w+)", text)[1]: text for language, text in BLOCKS if language == "python" and "class " in text
}
SISOCK = "org.simonsobservatory"
RATE, HOUR, MARGIN = 10, 3600, 300
SPIKE = 77.0


@pytest.fixture(scope="module")
def appliance(router, tmp_path_factory):
    with Appliance(tmp_path_factory.mktemp("example"), router) as running:
        running.start("hub", "bridge")
        wait_for(lambda: running.get("/search")[0] == 200, "the bridge to answer", 60)
        yield running
        assert not problems(running.log("hub") + running.log("bridge"))


def logbook(tmp_path):
    """A database of the last hour at 10 Hz, a spike in its middle, and of what a busy machine may take until it is asked."""
    file, now = tmp_path / "log.sqlite", time.time()
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE log (time REAL PRIMARY KEY, pressure REAL)")
        rows = [(now - HOUR + number / RATE, 1.0) for number in range((HOUR + MARGIN) * RATE)]
        rows[HOUR * RATE // 2] = (rows[HOUR * RATE // 2][0], SPIKE)
        database.executemany("INSERT INTO log VALUES (?, ?)", rows)
    database.close()
    return [file]


def number(tmp_path):
    """A file with a number, as drivers of sensors have."""
    file = tmp_path / "temp1_input"
    file.write_text("21500\n")
    return [file, "m°C"]


NODES = [("Logbook", logbook, "pressure", "mbar", SPIKE), ("NumberInFile", number, "value", "m°C", 21500.0)]


@pytest.fixture(params=NODES, ids=lambda each: each[0])
def example(request, appliance, tmp_path):
    """A running example: its name, its child, its log and what is expected of it."""
    which, source, *expected = request.param
    file, log = tmp_path / "node.py", tmp_path / "node.log"
    file.write_text(EXAMPLES[which])
    environment = appliance.router.environment("node") | {"PYTHONWARNINGS": "ignore"}
    with process(sys.executable, file, which, *source(tmp_path), log=log, env=environment) as child:
        wait_for(lambda: f"serving the data node {which}" in log.read_text() or child.poll(), "the hub's yes", 60)
        yield which, child, log, *expected
    assert not problems(log.read_text())


def call(router, *calls):
    """Answers to calls of a consumer."""
    user = "client"
    answered = subprocess.run(
        [
            *(sys.executable, ROOT / "tests/support/wamp_calls.py", router.url, router.directory / "pki/ca.crt"),
            *(user, router.directory / "secrets" / user / user),
        ],
        input="".join(json.dumps([f"{SISOCK}.{name}", arguments, {}]) + "\n" for name, *arguments in calls),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    joined, *answers = map(json.loads, answered.stdout.splitlines())
    assert joined == {"result": "joined"}, answered.stderr
    return answers


def test_the_example_is_listed_plotted_and_ended(appliance, example):
    name, child, log, field, units, highest = example
    channel = f"{name}::{field}"
    wait_for(lambda: channel in appliance.get("/search", {"target": ""})[1], f"{channel} in /search")
    wait_for(lambda: appliance.values(name), f"a present value of {name}")

    now, points = time.time(), 100
    body = {"range": {"from": now - HOUR, "to": now}, "maxDataPoints": points, "targets": [{"target": channel}]}
    status, (series,) = appliance.get("/query", body)
    assert status == 200
    values, times = zip(*series["datapoints"], strict=True)
    assert 1 <= len(times) <= points
    assert all((now - HOUR) * 1000 - 1 <= when < now * 1000 + 1 for when in times)
    assert list(times) == sorted(set(times))
    assert max(values) == highest

    listed, fields, samples, nothing, fault = call(
        appliance.router,
        ("consumer.get_data_node",),
        (f"consumer.{name}.get_fields", 1, 0),
        (f"consumer.{name}.get_data", [field, "typo"], -60, 0, 10),
        (f"consumer.{name}.get_data", [field], 1, 2),
        (f"consumer.{name}.get_data", field, -60, 0),
    )
    assert name in [entry["name"] for entry in listed["result"]]
    about, timelines = fields["result"]
    assert about[field]["units"] == units
    assert timelines[about[field]["timeline"]]["field"] == [field]
    answer = samples["result"]["timeline"][about[field]["timeline"]]
    assert len(samples["result"]["data"][field]) == len(answer["t"]) <= 7
    assert answer["finalized_until"] <= answer["t"][-1]
    assert samples["result"]["data"]["typo"] == []
    assert nothing["result"] == {"data": {field: []}, "timeline": {}}
    assert fault["error"] == f"{SISOCK}.error.invalid_argument"
    assert fault["text"].startswith("field: write a list of names")
    assert "\n" not in fault["text"]

    child.terminate()
    assert child.wait(10) == 0, log.read_text()
    gone = f"removed the data node {name}"
    wait_for(lambda: gone in appliance.log("hub"), "the hub to see it go")


FAULTS = {
    "no secret": ({"LIVEMON_ROUTER_SECRET_FILE": "/nowhere/node"}, "STILL", "LIVEMON_ROUTER_SECRET_FILE"),
    "no router": ({"LIVEMON_ROUTER_URL": ""}, "STILL", "LIVEMON_ROUTER_URL"),
    "no authority": ({"LIVEMON_ROUTER_CA": "/nowhere/ca.crt"}, "STILL", "LIVEMON_ROUTER_CA"),
    "no name": ({}, "the still", "write it without spaces"),
}


@pytest.mark.parametrize(("wrong", "name", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_ends_the_example_with_a_sentence(router, tmp_path, wrong, name, sentence):
    file = tmp_path / "node.py"
    file.write_text(EXAMPLES["NumberInFile"])
    environment = router.environment("node") | {"PYTHONWARNINGS": "ignore"} | wrong
    ended = subprocess.run(
        [sys.executable, file, name, "/proc/loadavg", "K"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    printed = ended.stdout + ended.stderr
    assert ended.returncode == 1, printed
    assert sentence in printed
    assert not problems(printed)


def test_all_examples_are_tried():
    assert list(EXAMPLES) == [which for which, *_ in NODES]


@pytest.mark.parametrize("which", EXAMPLES)
def test_an_example_has_thirty_lines_at_most(which):
    assert len(EXAMPLES[which].splitlines()) <= 30


def test_the_container_of_the_page_is_made_as_that_of_our_own_nodes():
    page = next(yaml.safe_load(text) for language, text in BLOCKS if language == "yaml" and "services:" in text)
    template = jinja2.Template((ROOT / "roles/sisock/templates/compose.yml.j2").read_text())
    uids = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())["livemon_uids"]
    stated = yaml.safe_load(template.render(sisock_nodes_uid=uids["nodes"], sisock_nodes_memory="2g"))
    ours = compose_file("sisock", stated)
    (theirs,), nodes = page["services"].values(), ours["services"]["nodes"]
    same = ["user", "read_only", "cap_drop", "security_opt", "restart", "logging", "tmpfs", "pids_limit", "networks"]
    assert {key: theirs[key] for key in same} == {key: nodes[key] for key in same}
    assert theirs["environment"].items() <= nodes["environment"].items()
    assert set(theirs["volumes"]) - {"/opt/still:/node:ro"} <= set(nodes["volumes"])
    assert page["networks"] == ours["networks"]
