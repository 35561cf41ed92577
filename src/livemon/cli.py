"""The ``livemon`` command: finds its subcommands in :mod:`livemon.commands` and imports only the one that is called."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from livemon import __version__, commands
from livemon.config import setting
from livemon.errors import LivemonError


class LazyGroup(click.Group):
    """A click group whose subcommands are the modules of a package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands, sorted, without importing them."""
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one subcommand; `None` where there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{commands.__name__}.{cmd_name}").command
        return command


def version() -> str:
    """Return livemon's version and, in an image, which one that is and what it was built on."""
    revision, base = setting("LIVEMON_REVISION", default=""), setting("LIVEMON_BASE", default="")
    return f"{__version__} (image {revision} on {base})" if revision else __version__


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version())
def livemon() -> None:
    """Live monitoring of a cryogenics lab: agents, archive, data nodes and the bridge to Grafana."""


def main(args: list[str] | None = None) -> None:
    """Run the command line; a fault that livemon understands ends it with one sentence and exit status 1."""
    try:
        livemon.main(args=args, prog_name="livemon")
    except LivemonError as error:
        click.echo(f"livemon: {error}", err=True)
        sys.exit(1)
