"""Which agents a run waits for, which of them publish, and in which words it fails for the others."""

from __future__ import annotations

import json

import pytest

from plugins.plugin_utils.host import publishing
from plugins.plugin_utils.host.publishing import Awaited, Container, Seen
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.rendering.awaited import awaited

NOW = 1_800_000_000.0
FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"}
FAKE = {"agent_class": "FakeDataAgent", "id": "fake1", "feeds": ["false_temperatures"]}
CONTROL = Awaited("control", "Lake Shore 372, serial LSA22YG", ("temperatures",))
FAKE1 = Awaited("fake1", "FakeDataAgent", ("false_temperatures", "texts"))
SUPPLY = Awaited("psu", "ScpiPsuAgent")
RUNNING = Container("running", NOW - 60)


def field(path: str, age: float | None, value: object = 1.0) -> dict:
    return {"path": path, "value": value, "age": age, "time": None if age is None else NOW - age}


def seen(*fields: dict, connected: bool = True, silent_after: float | None = 120.0, **containers: Container) -> Seen:
    node = {"name": "x", "error": None, "silent_after": silent_after, "fields": list(fields)}
    status = {"time": NOW, "router": {"connected": connected}, "nodes": [node]}
    return Seen(status, {f"ocs_{name}": each for name, each in containers.items()})


def heartbeat(agent: str, age: float = 1.0, *, degraded: bool = False, connected: bool = True) -> list[dict]:
    return [
        field(f"observatory.{agent}.agent.connected", age, float(connected)),
        field(f"observatory.{agent}.agent.degraded", age, float(degraded)),
    ]


def publishes(agent: Awaited, now: Seen) -> bool:
    return publishing.missing([agent], now) == []


def failure(agent: Awaited, now: Seen, line: str = "") -> str:
    """Return the line about an agent, the second of the message."""
    absent = publishing.missing([agent], now)
    assert absent == [agent]
    return publishing.message(absent, 7, now, {agent.id: line}, 120.4).splitlines()[1]


def test_all_agents_are_awaited_but_those_whose_entry_says_otherwise():
    entries = awaited([FRIDGE], [FAKE, {"agent_class": "ScpiPsuAgent", "id": "psu"}])
    assert [(each["id"], each["feeds"]) for each in entries] == [
        ("control", ["temperatures"]),
        ("fake1", ["false_temperatures"]),
        ("psu", []),
        ("aggregator", []),
        ("registry", []),
    ]
    assert entries[0]["title"] == CONTROL.title
    off = {"wait_for_data": False}
    assert [each["id"] for each in awaited([FRIDGE | off], [FAKE | off])] == ["aggregator", "registry"]


@pytest.mark.parametrize(("setting", "entry"), [("instruments", FRIDGE), ("ocs_agents", FAKE)])
def test_the_key_of_an_entry_is_a_truth_value(setting, entry):
    settings = {"instruments": []}
    assert faults(settings | {setting: [entry | {"wait_for_data": False}]}) == []
    (fault,) = faults(settings | {setting: [entry | {"wait_for_data": "never"}]})
    assert fault.endswith(
        ".wait_for_data: 'never' is neither true nor false; write wait_for_data: false, or leave it out"
    )
    assert fault.startswith(f"{setting}[0] (id {entry['id']})")


def test_an_agent_with_feeds_publishes_once_one_of_them_has_a_sample():
    assert publishes(CONTROL, seen(field("observatory.control.feeds.temperatures.Channel_1_T", 3), control=RUNNING))
    assert publishes(FAKE1, seen(field("observatory.fake1.feeds.texts.state", 3, "idle"), fake1=RUNNING))
    # NaN, which JSON writes as null, is a sample: a sensor that is not connected is not an agent that does not publish.
    assert publishes(
        CONTROL, seen(field("observatory.control.feeds.temperatures.Channel_1_T", 3, None), control=RUNNING)
    )


