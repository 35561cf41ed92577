"""``livemon certificates``: the installation's authority and its servers' certificates."""

from __future__ import annotations

from pathlib import Path

import click

from livemon import pki


@click.command()
@click.option("--dir", "directory", type=click.Path(path_type=Path), required=True, help="Where the keys live.")
@click.option("--name", "names", multiple=True, required=True, help="A host name of the server. Repeatable.")
@click.option("--address", "addresses", multiple=True, help="An IP address of the server. Repeatable.")
@click.option("--owner", type=int, help="The uid that may read the server's key.")
@click.option("--server", default="server", help="The server's directory below --dir.")
def command(
    directory: Path, names: tuple[str, ...], addresses: tuple[str, ...], owner: int | None, server: str
) -> None:
    """Make the certificate authority and a server's certificate where they are missing or about to end.

    Prints one line for each thing made, and nothing where nothing had to be.
    """
    for sentence in pki.ensure(directory, names, addresses, owner, server=server):
        click.echo(sentence)
