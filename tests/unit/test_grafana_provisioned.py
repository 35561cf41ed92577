"""Whether Grafana has what it was given: what is told when it lacks a thing, has one too many, or lets Editors delete the alarms."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import grafana_files
import pytest
import yaml
from grafana_stand_in import PASSWORD, StandIn, stand_in
from paths import ROOT

from livemon.errors import ConfigError, GrafanaError
from livemon.grafana import given, provisioned
from livemon.grafana.client import Grafana
from livemon.installation import certificates

pytestmark = pytest.mark.slow

FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "192.0.2.7"}
FRIDGE |= {"channels": {2: {"label": "4K plate", "alarm_above_K": 5.0}}}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ", "channels": {1: {"label": "Still", "alarm_above_K": 2}}}
CONTACTS = [{"name": "on call", "email": "a@lab.example"}, {"name": "hook", "webhook": "http://192.0.2.8/$HOME"}]
INVENTORY = {
    "instruments": [FRIDGE, DIODES],
    "notifications": {"contact_points": CONTACTS, "routes": [{"severity": "critical", "to": ["on call", "hook"]}]},
    "dead_mans_switch": True,
}
SMALLER = {"instruments": [FRIDGE], "notifications": {"contact_points": CONTACTS[:1]}}


@pytest.fixture(scope="module")
def bridge() -> Iterator[str]:
    with grafana_files.bridge() as address:
        yield address


@pytest.fixture
def files(tmp_path: Path, bridge: str) -> Path:
    """The role's files for the inventory."""
    grafana_files.write(tmp_path / "etc", INVENTORY, bridge=bridge)
    return tmp_path / "etc"


@contextmanager
def running(files: Path, **environment: str) -> Iterator[tuple[Grafana, StandIn]]:
    data = files.parent / "data"
    data.mkdir(exist_ok=True)
    with stand_in(data, {"GF_PATHS_PROVISIONING": str(files / "config")} | environment) as container:
        yield Grafana(container.url, PASSWORD), container


def change(files: Path, text: str, other: str) -> None:
    path = files / "config/alerting/livemon.yml"
    assert text in path.read_text()
    path.write_text(path.read_text().replace(text, other, 1))


def test_a_grafana_that_has_everything_has_no_faults(files):
    wanted = given.read(files)
    with running(files) as (grafana, _):
        assert {fault.split()[0] for fault in provisioned.faults(grafana, wanted)} == {"every"}
        assert provisioned.protect(grafana, wanted) == ["livemon", "livemon watchdog"]
        assert provisioned.faults(grafana, wanted) == []
        assert provisioned.protect(grafana, wanted) == []
        assert len(provisioned.rules(grafana)) == len(wanted.rules) > 10
        assert wanted.dashboards["livemon-overview"] == "Overview"


def test_two_dollars_are_one(files):
    path = files / "config/alerting/livemon.yml"
    document = yaml.load(path.read_text(), yaml.CSafeLoader)
    document["groups"][0]["rules"][0] |= {"title": "Costs $$5", "labels": {"label": "$$5"}}
    path.write_text(yaml.safe_dump(document))
    wanted = given.read(files)
    with running(files) as (grafana, _):
        provisioned.protect(grafana, wanted)
        assert provisioned.faults(grafana, wanted) == []
        assert "Costs $5" in {rule["title"] for rule in provisioned.rules(grafana).values()}


def test_what_the_inventory_has_no_more_is_gone_after_the_next_start(files, bridge):
    with running(files) as (grafana, _):
        provisioned.protect(grafana, given.read(files))
        before = len(provisioned.rules(grafana))
    grafana_files.write(files, SMALLER, bridge=bridge)
    wanted = given.read(files)
    with running(files) as (grafana, _):
        assert provisioned.faults(grafana, wanted) == []
        assert len(provisioned.rules(grafana)) < before
        # The folder stays, and so do the permissions that it was given.
        assert "livemon watchdog" in {folder["title"] for folder in grafana.get_json("/api/folders")}


