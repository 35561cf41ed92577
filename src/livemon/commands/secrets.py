"""``livemon secrets``: the installation's secrets."""

from __future__ import annotations

from pathlib import Path

import click

from livemon.installation import secret_store


@click.command()
@click.option("--dir", "directory", type=click.Path(path_type=Path), required=True, help="Where the secrets live.")
@click.option(
    "--copy", "copies", multiple=True, required=True, metavar="NAME:READER:UID", help="Who reads a secret. Repeatable."
)
@click.option("--rotate", multiple=True, metavar="NAME", help="Replace this secret. Repeatable.")
def command(directory: Path, copies: tuple[str, ...], rotate: tuple[str, ...]) -> None:
    """Make secrets that are missing, and each reader's copy.

    Prints one line for each thing made, never a secret, and nothing where nothing had to be made.
    """
    for sentence in secret_store.ensure(directory, [secret_store.Copy.parse(text) for text in copies], rotate):
        click.echo(sentence)