@pytest.mark.parametrize(
    "path",
    [
        "observatory.control.feeds.temperatures.Channel_1_T",
        "observatory.fake1.feeds.other.a",
        "observatory.fake1.feeds.texts2.a",
        "observatory.fake12.feeds.texts.a",
    ],
)
def test_what_others_publish_and_feeds_that_are_not_listed_do_not_count(path):
    assert not publishes(FAKE1, seen(field(path, 3), *heartbeat("fake1"), fake1=RUNNING))


def test_samples_from_before_the_start_of_its_container_and_old_ones_do_not_count():
    """The data node has them from the archive: an agent that this run has broken would pass."""
    sample = "observatory.control.feeds.temperatures.Channel_1_T"
    assert not publishes(CONTROL, seen(field(sample, 61), control=RUNNING))
    old = Container("running", NOW - 90_000)
    assert not publishes(CONTROL, seen(field(sample, 121), control=old))
    assert publishes(CONTROL, seen(field(sample, 121), silent_after=600.0, control=old))
    assert publishes(CONTROL, seen(field(sample, 80_000), silent_after=None, control=old))


def test_an_agent_without_feeds_is_heard_by_its_heartbeat_after_ten_seconds():
    """One that ends three seconds after its start has sent a heartbeat or two."""
    assert publishes(SUPPLY, seen(*heartbeat("psu"), psu=RUNNING))
    assert publishes(SUPPLY, seen(*heartbeat("psu", 1), psu=Container("running", NOW - 11)))
    assert not publishes(SUPPLY, seen(*heartbeat("psu", 1), psu=Container("running", NOW - 10)))
    assert not publishes(SUPPLY, seen(*heartbeat("psu", connected=False), psu=RUNNING))
    assert not publishes(SUPPLY, seen(psu=RUNNING))


def test_nothing_publishes_while_the_bridge_does_not_answer():
    nothing = Seen(None, {"ocs_psu": RUNNING})
    assert publishing.missing([SUPPLY], nothing) == [SUPPLY]
    assert "docker logs sisock_grafana_http" in publishing.message([SUPPLY], 1, nothing, {}, 120.0)


def test_a_container_that_restarts_is_named_with_its_exit_status_and_last_line():
    line = "livemon: start-up task init of agent psu failed: timed out"
    again = Container("restarting", NOW - 5, exit_status=1, restarts=4)
    assert failure(SUPPLY, seen(psu=again), line) == (
        f"- psu (ScpiPsuAgent) exited with status 1 and was restarted 4 times: {line}"
    )
    # It runs again at the last look, and Docker has forgotten the exit status.
    runs = Container("running", NOW - 2, restarts=5)
    now = publishing.with_exits({"ocs_psu": runs, "ocs_a": RUNNING}, {"ocs_psu": again, "ocs_a": again})
    assert now["ocs_a"] == RUNNING
    expected = f"- psu (ScpiPsuAgent) exited with status 1 and was restarted 5 times: {line}"
    assert failure(SUPPLY, seen(psu=now["ocs_psu"]), line) == expected
    assert failure(SUPPLY, seen(psu=runs), line) == f"- psu (ScpiPsuAgent) exited and was restarted 5 times: {line}"


@pytest.mark.parametrize(
    ("fields", "container", "words"),
    [
        ([], None, "has no container ocs_control"),
        ([], Container("created", error="no such device"), "is not running, its container is created: no such device"),
        ([], Container("exited"), "is not running, its container is exited: its log is empty"),
        ([], Container("restarting", exit_status=137, out_of_memory=True), "used more memory than its container may"),
        ([], RUNNING, "is running, but sends no heartbeat"),
        (heartbeat("control", connected=False), RUNNING, "is running, but sends no heartbeat"),
        (
            heartbeat("control", degraded=True),
            RUNNING,
            "cannot do its work (degraded): is its instrument switched on",
        ),
        (heartbeat("control"), RUNNING, "is running, but has published nothing in its feed temperatures"),
        (
            [*heartbeat("control"), field("observatory.control.feeds.temperatures.Channel_1_T", 420)],
            # Restarted long ago: that is not why it does not publish now.
            Container("running", NOW - 90_000, restarts=3),
            "is running, but the newest sample of its feed temperatures is 420 s old",
        ),
    ],
)
def test_why_an_instrument_is_missing(fields, container, words):
    containers = {} if container is None else {"control": container}
    assert words in failure(CONTROL, seen(*fields, **containers))
    assert failure(CONTROL, seen(*fields, **containers)).startswith("- control (Lake Shore 372, serial LSA22YG) ")