def test_rules_that_grafana_keeps_are_named(files, bridge):
    """Grafana 13.2 was reported to keep what deleteRules names, and its API deletes no rule that came from a file."""
    with running(files):
        pass
    grafana_files.write(files, SMALLER, bridge=bridge)
    with running(files, STAND_IN="keeps-rules") as (grafana, _):
        faults = provisioned.faults(grafana, given.read(files))
        assert any(
            fault.startswith("still there, though the inventory has it no more and Grafana was told")
            for fault in faults
        )
        assert "livemon-rule-ls240" in " ".join(faults)
        with pytest.raises(GrafanaError, match="needs 'file'"):
            grafana.delete("/api/v1/provisioning/alert-rules/livemon-watchdog")


def test_what_no_file_names_any_more_is_removed_by_one(files, bridge):
    """A database that was brought back has the alarms of its own time."""
    with running(files) as (grafana, _):
        assert provisioned.left_over(grafana, given.read(files)) == {}
    alarms = files / "config/alerting/livemon.yml"
    for smaller in (SMALLER, {"instruments": [FRIDGE]}):
        alarms.unlink()
        grafana_files.write(files, smaller, bridge=bridge)
        wanted = given.read(files)
        with running(files) as (grafana, _):
            document = provisioned.left_over(grafana, wanted)
            assert ("resetPolicies" in document) is (wanted.policy is None)
            (files / "config/alerting/left-over.yml").write_text(json.dumps(document))
            provisioned.reload_alerting(grafana)
            (files / "config/alerting/left-over.yml").unlink()
            assert provisioned.left_over(grafana, wanted) == {}
            provisioned.protect(grafana, wanted)
            assert provisioned.faults(grafana, wanted) == []


def broken_rule(files: Path) -> None:
    change(files, "noDataState: OK", "noDataState: Perhaps")


def half_a_link(files: Path) -> None:
    path = files / "config/alerting/livemon.yml"
    document = yaml.load(path.read_text(), yaml.CSafeLoader)
    rule = next(rule for rule in document["groups"][-2]["rules"] if "__panelId__" in rule["annotations"])
    del rule["annotations"]["__panelId__"]
    path.write_text(yaml.safe_dump(document))


def no_duration(files: Path) -> None:
    change(files, "for: 0s", "for: soon")


def same_title(files: Path) -> None:
    path = files / "config/alerting/livemon.yml"
    document = yaml.load(path.read_text(), yaml.CSafeLoader)
    first, second = document["groups"][0]["rules"][:2]
    second["title"] = first["title"]
    path.write_text(yaml.safe_dump(document))


