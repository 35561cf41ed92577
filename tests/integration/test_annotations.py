"""Joins and leaves of real agents and data nodes, as Grafana asks for them."""

from __future__ import annotations

import time

import pytest
from appliance import Appliance, problems
from ocs_site import Site
from waiting import wait_for

AGENTS = {"kind": "agents", "name": "agents", "description": "OCS agents"}
SENSORS = {"kind": "sensors", "name": "sensors", "description": "This machine"}


@pytest.fixture(scope="module")
def site(router, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("annotations"), router)
    options = (["--num-channels", 1], ["--sample-rate", 1], ["--mode", "acq"])
    site.write(**dict.fromkeys(("steady", "Passer-by"), ("FakeDataAgent", *options)))
    return site


@pytest.fixture(scope="module")
def appliance(site, router):
    with site.agent("steady"), Appliance(site.directory, router) as running:
        # One that comes after the node has listened for a while is marked.
        site.running("steady", "acq")
        running.write_nodes(AGENTS)
        running.start()
        running.wait_for_values("agents")
        # Until it has listened for a while, the node cannot know who has only just come.
        wait_for(lambda: len(running.times("agents::steady")) > 1, "the agents' node to have listened", 40)
        yield running
        for part in ("hub", "nodes", "bridge"):
            assert not problems(running.log(part)), running.log(part)


def marks(appliance, part_of_name):
    """What the plug-ins and Grafana's Graphite are told, each in its way, of the last minutes: it must be the same."""
    times = {"from": "-10min", "to": "now"}
    status, items = appliance.get("/annotations", {"range": times, "annotation": {"name": "a", "query": part_of_name}})
    assert status == 200, items
    target = {"target": "events", "payload": {"query": part_of_name}}
    _, (table,) = appliance.get("/query", {"range": times, "targets": [target]})
    rows = [[item["time"], item["title"], item["text"], item["tags"]] for item in items]
    told = table["rows"][: len(rows)]
    assert [row[1:] for row in told] == [row[1:] for row in rows]
    # To the distance of two samples of a thinned answer, which begins where the question does.
    assert [row[0] for row in told] == pytest.approx([row[0] for row in rows], abs=500)
    _, events = appliance.get("/events/get_data", **{"from": "-10min", "until": "now"})
    found = [event for event in events if part_of_name.lower() in event["what"].lower()]
    assert [event["what"] for event in found[: len(items)]] == [item["title"] for item in items]
    assert [event["when"] for event in found[: len(items)]] == pytest.approx([row[0] // 1000 for row in rows], abs=1)
    return [(item["title"], *item["tags"], item["time"] / 1000) for item in items]


def wait_for_titles(appliance, part_of_name, *titles):
    def there():
        found = marks(appliance, part_of_name)
        return [title for title, *_ in found] == list(titles) and found

    return wait_for(there, f"the annotations {', '.join(titles)}", 60)[-1]


def test_an_agent_that_comes_and_goes_is_marked_when_it_did(appliance, site):
    begin = time.time()
    with site.agent("Passer-by") as agent:
        *about, when = wait_for_titles(appliance, "passer", "Passer-by joined")
        assert about == ["Passer-by joined", "agent", "joined"]
        assert begin < when < time.time()
        asked = time.time()  # its heart may stop some time before its process ends
        agent.terminate()
        gone = time.time()
    *about, when = wait_for_titles(appliance, "passer", "Passer-by joined", "Passer-by left")
    assert about == ["Passer-by left", "agent", "left"]
    # After 5 s of silence, which the node looks for each second.
    assert asked < when < gone + 15
    assert marks(appliance, "steady") == []


def test_a_data_node_that_comes_and_goes_is_marked(appliance):
    begin = time.time()
    appliance.write_nodes(AGENTS, SENSORS)
    *about, when = wait_for_titles(appliance, "SENS", "sensors joined")
    assert about == ["sensors joined", "data node", "joined"]
    assert begin < when < time.time()
    appliance.write_nodes(AGENTS)
    wait_for_titles(appliance, "SENS", "sensors joined", "sensors left")
    # The other node may have come after the bridge, which is a mark, but before this test.
    meanwhile = [title for title, kind, _, when in marks(appliance, "") if kind == "data node" and when >= begin]
    assert meanwhile == ["sensors joined", "sensors left"]
