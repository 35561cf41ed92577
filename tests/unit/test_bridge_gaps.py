"""The gaps of the archive as the bridge and the operator's commands tell them."""

import json
import time

import pytest
from click.testing import CliRunner
from memory_source import MemorySource

from livemon.bridge.app import create_app
from livemon.client import bridge
from livemon.client.problems import losses
from livemon.commands.gaps import command
from livemon.hkarchive import gaps
from livemon.hkarchive.gaps import Gap, GapList

THEN = 1_700_006_400.0
FEED = "observatory.ls240.feeds.temperatures"
OUTAGE = Gap(FEED, THEN + 10.25, THEN + 40.5, 2178, gaps.ROUTER)
FOREIGN = Gap("observatory.other.feeds.x", THEN + 100, THEN + 130, None, gaps.DISCONNECTED)
PAUSE = Gap(FEED, THEN + 200, THEN + 220, 0, gaps.RESTARTED)


@pytest.fixture
def client(tmp_path):
    GapList(tmp_path).add([OUTAGE, FOREIGN, PAUSE])
    return create_app(MemorySource([]), archive=tmp_path).test_client()


def listed(client, **asked):
    answer = client.get("/api/gaps", query_string=asked)
    assert answer.status_code == 200, answer.text
    return answer.json["gaps"]


def test_gaps_are_listed_by_time(client):
    assert listed(client, **{"from": THEN, "until": THEN + 1000}) == [
        {"begin": THEN + 10.25, "end": THEN + 40.5, "feed": FEED, "reason": "the router was away", "samples": 2178},
        FOREIGN.as_dict(),
        PAUSE.as_dict(),
    ]
    assert listed(client, **{"from": THEN + 30, "until": THEN + 50}) == [OUTAGE.as_dict()], "in the midst of it"
    assert listed(client) == [], "of the last day"
    answer = client.get("/api/gaps", query_string={"from": THEN, "until": "soon"})
    assert (answer.status_code, list(answer.json)) == (400, ["error"])


def test_without_an_archive_there_are_none(tmp_path):
    assert listed(create_app(MemorySource([])).test_client(), **{"from": 1}) == []
    assert listed(create_app(MemorySource([]), archive=tmp_path / "none").test_client(), **{"from": 1}) == []


def test_a_gap_that_comes_later_is_there_at_the_next_look(client, tmp_path):
    asked = {"from": THEN, "until": THEN + 1000}
    assert len(listed(client, **asked)) == 3
    GapList(tmp_path).add([Gap(FEED, THEN + 300, THEN + 301, 1, gaps.UNKNOWN)])
    assert len(listed(client, **asked)) == 4


def test_gaps_are_marks_in_plots(client):
    answer = client.get("/events/get_data", query_string={"from": THEN, "until": THEN + 1000})
    assert [(each["when"], each["what"], each["tags"]) for each in answer.json] == [
        (THEN + 10, "ls240 gap", ["archive", "gap", "ls240"]),
        (THEN + 100, "other gap", ["archive", "gap", "other"]),
    ]
    assert answer.json[0]["data"] == (
        "temperatures: 2178 samples are not in the archive, 2023-11-15 00:00:10 to 2023-11-15 00:00:40 UTC: the router was away"
    )
    assert answer.json[1]["data"].startswith("x: an unknown number of samples is not in the archive")
    content = {"range": {"from": THEN + 20, "to": THEN + 1000}, "annotation": {"name": "x", "query": "ls240"}}
    (mark,) = client.post("/annotations", json=content).json
    assert (mark["time"], mark["tags"]) == (1000 * (THEN + 20), ["archive", "gap"]), "one that began before"


@pytest.fixture
def run(client, monkeypatch):
    def ask(_method, path, _key, params):
        answer = client.get(path, query_string=params)
        return answer.json, answer.headers

    monkeypatch.setattr(bridge, "_ask", ask)
    return lambda *arguments: CliRunner().invoke(command, arguments)


def test_the_command_lists_them(run):
    result = run("--from", str(THEN), "--to", str(THEN + 1000))
    assert result.exit_code == 0
    (first,) = [line for line in result.output.splitlines() if "2178" in line]
    assert first.split() == [
        *(FEED, "2023-11-15", "00:00:10", "2023-11-15", "00:00:40", "30.2", "s", "2178"),
        *gaps.ROUTER.split(),
    ]
    assert "unknown" in result.output
    found = json.loads(run("--json", "--from", str(THEN)).output)
    assert found == [gap.as_dict() for gap in (OUTAGE, FOREIGN, PAUSE)]
    assert run().output == "the archive has no gaps in this interval\n"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], []),
        ([PAUSE, Gap(FEED, 1.0, 2.0, 9, gaps.STOPPED)], []),
        (
            [OUTAGE, FOREIGN],
            ["The archive lacks 2178 samples of 2 feeds, of the last day: livemon gaps lists them."],
        ),
        (
            [FOREIGN],
            ["The archive lacks an unknown number of samples of 1 feed, of the last day: livemon gaps lists them."],
        ),
    ],
)
def test_status_says_that_samples_are_missing(found, expected):
    assert list(losses([gap.as_dict() for gap in found])) == expected


def test_ten_thousand_gaps_are_answered_at_once(tmp_path):
    many = GapList(tmp_path)
    many.add(Gap(FEED, THEN + n, THEN + n + 0.5, 1, gaps.UNKNOWN) for n in range(10_000))
    client = create_app(MemorySource([]), archive=tmp_path).test_client()
    listed(client, **{"from": THEN})
    began = time.process_time()
    assert len(listed(client, **{"from": THEN, "until": THEN + 100})) == 100
    assert time.process_time() - began < 0.5