def nobody_there(files: Path) -> None:
    change(files, "receiver: on call", "receiver: off call")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (broken_rule, "noDataState"),
        (half_a_link, "both annotations __dashboardUid__ and __panelId__ must be specified"),
        (no_duration, "not a valid duration string"),
        (same_title, "two rules of one folder"),
        (nobody_there, "the receiver 'off call' does not exist"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_the_stand_in_refuses_what_grafana_refuses(files, spoil, words):
    spoil(files)
    with pytest.raises(AssertionError, match=words), running(files):
        pass
    # From 13 on it listens first, and then ends.
    with running(files, STAND_IN_VERSION="13.0.1") as (_, container):
        said = container.last_words()
        assert container.process.returncode == 1
    assert "Error: ✗ " in said.splitlines()[-1]
    assert words in said


def test_a_dashboard_called_like_the_folder_stops_9_4_and_is_told_before(files, bridge):
    grafana_files.write(files, INVENTORY, bridge=bridge, release=(9, 4))
    with running(files, STAND_IN_VERSION="9.4.0") as (grafana, container):
        container.make_dashboard(uid="mine", title="Livemon")
        assert any("the dashboard Livemon (mine)" in fault for fault in provisioned.faults(grafana, given.read(files)))
    with (
        pytest.raises(AssertionError, match="expected folder, found dashboard"),
        running(files, STAND_IN_VERSION="9.4.0"),
    ):
        pass
    with running(files, STAND_IN_VERSION="12.0.2") as (grafana, _):
        assert not any("mine" in fault for fault in provisioned.faults(grafana, given.read(files)))


def test_a_grafana_without_graphite_is_told_in_words(files):
    with running(files, STAND_IN="no-graphite") as (grafana, _):
        faults = provisioned.faults(grafana, given.read(files))
    assert any(
        fault.startswith("this Grafana has no plug-in graphite") and "grafana_image" in fault for fault in faults
    )


def test_a_bridge_that_does_not_answer_is_told(files):
    grafana_files.write(files, INVENTORY, bridge="http://127.0.0.1:9")
    with running(files) as (grafana, _):
        faults = provisioned.faults(grafana, given.read(files))
    assert any("the data source livemon does not answer Grafana" in fault and "refused" in fault for fault in faults)


LACKS = {
    "an alarm": (
        "DELETE FROM rule WHERE uid = 'livemon-watchdog'",
        r"missing: the alarm Watchdog \(livemon-watchdog\)",
    ),
    "all alarms": ("DELETE FROM rule", r"missing: the alarms .*, \d\d more"),
    "another query": (
        "UPDATE rule SET content = replace(content, 'constantLine(1)', 'constantLine(0)') WHERE uid = 'livemon-watchdog'",
        r"not what the inventory says: the alarm Watchdog",
    ),
    "another label": (
        'UPDATE rule SET content = replace(content, \'"severity": "none"\', \'"severity": "warning"\')',
        "not what the inventory says: the alarm",
    ),
    "a dashboard": ("DELETE FROM dashboard WHERE uid = 'livemon-overview'", "missing: the dashboard Overview"),
    "a contact point": ("DELETE FROM contact_point WHERE uid = 'livemon-watchdog'", "missing: the contact point"),
    "the policies": ("DELETE FROM policy", "the notification policies are not those of the inventory"),
    "the data source": ("DELETE FROM data_source", "the data source livemon is missing"),
    "another data source": ('UPDATE data_source SET content = \'{"type": "loki"}\'', "of the kind loki, not graphite"),
    "the folder": ("DELETE FROM folder WHERE title = 'livemon'", "missing: the folder livemon"),
}


@pytest.mark.parametrize("lack", LACKS)
def test_what_is_missing_is_named(files, lack):
    statement, words = LACKS[lack]
    wanted = given.read(files)
    with running(files) as (grafana, container):
        provisioned.protect(grafana, wanted)
        # A dashboard comes back from its file within a second.
        (files / "config/dashboards/livemon.yml").write_text("providers: []")
        with closing(sqlite3.connect(container.data / "grafana.db", timeout=30)) as database, database:
            database.execute(statement)
        (fault,) = provisioned.faults(grafana, wanted)
    assert re.search(words, fault), fault


def test_a_team_keeps_what_it_was_given(files):
    wanted = given.read(files)
    with running(files) as (grafana, _):
        folders = {folder["title"]: folder["uid"] for folder in grafana.get_json("/api/folders")}
        path = f"/api/folders/{folders['livemon']}/permissions"
        items = [{"role": "Editor", "permission": 2}, {"teamId": 3, "permission": 2}, {"userId": 0, "permission": 1}]
        grafana.post(path, {"items": items})
        provisioned.protect(grafana, wanted)
        roles = [{"role": role, "permission": 1} for role in ("Viewer", "Editor")]
        assert grafana.get_json(path) == [*roles, {"teamId": 3, "permission": 2}]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("faults", "took"),
    [
        ([[]], 10.0),
        ([["a"], ["a"], []], 14.0),
        ([[], [], ["it has ended"], []], 16.0),
    ],
    ids=["well at once", "well later", "well, away, and well again"],
)
def test_all_must_be_well_for_a_while(faults, took):
    clock, looks = Clock(), iter(faults)
    last = faults[-1]
    provisioned.settle(lambda: next(looks, last), 60.0, 10.0, clock=clock, sleep=clock.sleep)
    assert clock.now == took


