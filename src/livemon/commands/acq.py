"""``livemon acq``: start and stop the acquisition of an instrument."""

from __future__ import annotations

import click


@click.group()
def command() -> None:
    """Start or stop the acquisition of an instrument."""


@command.command()
@click.option("--target", required=True, help="Instance-id of the agent, for example ls240.")
def start(target: str) -> None:
    """Let the agent read its instrument. One that does so already is left alone."""
    from livemon.client.agents import Site  # noqa: PLC0415 - only the command that is called pays for its imports

    started = Site.from_environment().start(target, "acq")
    click.echo(f"{target}: acquisition {'started' if started else 'was running already'}")


@command.command()
@click.option("--target", required=True, help="Instance-id of the agent, for example ls240.")
def stop(target: str) -> None:
    """Let the agent leave its instrument alone, until it is started again or the agent restarts."""
    from livemon.client.agents import Site  # noqa: PLC0415

    stopped = Site.from_environment().stop(target, "acq")
    click.echo(f"{target}: acquisition {'stopped' if stopped else 'was not running'}")
