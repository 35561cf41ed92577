"""Who may operate instruments, and what is written down of it: real agents of socs on simulated instruments, a real router."""

from __future__ import annotations

import json
import subprocess
import sys

import ocs
import pytest
import requests
from ocs_site import LIVEMON, Site, simulator
from waiting import wait_for

HEATER = {"range": "on", "heater": "still", "wait": 0}


@pytest.fixture(scope="module")
def lab(router, tmp_path_factory):
    """A 372 whose `set_dwell` everyone may use, a 240, an archive and the registry, as the inventory has them."""
    directory = tmp_path_factory.mktemp("policy")
    (directory / "data").mkdir()
    site = Site(directory, router)
    with simulator(372, directory) as (control, _), simulator(240, directory) as (diodes, _):
        site.write(
            open_operations=["set_dwell"],
            registry=("RegistryAgent",),
            control=("Lakeshore372Agent", ["--ip-address", control], ["--mode", "acq"]),
            ls240=("Lakeshore240Agent", ["--port", f"tcp://{diodes}"], ["--mode", "acq"]),
            aggregator=("AggregatorAgent", ["--data-dir", directory / "data"]),
        )
        with site.agent("registry"), site.agent("control"), site.agent("ls240"), site.agent("aggregator"):
            for name, operation in (
                ("registry", "main"),
                ("control", "acq"),
                ("ls240", "acq"),
                ("aggregator", "record"),
            ):
                site.running(name, operation)
            yield site


def call(site, instance_id, *arguments, **keywords):
    """As any user of the machine can: by the HTTP caller."""
    body = {"procedure": f"observatory.{instance_id}.ops", "args": arguments, "kwargs": keywords}
    return requests.post(site.router.ocs_http, json=body, timeout=300).json()["args"][0]


def done(task):
    """The answer of a 372's task that has succeeded. Socs's agent makes a task wait while it reads, and gives it up after 5 s."""

    def attempt():
        reply = task()
        assert reply.status == ocs.OK, reply
        return reply.session["success"] and reply

    return wait_for(attempt, "the instrument to be free for the task")


def trail(site):
    return [json.loads(line) for line in site.control_log.read_text().splitlines()] if site.control_log.exists() else []


def test_agents_start_by_themselves_and_leave_no_line(lab):
    assert not [line for line in trail(lab) if line["command"] == "start"]
    api = lab.client("control", password="")._client.get_api()
    assert api["access_control"]["policy"] == "livemon"
    levels = {name: about["min_privs"] for name, _, about in api["tasks"] + api["processes"]}
    assert {name for name, level in levels.items() if level < 3} == {
        *("get_excitation", "get_resistance_range", "get_dwell", "get_input_setup", "get_still_output"),
        "set_dwell",
    }


@pytest.mark.parametrize("password", ["", "guessed", None, 7, ["x"], {}])
@pytest.mark.parametrize(
    "command",
    [
        ("control", "start", "set_heater_range", HEATER),
        ("control", "start", "set_resistance_range", {"channel": 1, "resistance_range": 2}),
        ("control", "start", "set_still_output", {"output": 50}),
        ("control", "stop", "acq", {}),
        ("control", "abort", "init_lakeshore", {}),
        ("ls240", "start", "set_values", {"channel": 1, "name": "x"}),
        ("ls240", "stop", "acq", {}),
        ("aggregator", "stop", "record", {}),
        ("registry", "stop", "main", {}),
    ],
)
def test_nobody_controls_without_the_secret(lab, command, password):
    instance_id, action, operation, parameters = command
    before = call(lab, instance_id, "status", operation)
    status, message, session = call(lab, instance_id, action, operation, parameters, password=password)
    assert (status, session) == (ocs.ERROR, {})
    assert message.startswith("The action requires credential level 3-FULL but the client has only level 1-BASIC")
    assert call(lab, instance_id, "status", operation)[2].get("session_id") == before[2].get("session_id")


def test_reading_stays_open(lab):
    client = lab.client("control", password="")
    assert client.acq.status().session["status"] == "running"
    done(client.get_still_output)
    registry = lab.client("registry", password="")
    wait_for(lambda: registry.main.status().session["data"], "the registry to have heard an agent")


def test_what_the_site_opens_is_open(lab):
    control = lab.client("control", password="")
    done(lambda: control.set_dwell(channel=2, dwell=4))


def test_who_has_the_secret_controls_and_it_is_written_down(lab):
    control = lab.client("control")
    run = done(lambda: control.set_heater_range(**HEATER)).session["session_id"]
    lines = wait_for(
        lambda: [line for line in trail(lab) if line["agent"] == "control" and line.get("run") == run][1:], "the end"
    )
    (start,) = (line for line in trail(lab) if line.get("run") == run and line["command"] == "start")
    assert start | {"time": "", "by": {}} == {
        "time": "",
        "agent": "control",
        "command": "start",
        "operation": "set_heater_range",
        "parameters": HEATER,
        "run": run,
        "level": 3,
        "by": {},
        "outcome": "accepted",
    }
    assert start["time"].endswith("Z")
    assert start["by"]["role"] == "ocs_http"
    assert start["by"]["session"] > 0
    assert (lines[0]["command"], lines[0]["outcome"]) == ("end", "succeeded")


def test_the_trail_has_refusals_and_no_password(lab):
    secret = lab.router.control_secret.read_text()
    call(
        lab, "ls240", "start", "set_values", {"channel": 3, "password": "in the parameters"}, password="guessed wrongly"
    )
    line = trail(lab)[-1]
    assert (line["agent"], line["operation"], line["outcome"], line["level"]) == ("ls240", "set_values", "refused", 1)
    assert line["parameters"] == {"channel": 3, "password": "..."}
    own = lab.directory / "ls240.log"
    wait_for(lambda: '"parameters": {"channel": 3' in own.read_text(), "the line in the agent's own log as well")
    everything = "".join(log.read_text() for log in lab.directory.glob("*.log"))
    for word in (secret, "guessed wrongly", "in the parameters"):
        assert word not in everything


def test_a_replaced_secret_counts_at_once(lab):
    file = lab.router.control_secret
    former = file.read_text()
    file.chmod(0o600)
    file.write_text("another secret")
    try:
        assert call(lab, "control", "stop", "acq", {}, password=former)[0] == ocs.ERROR
        file.unlink()
        assert call(lab, "control", "stop", "acq", {}, password="another secret")[0] == ocs.ERROR
    finally:
        file.write_text(former)


def test_the_operators_commands_have_the_right(lab):
    def run(*command, **environment):
        return subprocess.run(
            command, env=lab.environment | environment, capture_output=True, text=True, timeout=300, check=False
        )

    refused = run(LIVEMON, "acq", "stop", "--target=ls240", LIVEMON_CONTROL_SECRET_FILE="")
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        "livemon: ls240 refuses to stop acq: it takes the control secret, write sudo livemon"
    )
    for action in ("stop", "start"):
        answer = run(LIVEMON, "acq", action, "--target=ls240")
        assert answer.returncode == 0, answer.stderr
    wait_for(
        lambda: (
            [(line["command"], line["outcome"]) for line in trail(lab) if line["agent"] == "ls240"][-3:]
            == [("stop", "accepted"), ("end", "succeeded"), ("start", "accepted")]
        ),
        "the trail of a stop, of the end of what the agent had started itself, and of a start",
    )
    shell = subprocess.run(
        [sys.executable, "-m", "livemon.client.upstream", "shell", "control", "--simple"],
        env=lab.environment,
        input="print(client.set_still_output(output=10))\n",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "without error" in shell.stdout, shell.stdout + shell.stderr
