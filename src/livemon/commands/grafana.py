"""``livemon grafana``: backups of Grafana, and dashboards for the inventory. What playbooks run; see docs/backup.md."""

from __future__ import annotations

import datetime as dt
import json
import signal
import sys
import time
from pathlib import Path

import click

from livemon.alive import touch_alive
from livemon.errors import GrafanaError
from livemon.grafana import backup, dashboards
from livemon.grafana import silences as silences_of
from livemon.grafana.client import Grafana
from livemon.grafana.watch import EVERY, Watch

DIRECTORY = click.Path(path_type=Path)
data = click.option("--data", type=DIRECTORY, required=True, help="Grafana's data directory.")
secrets = click.option("--secrets", type=DIRECTORY, required=True, help="Where the secrets live.")
owner = click.option("--owner", type=int, required=True, help="Grafana's uid.")
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
def watch(directory: Path) -> None:
    """Keep the silences of a running Grafana for it, and see whether its messages arrive, until it is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    watching = Watch(Grafana.from_environment, directory, _log)
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
    models = [dashboards.adopt(grafana, dashboard)] if folder is None else dashboards.adopt_folder(grafana, folder)
    files = [
        {"name": dashboards.file_name(model), "uid": model["uid"], "content": dashboards.written(model)}
        for model in models
    ]
    click.echo(json.dumps(files))
