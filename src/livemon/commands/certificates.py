"""``livemon certificates``: the installation's authority and its servers' certificates."""

from __future__ import annotations

from pathlib import Path

import click

from livemon.installation import certificates, servers


@click.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    required=True,
    help="Where the keys live, and servers.json, which says whose certificates there are.",
)
@click.option("--new-keys", is_flag=True, help="Replace the servers' keys and certificates.")
@click.option("--new-authority", is_flag=True, help="Make a new authority; the former stays trusted for a month.")
@click.option("--forget", is_flag=True, help="Trust replaced authorities no longer.")
def command(directory: Path, new_keys: bool, new_authority: bool, forget: bool) -> None:
    """Make the certificate authority and the servers' certificates where they are missing or about to end.

    Prints one line for each thing made; where nothing had to be made, one line to the standard error.
    """
    made = False
    wanted = servers.read(directory / "servers.json")
    for sentence in certificates.ensure(
        directory,
        wanted,
        new_keys=new_keys,
        new_authority=new_authority,
        forget=forget,
    ):
        click.echo(sentence)
        made = True
    if not made:
        click.echo(f"every certificate holds; the first ends on {certificates.first_end(directory):%Y-%m-%d}", err=True)
