"""The operator's commands against real agents, nodes and bridge."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import time

import pytest
from appliance import LIVEMON, Appliance
from ocs_site import Site, simulator
from waiting import patience, wait_for

NODE = {
    "kind": "feed",
    "name": "SIM240",
    "target": "ls240",
    "feeds": ["temperatures"],
    "description": "Diodes",
    "units": {"Channel_1_T": "K"},
}


@pytest.fixture(scope="module")
def running(router, tmp_path_factory):
    """A 240, an aggregator and the registry; yields the site, the 240's agent, the appliance and the command `livemon`."""
    directory = tmp_path_factory.mktemp("client")
    (directory / "data").mkdir()
    site = Site(directory, router)
    with simulator(240, directory) as (address, _):
        site.write(
            registry=("RegistryAgent",),
            ls240=(
                "Lakeshore240Agent",
                ["--serial-number", "SIM240"],
                ["--port", f"tcp://{address}"],
                ["--mode", "acq"],
            ),
            aggregator=("AggregatorAgent", ["--data-dir", directory / "data"], ["--frame-seconds", 1]),
        )
        with (
            site.agent("registry"),
            site.agent("ls240") as agent,
            site.agent("aggregator"),
            Appliance(directory, router) as appliance,
        ):
            appliance.write_nodes(NODE)
            appliance.start()
            site.running("ls240", "acq")
            site.running("aggregator", "record")
            registry = site.running("registry", "main")
            others = {"observatory.ls240", "observatory.aggregator"}
            wait_for(
                lambda: registry.main.status().session["data"].keys() >= others,
                "the registry to have heard both agents",
            )
            appliance.wait_for_values("SIM240")

            def livemon(*words: object, **environment: str) -> subprocess.CompletedProcess:
                own = {
                    "SITE_HTTP": router.ocs_http,
                    "LIVEMON_BRIDGE_URL": appliance.url,
                    "LIVEMON_CONTROL_SECRET_FILE": str(router.control_secret),
                    "COLUMNS": "200",
                }
                return subprocess.run(
                    [LIVEMON, *map(str, words)],
                    env=os.environ | own | environment,
                    capture_output=True,
                    text=True,
                    timeout=300,
                    check=False,
                )

            wait_for(lambda: livemon("status").returncode == 0, "all to be well", 60, every=1)
            yield site, agent, appliance, livemon


def test_status_shows_agents_fields_and_ages(running):
    site, _, _, livemon = running
    answer = livemon("status", OCS_CONFIG_DIR=str(site.directory))
    assert (answer.returncode, answer.stderr) == (0, "")
    for word in ("Lakeshore240Agent", "AggregatorAgent", "RegistryAgent", "running", "SIM240", "channel_1_t"):
        assert word in answer.stdout
    content = json.loads(livemon("status", "--json").stdout)
    assert {agent["instance_id"] for agent in content["agents"]} >= {"ls240", "aggregator"}
    assert content["problems"] == []