NOW = dt.datetime(2026, 11, 30, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("started", "patience", "seconds"),
    [
        ("2026-11-30T14:59:55.123456789Z", 60.0, 10.0),
        ("2026-11-30T14:58:55.123456789Z", 60.0, 0.0),
        ("2026-11-30T15:58:55+01:00", 60.0, 0.0),
        ("2026-11-30T15:10:00Z", 60.0, 10.0),
        (None, 60.0, 10.0),
        (None, 0.0, 0.0),
    ],
)
def test_what_has_run_for_longer_than_it_is_waited_for_need_not_be_watched(started, patience, seconds):
    """Each run of the playbook watched a Grafana that had run for months for ten seconds."""
    moment = started and dt.datetime.fromisoformat(started)
    assert provisioned.seconds_steady(moment, patience, NOW) == seconds


def test_patience_ends_with_what_is_left():
    clock = Clock()

    def look() -> list[str]:
        if clock.now < 30:
            raise GrafanaError("Grafana does not answer")
        return ["missing: the alarm A", "missing: the dashboard B"]

    with pytest.raises(GrafanaError, match=r"waited 60 s for it\): missing: the alarm A; missing: the dashboard B"):
        provisioned.settle(look, 60.0, clock=clock, sleep=clock.sleep)
    assert clock.now == 60


def test_a_wrong_password_is_tried_once():
    """Grafana locks a user out after five attempts."""
    attempts = []

    def look() -> list[str]:
        attempts.append(1)
        raise GrafanaError("another password", 401)

    with pytest.raises(GrafanaError, match="another password"):
        provisioned.settle(look, 60.0)
    assert len(attempts) == 1


def test_a_directory_of_something_else_is_told(tmp_path):
    with pytest.raises(ConfigError, match="holds no data source for Grafana"):
        given.read(tmp_path)
    grafana_files.write(tmp_path, INVENTORY)
    (tmp_path / "lab/spoilt.json").write_text(json.dumps({"title": "no uid"}))
    with pytest.raises(ConfigError, match=r"spoilt.json is not a dashboard with a uid and a title"):
        given.read(tmp_path)


# What Docker asks

HEALTHY = (ROOT / "roles/grafana/files/healthy.bash").read_text()


CURL = shutil.which("curl")


def healthy(port: str, has_curl: bool, **environment: str) -> subprocess.CompletedProcess:
    """Ask as Docker does in the container of an image with curl, or without."""
    return subprocess.run(
        [shutil.which("bash"), "-c", HEALTHY, "monitor.lab"],
        env={"PATH": str(Path(CURL).parent) if has_curl else "/nowhere", "GF_SERVER_HTTP_PORT": port, **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.fixture
def https(tmp_path: Path) -> dict[str, str]:
    for directory in ("its", "another"):
        list(certificates.ensure(tmp_path / directory, [certificates.Server(names=("monitor.lab",))]))
    server = tmp_path / "its/server"
    files = {"GF_SERVER_CERT_FILE": str(server / "server.crt"), "GF_SERVER_CERT_KEY": str(server / "server.key")}
    return {"GF_SERVER_PROTOCOL": "https"} | files


with_and_without_curl = pytest.mark.parametrize(
    "has_curl", [False, pytest.param(True, marks=pytest.mark.skipif(CURL is None, reason="curl is not installed"))]
)


@with_and_without_curl
@pytest.mark.parametrize("speaks", ["http", "https"])
def test_docker_sees_whether_grafana_answers(tmp_path, https, speaks, has_curl):
    environment = https if speaks == "https" else {}
    with stand_in(tmp_path, environment) as container:
        port = container.url.rpartition(":")[2]
        done = healthy(port, has_curl, **environment)
        assert (done.returncode, done.stderr) == (0, "")
    assert healthy(port, has_curl, **environment).returncode != 0


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
def test_docker_sees_another_certificate(tmp_path, https):
    with stand_in(tmp_path, https) as container:
        port = container.url.rpartition(":")[2]
        shown = https | {"GF_SERVER_CERT_FILE": str(tmp_path / "another/server/server.crt")}
        assert healthy(port, True, **shown).returncode != 0


@with_and_without_curl
def test_docker_sees_a_grafana_without_its_database(tmp_path, has_curl):
    with stand_in(tmp_path) as container, closing(sqlite3.connect(tmp_path / "grafana.db", timeout=30)) as database:
        database.execute("DROP TABLE user")
        done = healthy(container.url.rpartition(":")[2], has_curl)
    assert done.returncode == 1
