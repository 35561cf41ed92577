"""Dashboards on their way from Grafana into the inventory."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from grafana_stand_in import PASSWORD, stand_in

from livemon.commands.grafana import command
from livemon.errors import RequestError
from livemon.grafana.client import Grafana
from livemon.grafana.dashboards import adopt, adopt_folder, adopted_uid, classic, file_name, written


@pytest.fixture(scope="module")
def grafana(tmp_path_factory):
    """A stand-in with three dashboards, two of which have the same title."""
    with stand_in(tmp_path_factory.mktemp("grafana")) as running:
        running.make_dashboard(uid="abc", title="Cooldown of Mai 2026", tags=["lab"])
        running.make_dashboard(uid="one", title="Twice")
        running.make_dashboard(uid="two", title="Twice")
        yield Grafana(running.url, PASSWORD)


@pytest.mark.parametrize("wanted", ["abc", "Cooldown of Mai 2026"])
def test_a_dashboard_is_found_by_its_uid_or_title(grafana, wanted):
    model = adopt(grafana, wanted)
    assert model["uid"] == "lab-abc"
    assert model["tags"] == ["lab"]
    assert model["version"] == 1
    assert "id" not in model


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("Warmup", "no dashboard 'Warmup'; there are: Cooldown of Mai 2026, Twice, Twice"),
        ("Twice", "by its uid: one, two"),
    ],
)
def test_one_that_cannot_be_meant_is_refused(grafana, wanted, sentence):
    with pytest.raises(RequestError, match=sentence):
        adopt(grafana, wanted)


def test_a_folder_is_adopted_whole(grafana):
    assert sorted(model["uid"] for model in adopt_folder(grafana, "General")) == ["lab-abc", "lab-one", "lab-two"]
    with pytest.raises(RequestError, match="no dashboard is in a folder 'Warm'; there are: General"):
        list(adopt_folder(grafana, "Warm"))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"dashboard": {"title": "New", "elements": {}, "layout": {}}}, "'New' is of the schema v2.*Classic"),
        ({"dashboard": {"spec": {"title": "New", "elements": {}}}}, "'New' is of the schema v2"),
        (
            {
                "dashboard": {"uid": "livemon-overview", "title": "Overview", "panels": []},
                "meta": {"provisioned": True, "provisionedExternalId": "overview.json"},
            },
            r"comes from a file already \(overview\.json\).*Save as",
        ),
    ],
)
def test_what_no_file_can_hold_is_refused(answer, sentence):
    with pytest.raises(RequestError, match=sentence):
        classic(answer)


def test_the_same_dashboard_has_the_same_file_every_time():
    once = classic({"dashboard": {"uid": "a", "title": "T", "panels": [], "id": 3, "version": 7}})
    again = classic({"dashboard": {"version": 9, "title": "T", "id": 5, "panels": [], "uid": "a"}})
    assert written(once) == written(again)


@pytest.mark.parametrize("uid", ["a", "x" * 36, "x" * 37, "x" * 40])
def test_uids_keep_within_what_grafana_takes(uid):
    assert len(adopted_uid(uid)) <= 40
    assert adopted_uid(uid).startswith("lab-")
    assert adopted_uid(uid) == adopted_uid(uid) != adopted_uid(uid[:-1] + "y")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Cooldown of Mai 2026", "cooldown-of-mai-2026.json"),
        ("../../etc/passwd", "etc-passwd.json"),
        ("Kühlung / 4K", "kuhlung-4k.json"),
        ("冷却", "lab-a.json"),
    ],
)
def test_file_names_are_plain(title, name):
    assert file_name({"uid": "lab-a", "title": title}) == name


def test_the_command_prints_files(grafana, tmp_path):
    (tmp_path / "admin").write_text(PASSWORD)
    environment = {"LIVEMON_GRAFANA_URL": grafana.url, "LIVEMON_GRAFANA_PASSWORD_FILE": str(tmp_path / "admin")}
    result = CliRunner().invoke(command, ["adopt", "--dashboard", "abc"], env=environment)
    (file,) = json.loads(result.output)
    assert file["name"] == "cooldown-of-mai-2026.json"
    assert json.loads(file["content"])["uid"] == file["uid"] == "lab-abc"
    assert CliRunner().invoke(command, ["adopt"], env=environment).exit_code == 2