def test_status_names_an_agent_that_is_away(running, tmp_path):
    site, _, _, livemon = running
    text = (site.directory / "default.yaml").read_text().replace("instance-id: aggregator", "instance-id: absent")
    (tmp_path / "default.yaml").write_text(text)
    answer = livemon("status", OCS_CONFIG_DIR=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stderr == "livemon: agent absent is not running: see docker logs ocs_absent\n"
    assert "Lakeshore240Agent" in answer.stdout


def test_status_names_an_archive_that_cannot_be_written(running):
    site, _, _, livemon = running
    assert livemon("record", "stop").returncode == 0
    # A file stands where the next directory of files is to be; a day has one or two.
    names = {str(time.time() + seconds)[:5] for seconds in (0, 3600)}
    for name in names:
        place = site.directory / "data" / name
        if place.exists():
            place.rename(place.with_name(f"{name}-before"))
        place.touch()
    assert livemon("record", "start").returncode == 0
    expected = "livemon: aggregator cannot write the archive (df -h shows the space left): "
    wait_for(lambda: livemon("status").stderr.startswith(expected), "the fault to be named", 60)
    assert "degraded" in livemon("status").stdout
    for name in names:
        (site.directory / "data" / name).unlink()
    wait_for(lambda: livemon("status").returncode == 0, "the samples to be written", 60)


def test_status_does_not_wait_for_an_agent_that_hangs(running):
    _, agent, _, livemon = running
    agent.child.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        answer = livemon("status")
        # Upstream's client would wait as long as the agent hangs. To start takes seconds of its own on a busy machine.
        assert time.monotonic() - started < 20 * patience()
        assert answer.returncode == 1
        assert "ls240 does not answer within 5 s" in answer.stderr
    finally:
        agent.child.send_signal(signal.SIGCONT)
    wait_for(lambda: livemon("status").returncode == 0, "the agent to answer again", 60, every=1)


def test_without_the_bridge_the_agents_are_shown(running):
    _, _, _, livemon = running
    answer = livemon("status", LIVEMON_BRIDGE_URL="http://127.0.0.1:1")
    assert answer.returncode == 1
    assert "no bridge at http://127.0.0.1:1" in answer.stderr
    assert "Lakeshore240Agent" in answer.stdout


def test_without_the_router_the_fields_are_shown(running):
    _, _, _, livemon = running
    answer = livemon("status", SITE_HTTP="http://127.0.0.1:1/call")
    assert answer.returncode == 1
    assert "no router at http://127.0.0.1:1/call" in answer.stderr
    assert "channel_1_t" in answer.stdout


@pytest.mark.parametrize(
    ("command", "target", "operation", "words"),
    [
        (("acq",), ("--target=ls240",), "acq", "ls240: acquisition"),
        (("record",), (), "record", "aggregator: recording"),
    ],
)
def test_operations_stop_and_start(running, command, target, operation, words):
    site, _, _, livemon = running
    client = site.client(words.partition(":")[0])

    def state() -> str:
        return getattr(client, operation).status().session["status"]

    for action, says, after in (
        ("stop", "stopped", "done"),
        ("stop", "was not running", "done"),
        ("start", "started", "running"),
        ("start", "was running already", "running"),
    ):
        answer = livemon(*command, action, *target)
        assert (answer.returncode, answer.stdout) == (0, f"{words} {says}\n"), answer.stderr
        assert state() == after


def test_an_unknown_target_lists_the_known_ones(running):
    _, _, _, livemon = running
    answer = livemon("acq", "start", "--target=ls241")
    assert answer.returncode == 1
    assert answer.stderr == (
        "livemon: there is no agent 'ls241'; did you mean ls240? The agents are aggregator, ls240, registry\n"
    )


def test_a_target_without_acquisition_is_refused(running):
    _, _, _, livemon = running
    answer = livemon("acq", "start", "--target=aggregator")
    assert answer.returncode == 1
    assert answer.stderr == "livemon: aggregator has no process 'acq': it has record\n"


def test_status_is_not_content_with_another_address(running):
    _, _, appliance, livemon = running
    answer = livemon("status", SITE_HTTP=f"{appliance.url}/call")
    assert answer.returncode == 1
    assert "/call is not the HTTP caller of a router (HTTP status 404)" in answer.stderr
    assert "channel_1_t" in answer.stdout


def test_fields_are_listed(running):
    _, _, _, livemon = running
    listed = json.loads(livemon("fields", "--json").stdout)
    paths = {each["field"]: each["path"] for each in listed}
    assert paths["SIM240::channel_1_t"] == "observatory.ls240.feeds.temperatures.Channel_1_T"
    assert "SIM240::channel_1_t" in livemon("fields").stdout


def test_query_prints_samples(running):
    _, _, _, livemon = running

    def found() -> list[list[str]]:
        return list(csv.reader(io.StringIO(livemon("query", "SIM240::channel_1_t", "--format=csv").stdout)))

    rows = wait_for(lambda: len(rows := found()) > 3 and rows, "some samples")
    assert rows[0] == ["field", "time", "value"]
    assert all(row[0] == "SIM240::channel_1_t" and abs(time.time() - float(row[1])) < 600 for row in rows[1:])
    table = livemon("query", "observatory.ls240.feeds.temperatures.Channel_1_T", "--from=-1min").stdout
    assert re.fullmatch(r"  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  [0-9.]+ K", table.splitlines()[1])
    assert len(json.loads(livemon("query", "SIM240::channel_1_t", "--format=json").stdout)[0]["times"]) > 3


def test_a_query_names_nodes_that_hang(running):
    _, _, appliance, livemon = running
    nodes = appliance.children["nodes"]
    nodes.send_signal(signal.SIGSTOP)
    try:
        answer = livemon("query", "SIM240::channel_1_t")
        assert answer.returncode == 1
        assert answer.stdout == ""
        assert answer.stderr.startswith("livemon: no samples from SIM240, which does not answer")
    finally:
        nodes.send_signal(signal.SIGCONT)
    wait_for(lambda: livemon("query", "SIM240::channel_1_t").returncode == 0, "the nodes to answer again", 60, every=1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["SIM240::channel_9_t"], "channel_9_t"),
        (["nobody::channel_1_t"], "there is no data node 'nobody'"),
        (["SIM240::channel_1_t", "--from=now", "--to=-1h"], "reversed"),
        (["SIM240::channel_1_t", "--from=yesterday"], "from: 'yesterday' is not a valid time"),
    ],
)
def test_bad_queries_get_one_sentence(running, arguments, sentence):
    _, _, _, livemon = running
    answer = livemon("query", *arguments)
    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
