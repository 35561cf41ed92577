"""Backups of Grafana: taken while it is written to, refused when they are not whole, brought back and taken back again."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import os
import sqlite3
import stat
import tarfile
from contextlib import closing

import pytest
from click.testing import CliRunner
from grafana_stand_in import PASSWORD, stand_in

from livemon import files
from livemon.commands.grafana import command
from livemon.errors import BackupError
from livemon.grafana import backup, database, silences
from livemon.grafana.client import Grafana

NOW = dt.datetime(2026, 11, 25, 9, 0, tzinfo=dt.UTC)
UID = os.getuid()
NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture
def secrets(tmp_path):
    """The installation's secrets, with Grafana's copies."""
    for directory in ("master", "grafana"):
        (tmp_path / "secrets" / directory).mkdir(parents=True)
        (tmp_path / "secrets" / directory / "admin").write_text(PASSWORD)
        (tmp_path / "secrets" / directory / "grafana_secret_key").write_text("the key")
    return tmp_path / "secrets"


@pytest.fixture
def data(tmp_path):
    """The data directory of a Grafana that is not running."""
    directory = tmp_path / "data"
    directory.mkdir()
    with closing(sqlite3.connect(directory / "grafana.db")) as made, made:
        made.execute("CREATE TABLE dashboard (title TEXT)")
        made.execute("INSERT INTO dashboard VALUES ('old')")
    return directory


@pytest.fixture
def output(tmp_path):
    directory = tmp_path / "backups"
    directory.mkdir()
    return directory


@pytest.fixture
def archive(data, secrets, output):
    """A backup of it."""
    return backup.save(data, secrets / "grafana", output, Grafana(NOBODY_LISTENS), host="lab", now=NOW).path


def contents_of(archive):
    with tarfile.open(archive) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}


def repacked(archive, contents):
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def titles(directory):
    with closing(sqlite3.connect(directory / "grafana.db")) as opened:
        return [title for (title,) in opened.execute("SELECT title FROM dashboard")]


def change(directory, title):
    with closing(sqlite3.connect(directory / "grafana.db")) as opened, opened:
        opened.execute("UPDATE dashboard SET title = ?", (title,))


def test_a_running_grafana_is_saved_whole(tmp_path, secrets, output):
    data = tmp_path / "running"
    data.mkdir()
    with stand_in(data) as running:
        running.make_dashboard(uid="cooldown")
        grafana = Grafana(running.url, PASSWORD)
        saved = [
            backup.save(data, secrets / "grafana", output, grafana, host="lab", now=NOW + dt.timedelta(seconds=second))
            for second in range(3)
        ]
    counts = []
    for each in saved:
        assert each.left_out == {}
        assert stat.S_IMODE(each.path.stat().st_mode) == 0o400
        contents = contents_of(each.path)
        assert json.loads(contents["json/dashboards/cooldown.json"])["dashboard"]["title"] == "Cooldown"
        assert {"json/folders.json", "json/alert-rules.yaml", "json/contact-points.yaml"} <= set(contents)
        (tmp_path / "copied.db").write_bytes(contents["grafana.db"])
        with closing(sqlite3.connect(tmp_path / "copied.db")) as copied:
            counts.append(copied.execute("SELECT count(*), max(number) FROM writes").fetchone())
    assert all(count == last for count, last in counts), "a write is missing in the midst"
    assert counts == sorted(set(counts)), "the database was not being written to"
    assert backup.check(saved[0].path)["grafana"] == "12.0.2"


@pytest.mark.parametrize(
    ("version", "documents"),
    [
        ("12.0.2", {"alert-rules.yaml", "contact-points.yaml", "policies.yaml"}),
        ("9.4.0", {"alert-rules.json", "contact-points.json", "policies.json"}),
    ],
)
def test_every_release_has_its_alarms_and_silences_in_the_json(tmp_path, secrets, output, version, documents):
    (tmp_path / "running").mkdir()
    with stand_in(tmp_path / "running", {"STAND_IN_VERSION": version}) as running:
        running.make_silence(comment="cooldown")
        saved = backup.save(
            running.data, secrets / "grafana", output, Grafana(running.url, PASSWORD), host="lab", now=NOW
        )
    assert saved.left_out == {}
    names = {name.removeprefix("json/") for name in contents_of(saved.path)}
    assert {
        name for name in names if name.partition(".")[0] in ("alert-rules", "contact-points", "policies")
    } == documents
    assert [silence["comment"] for silence in backup.silences(saved.path)] == ["cooldown"]


def test_silences_that_were_in_no_database_are_back_after_a_restore(tmp_path, secrets, output):
    (tmp_path / "running").mkdir()
    with stand_in(tmp_path / "running") as running:
        running.make_silence(comment="cooldown")
        running.make_silence(comment="over", endsAt="2026-11-25T08:00:00Z")
        saved = backup.save(
            running.data, secrets / "grafana", output, Grafana(running.url, PASSWORD), host="lab", now=NOW
        )
    with stand_in(tmp_path / "running") as started_again:
        environment = {
            "LIVEMON_GRAFANA_URL": started_again.url,
            "LIVEMON_GRAFANA_PASSWORD_FILE": str(secrets / "grafana/admin"),
        }
        results = [CliRunner().invoke(command, ["silences", str(saved.path)], env=environment) for _ in range(2)]
        present = silences.listed(Grafana(started_again.url, PASSWORD))
    assert [silence["comment"] for silence in present] == ["cooldown"]
    assert [result.exit_code for result in results] == [0, 0]
    assert "the silence of instrument=control" in results[0].output
    assert results[1].output == ""


def test_the_command_tells_what_it_wrote_and_what_it_left_out(data, secrets, output):
    result = CliRunner().invoke(
        command,
        ["save", "--data", str(data), "--secrets", str(secrets / "grafana"), "--output", str(output), "--host", "lab"],
        env={"LIVEMON_GRAFANA_URL": NOBODY_LISTENS, "LIVEMON_GRAFANA_PASSWORD_FILE": str(secrets / "grafana/admin")},
    )
    assert result.exit_code == 0
    name, left_out = result.output.splitlines()
    assert (output / name).exists()
    assert left_out == f"left out: json: Grafana does not answer at {NOBODY_LISTENS}: connection refused"
    assert PASSWORD not in result.output


@pytest.mark.parametrize("missing", ["data/grafana.db", "secrets/grafana/admin", "secrets/grafana/grafana_secret_key"])
def test_nothing_is_saved_of_a_grafana_that_lacks_something(tmp_path, data, secrets, output, missing):
    (tmp_path / missing).unlink()
    with pytest.raises(BackupError, match=missing):
        backup.save(data, secrets / "grafana", output, Grafana(NOBODY_LISTENS), host="lab", now=NOW)
    assert list(output.iterdir()) == []


def test_a_damaged_database_is_not_saved(data, secrets, output):
    with closing(sqlite3.connect(data / "grafana.db")) as made, made:
        made.executemany("INSERT INTO dashboard VALUES (?)", [("x" * 1000,)] * 100)
    content = bytearray((data / "grafana.db").read_bytes())
    content[8192:40960] = b"\xff" * 32768
    (data / "grafana.db").write_bytes(content)
    with pytest.raises(BackupError, match=r"damaged|malformed"):
        backup.save(data, secrets / "grafana", output, Grafana(NOBODY_LISTENS), host="lab", now=NOW)


def test_a_backup_goes_back_and_the_former_state_is_kept(archive, data, secrets):
    change(data, "new")
    for directory in ("unified-search", "alerting"):
        (data / directory).mkdir()
    for directory in ("master", "grafana"):
        (secrets / directory / "grafana_secret_key").unlink()
        (secrets / directory / "grafana_secret_key").write_text("another key")
    assert backup.restore(archive, data, secrets, UID)["host"] == "lab"
    assert titles(data) == ["old"]
    assert titles(data / "before-restore") == ["new"]
    assert not (data / "unified-search").exists()
    assert not (data / "alerting").exists(), "silences of another database"
    assert (
        (secrets / "master/grafana_secret_key").read_text()
        == (secrets / "grafana/grafana_secret_key").read_text()
        == "the key"
    )
    assert stat.S_IMODE((data / "grafana.db").stat().st_mode) == 0o640

    backup.rollback(data, secrets, UID)
    assert titles(data) == ["new"]
    assert (data / "unified-search").exists()
    assert (
        (secrets / "master/grafana_secret_key").read_text()
        == (secrets / "grafana/grafana_secret_key").read_text()
        == "another key"
    )
    with pytest.raises(BackupError, match="nothing to go back to"):
        backup.rollback(data, secrets, UID)


def test_a_restore_that_fails_midway_leaves_everything_as_it_was(archive, data, secrets, monkeypatch):
    change(data, "new")
    (secrets / "master/admin").unlink()
    (secrets / "master/admin").write_text("new")

    def disk_is_full(path, *arguments):
        if path.name == "grafana.db":
            raise OSError(28, "No space left on device")
        return files.write_private(path, *arguments)

    monkeypatch.setattr(backup, "write_private", disk_is_full)
    with pytest.raises(OSError, match="No space left"):
        backup.restore(archive, data, secrets, UID)
    assert titles(data) == ["new"]
    assert (secrets / "master/admin").read_text() == (secrets / "grafana/admin").read_text() == "new"
    assert not (data / "before-restore").exists()


def test_a_backup_goes_onto_an_empty_machine(archive, tmp_path):
    empty, secrets = tmp_path / "empty", tmp_path / "no_secrets"
    empty.mkdir()
    (secrets / "master").mkdir(parents=True)
    backup.restore(archive, empty, secrets, UID)
    assert titles(empty) == ["old"]
    assert (secrets / "grafana/admin").read_text() == PASSWORD


def without_manifest(archive):
    contents = contents_of(archive)
    del contents["manifest.json"]
    repacked(archive, contents)


def with_manifest(**changes):
    def damage(archive):
        contents = contents_of(archive)
        contents["manifest.json"] = json.dumps(json.loads(contents["manifest.json"]) | changes).encode()
        repacked(archive, contents)

    return damage


def with_another_database(archive):
    repacked(archive, contents_of(archive) | {"grafana.db": b"another"})


def replaced_by(content):
    def damage(archive):
        archive.unlink()
        archive.write_bytes(content)

    return damage


def cut(archive):
    content = archive.read_bytes()
    replaced_by(content[: len(content) // 2])(archive)


DAMAGES = [
    (cut, "damaged"),
    (replaced_by(b""), "damaged, or is not a backup"),
    (replaced_by(b"no archive"), "damaged, or is not a backup"),
    (replaced_by(gzip.compress(b"no archive")), "damaged, or is not a backup"),
    (without_manifest, "is not a backup made by livemon"),
    (with_manifest(files=["grafana.db"]), "is not a backup made by livemon"),
    (with_manifest(format=2), "made by a newer livemon"),
    (with_another_database, r"is damaged: grafana\.db"),
    (lambda archive: archive.unlink(), "there is no backup"),
]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGES)
def test_an_archive_that_is_not_whole_changes_nothing(archive, data, secrets, damage, sentence):
    archive.chmod(0o600)
    damage(archive)
    change(data, "new")
    with pytest.raises(BackupError, match=sentence):
        backup.restore(archive, data, secrets, UID)
    assert titles(data) == ["new"]
    assert sorted(path.name for path in data.iterdir()) == ["grafana.db"]


@pytest.mark.parametrize(
    ("made_by", "here", "refused"),
    [
        ("12.0.2", "11.6.1", True),
        ("13.0.0", "12.9.9", True),
        ("12.0.2", "12.0.1", False),
        ("9.4.7", "12.0.2", False),
        ("12.0.2", "", False),
        (None, "9.4.0", False),
    ],
)
def test_a_grafana_older_than_the_backups_is_refused(archive, made_by, here, refused):
    archive.chmod(0o600)
    with_manifest(grafana=made_by)(archive)
    if refused:
        with pytest.raises(BackupError, match=f"is of Grafana {made_by}, and this is {here}.*set grafana_image"):
            backup.check(archive, here)
    else:
        assert backup.check(archive, here)["grafana"] == made_by


def test_a_database_that_is_no_database_is_told(tmp_path):
    (tmp_path / "grafana.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(BackupError, match="file is not a database"):
        database.check(tmp_path / "grafana.db")
