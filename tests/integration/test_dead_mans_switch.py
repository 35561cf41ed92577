"""The dead-man's switch against a real router, agents, nodes and bridge, and somebody outside who takes pings."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass

import pytest
import requests
from appliance import LIVEMON, Appliance
from ocs_site import Site
from processes import process
from receiver import Receiver, receiver
from waiting import wait_for

NODES = (
    {"kind": "feed", "name": "FAKE", "target": "fake1", "feeds": ["false_temperatures"], "description": "Fake data"},
    {"kind": "agents", "name": "agents", "description": "OCS agents"},
)
PULSE = {"status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "Watchdog"}}]}
TOKEN = "0b6f-secret"
FAKE_DATA = ("FakeDataAgent", ["--num-channels", 2], ["--sample-rate", 4], ["--mode", "acq"])


@dataclass
class Guarded:
    """An appliance with a switch, and who is pinged."""

    appliance: Appliance
    site: Site
    outside: Receiver
    switch: subprocess.Popen

    @property
    def log(self) -> str:
        return (self.appliance.directory / "deadman.log").read_text()

    @property
    def said_last(self) -> str:
        """The last conclusion of a turn; that the bridge could not be told of one may stand below it."""
        sentences = [line.partition(" ")[2] for line in self.log.splitlines()]
        return next((each for each in reversed(sentences) if each.startswith(("all is well", "not pinging"))), "")

    def pulse(self) -> None:
        headers = {"Authorization": f"Bearer {self.appliance.pulse_secret.read_text()}"}
        answer = requests.post(f"{self.appliance.url}/api/watchdog", json=PULSE, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()) == (200, {"pulse": True})

    def wait_for_a_ping(self, seconds: float = 60.0) -> None:
        begun = time.time()
        well = "all is well: pinging"
        # One that was on its way while something went wrong is none.
        wait_for(
            lambda: self.outside.since(begun) and self.said_last == well,
            "a ping because all is well",
            seconds,
            state=self.state,
        )

    def state(self) -> str:
        return f"the switch's log ends with {self.log.splitlines()[-5:]}"

    def wait_for_silence(self, reason: str, seconds: float = 60.0) -> None:
        wait_for(
            lambda: self.said_last.startswith("not pinging: ") and reason in self.said_last,
            f"the switch to say {reason!r}",
            seconds,
        )
        begun = time.time()
        time.sleep(3)
        assert not self.outside.since(begun)

    def status(self) -> subprocess.CompletedProcess:
        environment = os.environ | self.site.environment | {"LIVEMON_BRIDGE_URL": self.appliance.url, "COLUMNS": "200"}
        return subprocess.run(
            [LIVEMON, "status"], env=environment, capture_output=True, text=True, timeout=300, check=False
        )


@pytest.fixture(scope="module")
def guarded(router, tmp_path_factory):
    directory = tmp_path_factory.mktemp("deadman")
    site = Site(directory, router)
    site.write(registry=("RegistryAgent",), fake1=FAKE_DATA)
    with receiver() as outside, Appliance(directory, router) as appliance, site.agent("registry"):
        (directory / "url").write_text(f"{outside.url}/ping/{TOKEN}\n")
        appliance.write_nodes(*NODES)
        appliance.start()
        environment = os.environ | {
            "LIVEMON_BRIDGE_URL": appliance.url,
            "LIVEMON_DEADMAN_URL_FILE": str(directory / "url"),
            "LIVEMON_PULSE_SECRET_FILE": str(appliance.pulse_secret),
            "LIVEMON_DEADMAN_EVERY": "1",
            "LIVEMON_DEADMAN_TURN": str(directory / "turn"),
            "PYTHONUNBUFFERED": "1",
            "no_proxy": "*",
        }
        log = directory / "deadman.log"
        with process(LIVEMON, "deadman", log=log, env=environment) as switch:
            site.running("registry", "main")
            yield Guarded(appliance, site, outside, switch)
        assert switch.returncode == 0
        assert TOKEN not in log.read_text()
        assert appliance.pulse_secret.read_text() not in log.read_text() + appliance.log("bridge")
        assert "Traceback" not in log.read_text()


def test_it_is_silent_until_all_is_well_and_alarms_would_arrive(guarded):
    guarded.wait_for_silence("node FAKE has no values")
    with guarded.site.agent("fake1"):
        guarded.appliance.wait_for_values("FAKE")
        wait_for(lambda: guarded.appliance.get("/api/health")[1]["problems"] == [], "the appliance to be well")
        unheard = "the bridge has not heard Grafana's Watchdog alarm since it was started"

        def fault() -> str | None:
            return guarded.appliance.get("/api/health")[1]["dead_mans_switch"].get("fault")

        wait_for(lambda: fault() == unheard, "a turn of the switch that finds the appliance well")
        time.sleep(2)
        assert not guarded.outside.received
        guarded.pulse()
        guarded.wait_for_a_ping()
        assert {each.path for each in guarded.outside.received} == {f"/ping/{TOKEN}"}
        turn = guarded.appliance.directory / "turn"
        noted = turn.stat().st_mtime
        wait_for(lambda: turn.stat().st_mtime > noted, "the next turn to be noted")

        # After three turns of a second each that are late, it says so.
        answer = wait_for(lambda: (now := guarded.status()).returncode == 0 and now, "livemon status to be content")
        assert answer.stderr == ""
        assert "Dead-man's switch: pinged" in answer.stdout

        guarded.outside.status = 500
        refused = "all is well here, but the ping does not arrive: the answer is HTTP status 500"
        wait_for(lambda: guarded.said_last == refused, "the switch to say that pings are refused")
        sentence = "livemon: the dead-man's switch does not ping: the answer is HTTP status 500\n"
        wait_for(lambda: guarded.status().stderr == sentence, "livemon status to say so", 60, every=1)
        guarded.outside.status = 200
        guarded.wait_for_a_ping()
    # The agent has gone with the block.
    guarded.wait_for_silence("agent fake1 is away: see docker logs ocs_fake1")


@pytest.mark.parametrize("part", ["router", "nodes", "hub", "bridge"])
def test_it_is_silent_while_a_part_is_away_and_comes_back(guarded, part):
    appliance, router = guarded.appliance, guarded.appliance.router
    reasons = {
        "router": "the bridge has no connection to the router",
        "nodes": "node FAKE: ",
        "hub": "the hub has not answered for ",
        "bridge": f"no bridge at {appliance.url}",
    }
    with guarded.site.agent("fake1", log="fake1-again"):
        # Until the former is missed, all seems well without it.
        guarded.site.running("fake1", "acq")
        guarded.pulse()
        guarded.wait_for_a_ping()
        router.stop() if part == "router" else appliance.stop(part)
        try:
            guarded.wait_for_silence(reasons[part], 90)
        finally:
            router.start() if part == "router" else appliance.start(part)
        if part == "bridge":
            guarded.wait_for_silence("the bridge has not heard Grafana's Watchdog alarm since it was started")
            guarded.pulse()
        guarded.wait_for_a_ping(90)


def test_a_viewer_of_grafana_can_read_and_not_keep_the_switch_content(guarded):
    """As the proxy of Grafana's data source hands a viewer's requests on."""
    switch = guarded.appliance.get("/api/health")[1]["dead_mans_switch"]["heard"]
    assert switch is not None
    pulse = guarded.appliance.get("/api/health")[1]["alarm_path"]["heard"]
    by_proxy = {"User-Agent": "Grafana/9.4.0", "X-Forwarded-For": "192.0.2.7", "Authorization": "Bearer guessed"}
    told = {"pinged": time.time(), "every": 60, "fault": None}
    for method, path, body in (
        ("POST", "watchdog", PULSE),
        ("POST", "dead_mans_switch", told),
        ("DELETE", "dead_mans_switch", None),
    ):
        url = f"{guarded.appliance.url}/api/{path}"
        answer = requests.request(method, url, json=body, headers=by_proxy, timeout=10)
        assert answer.status_code == 403
        assert "one can only read" in answer.json()["error"]
    now = guarded.appliance.get("/api/health")[1]
    assert now["alarm_path"]["heard"] == pulse
    assert now["dead_mans_switch"]["every"] == 1.0


def test_a_switch_that_has_another_secret_says_so(guarded):
    directory = guarded.appliance.directory
    (directory / "guess").write_text("another one")
    environment = os.environ | {
        "LIVEMON_BRIDGE_URL": guarded.appliance.url,
        "LIVEMON_DEADMAN_URL_FILE": str(directory / "url"),
        "LIVEMON_PULSE_SECRET_FILE": str(directory / "guess"),
        "LIVEMON_DEADMAN_EVERY": "1",
        "PYTHONUNBUFFERED": "1",
    }
    log = directory / "another.log"
    with process(LIVEMON, "deadman", log=log, env=environment):
        sentence = "the bridge cannot be told: this request changes the bridge's state: send the secret"
        wait_for(lambda: sentence in log.read_text(), "the switch to say that it is refused")
        time.sleep(3)
        assert log.read_text().count(sentence) == 1


@pytest.mark.parametrize(("secret", "code"), [("pulse", 0), ("guess", 1)])
def test_the_bridge_forgets_a_switch_for_who_has_the_secret(guarded, secret, code):
    environment = os.environ | {
        "LIVEMON_BRIDGE_URL": guarded.appliance.url,
        "LIVEMON_PULSE_SECRET_FILE": str(guarded.appliance.directory / secret),
    }
    answer = subprocess.run(
        [LIVEMON, "deadman", "--forget"], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert answer.returncode == code, answer.stderr
    assert ("this request changes the bridge's state" in answer.stderr) is bool(code)


def test_a_secret_that_is_replaced_counts_from_the_next_turn_on(guarded):
    guarded.appliance.pulse_secret.write_text("a-new-pulse-secret")
    replaced = time.time()

    def heard() -> float:
        return guarded.appliance.get("/api/health")[1]["dead_mans_switch"]["heard"] or 0

    wait_for(lambda: heard() > replaced + 1, "the switch to be heard with the new secret")


def test_a_new_address_counts_from_the_next_turn_on(guarded):
    file = guarded.appliance.directory / "url"
    with guarded.site.agent("fake1", log="fake1-at-last"), receiver() as another:
        guarded.pulse()
        guarded.wait_for_a_ping()
        file.write_text(f"{another.url}/elsewhere/{TOKEN}")
        wait_for(lambda: another.received, "a ping at the new address")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "livemon: the environment variable LIVEMON_DEADMAN_URL_FILE is not set\n"),
        (
            {"LIVEMON_DEADMAN_EVERY": "often"},
            "livemon: the environment variable LIVEMON_DEADMAN_EVERY is 'often': write a number of seconds, for example 60\n",
        ),
        (
            {"LIVEMON_DEADMAN_METHOD": "PUT"},
            "livemon: the environment variable LIVEMON_DEADMAN_METHOD is 'PUT': write GET or POST\n",
        ),
        (
            {"LIVEMON_DEADMAN_URL_FILE": "/nothing/there"},
            "livemon: the environment variable LIVEMON_DEADMAN_URL_FILE is '/nothing/there': no such file or directory\n",
        ),
    ],
)
def test_a_mistake_in_the_environment_is_told(environment, sentence):
    answer = subprocess.run(
        [LIVEMON, "deadman"], env=os.environ | environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert (answer.returncode, answer.stderr) == (1, sentence)