def test_an_agent_that_has_only_just_started_and_several_feeds():
    just = Container("running", NOW - 5)
    assert "has not been running for 10 s" in failure(SUPPLY, seen(*heartbeat("psu"), psu=just))
    assert "nothing in its feeds false_temperatures, texts" in failure(FAKE1, seen(*heartbeat("fake1"), fake1=RUNNING))


def test_one_message_lists_all():
    now = seen(control=RUNNING)
    text = publishing.message([CONTROL, SUPPLY], 7, now, {"control": "Waiting for the instrument"}, 120.4)
    head, *each, advice = text.splitlines()
    assert head == "2 of 7 agents do not publish after 120 s."
    assert [line.split()[1] for line in each] == ["control", "psu"]
    assert each[0].endswith("The last line of its log: Waiting for the instrument")
    assert "wait_for_data: false" in advice
    assert publishing.message([SUPPLY], 7, now, {}, 60).startswith("1 of 7 agents does not publish after 60 s.")
    without = publishing.message([SUPPLY], 7, seen(connected=False), {}, 60)
    assert "no connection to the router: see docker logs sisock_crossbar" in without


def test_containers_as_docker_prints_them():
    lines = [
        ["/ocs_a", "running", "2026-12-01T00:00:05.25Z", "2026-12-01T00:00:04Z", 0, 2, False, ""],
        ["/ocs_b", "restarting", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 1, 1, True, "no such device"],
    ]
    found = publishing.containers_of("\n".join(map(json.dumps, lines)) + "\n")
    assert found["ocs_a"] == Container("running", 1796083205.25, 1796083204.0, 0, 2)
    assert found["ocs_b"].started < 0
    assert (found["ocs_b"].out_of_memory, found["ocs_b"].error) == (True, "no such device")
    assert publishing.containers_of("") == {}


LOG = """
2026-12-01T00:00:03.000000000Z 2026-12-01T00:00:03+0000 Launching
2026-12-01T00:00:04.000000001Z Traceback (most recent call last):
2026-12-01T00:00:04.000000002Z   File "agent.py", line 3, in main
2026-12-01T00:00:04.000000003Z     connect()
2026-12-01T00:00:04.000000004Z     ^^^^^^^
2026-12-01T00:00:04.000000005Z TimeoutError: timed out
2026-12-01T00:00:04.100000000Z\x20
2026-12-01T00:00:04.200000000Z -----
2026-12-01T00:00:05.900000000Z 2026-12-01T00:00:05+0000 Launching again
2026-12-01T00:00:06.000000000Z 2026-12-01T00:00:06+0000 session joined: {'authextra': {'x_cb_node': 'vm-1',
2026-12-01T00:00:06.000000001Z  'realm': 'test_realm'}
"""


def test_the_last_meaningful_line():
    """Of what comes from both streams, each in order, and without the times that Docker and OCS write before it."""
    lines = LOG.strip().splitlines()
    assert publishing.last_line(lines) == "Launching again"
    assert publishing.last_line(reversed(lines)) == "Launching again"
    assert publishing.last_line(lines, before=1796083205.8) == "TimeoutError: timed out"
    assert publishing.last_line(lines[:2]) == "Launching"
    assert publishing.last_line([]) == ""
    assert len(publishing.last_line([f"2026-12-01T00:00:03.000000000Z {'x' * 5000}"])) == publishing.LONGEST_LINE
