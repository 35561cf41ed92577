"""``livemon grafana``: backups of Grafana, and dashboards for the inventory. What playbooks run; see docs/backup.md."""

from __future__ import annotations

import datetime as dt
import json
import signal
import sys
import time
from pathlib import Path

import click

from livemon.errors import GrafanaError
from livemon.grafana import backup, dashboards, given, provisioned
from livemon.grafana import silences as silences_of
from livemon.grafana.client import Grafana
from livemon.grafana.watch import EVERY, Watch
from livemon.health.liveness import touch_alive

DIRECTORY = click.Path(path_type=Path)
data = click.option("--data", type=DIRECTORY, required=True, help="Grafana's data directory.")
secrets = click.option("--secrets", type=DIRECTORY, required=True, help="Where the secrets live.")
owner = click.option("--owner", type=int, required=True, help="Grafana's uid.")
patience = click.option("--patience", type=float, default=0.0, show_default=True, help="Seconds to wait for Grafana.")
archive = click.argument("archive", type=DIRECTORY)


@click.group()
def command() -> None:
    """Back up and bring back Grafana, and take dashboards out of it."""


@command.command()
@data
@secrets
@click.option("--output", type=DIRECTORY, required=True, help="Where the archive is written.")
@click.option("--host", required=True, help="Whose backup it is.")
def save(data: Path, secrets: Path, output: Path, host: str) -> None:
    """Write an archive of everything; print its name, and one line for each thing that is not in it."""
    saved = backup.save(data, secrets, output, Grafana.from_environment(), host=host)
    click.echo(saved.path.name)
    for name, reason in saved.left_out.items():
        click.echo(f"left out: {name}: {reason}")


@command.command()
@archive
@click.option("--image-version", default="", help="Of the Grafana here, for when it does not answer.")
def check(archive: Path, image_version: str) -> None:
    """See that an archive is whole and fits the Grafana that runs here; print its manifest."""
    try:
        version = Grafana.from_environment().version()
    except GrafanaError:
        version = image_version
    click.echo(json.dumps(backup.check(archive, version)))


@command.command()
@archive
@data
@secrets
@owner
def restore(archive: Path, data: Path, secrets: Path, owner: int) -> None:
    """Put an archive's database and secrets in place. Grafana must not be running."""
    manifest = backup.restore(archive, data, secrets, owner)
    click.echo(f"brought back the Grafana of {manifest['host']}, {manifest['made']}")


@command.command()
@archive
def silences(archive: Path) -> None:
    """Make the silences of an archive that still hold and that Grafana does not know; print one line for each."""
    now = dt.datetime.now(dt.UTC)
    silences_of.bring_back(Grafana.from_environment(), backup.silences(archive), now, click.echo)


@command.command()
@click.option("--directory", type=DIRECTORY, required=True, help="Where the watch keeps what it knows.")
@click.option(
    "--given", "given_files", type=DIRECTORY, help="What Grafana was given, laid out like /etc/livemon/grafana."
)
def watch(directory: Path, given_files: Path | None) -> None:
    """Keep the silences of a running Grafana for it, see whether its messages arrive and whether it has what it was given."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    watching = Watch(Grafana.from_environment, directory, _log, given=given_files)
    while True:
        begun = time.monotonic()
        watching.turn()
        touch_alive()
        time.sleep(max(0.0, EVERY - (time.monotonic() - begun)))


def _log(sentence: str) -> None:
    click.echo(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {sentence}")


@command.command()
@data
@secrets
@owner
def rollback(data: Path, secrets: Path, owner: int) -> None:
    """Undo the last restore. Grafana must not be running."""
    backup.rollback(data, secrets, owner)
    click.echo("the database and the secrets are those from before")


@command.command()
@click.option("--dashboard", help="A dashboard by its uid or title.")
@click.option("--folder", help="All dashboards of a folder, by its uid or title.")
def adopt(dashboard: str | None, folder: str | None) -> None:
    """Print dashboards as files for the inventory: [{"name", "uid", "content"}]."""
    if (dashboard is None) == (folder is None):
        raise click.UsageError("name either a dashboard or a folder")
    grafana = Grafana.from_environment()
    models = [dashboards.adopt(grafana, str(dashboard))] if folder is None else dashboards.adopt_folder(grafana, folder)
    files = [
        {"name": dashboards.file_name(model), "uid": model["uid"], "content": dashboards.written(model)}
        for model in models
    ]
    click.echo(json.dumps(files))


@command.command()
def login() -> None:
    """See that Grafana takes the administrator's password."""
    Grafana.from_environment().get("/api/user")


@command.command("left-over")
@click.argument("directory", type=DIRECTORY)
@patience
def print_left_over(directory: Path, patience: float) -> None:
    """Print a file that removes what Grafana has of livemon's alarms and the files in DIRECTORY do not; nothing if there is none."""
    grafana = Grafana.from_environment()

    def no_faults_once_it_answers() -> list[str]:
        grafana.version()
        return []

    provisioned.settle(no_faults_once_it_answers, patience, steady=0.0)
    document = provisioned.left_over(grafana, given.read(directory))
    if document:
        click.echo(json.dumps(document))


@command.command("reload-alerting")
def reload_alerting() -> None:
    """Make Grafana read its alerting files again."""
    provisioned.reload_alerting(Grafana.from_environment())


@command.command("provisioned")
@click.argument("directory", type=DIRECTORY)
@click.option("--protect", is_flag=True, help="Also take from Editors what would let them delete the alarms.")
@patience
@click.option("--started", type=dt.datetime.fromisoformat, help="When Grafana was started, as docker inspect shows it.")
def is_provisioned(directory: Path, protect: bool, patience: float, started: dt.datetime | None) -> None:
    """See that Grafana has all that the files in DIRECTORY (laid out like /etc/livemon/grafana) give it, and nothing of former ones.

    Prints one line for each folder that was protected. Exit status 1, with one sentence, where something is missing.
    """
    wanted, grafana = given.read(directory), Grafana.from_environment()

    def look() -> list[str]:
        for title in provisioned.protect(grafana, wanted) if protect else []:
            click.echo(f"the folder {title} can be changed by administrators only")
        return provisioned.faults(grafana, wanted)

    steady = provisioned.seconds_steady(started, patience, dt.datetime.now(dt.UTC))
    provisioned.settle(look, patience, steady)
