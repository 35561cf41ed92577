"""``livemon record``: start and stop the archive."""

from __future__ import annotations

import click

from livemon.contract import AGGREGATOR

_target = click.option("--target", default=AGGREGATOR, show_default=True, help="Instance-id of the aggregator.")


@click.group()
def command() -> None:
    """Start or stop writing the archive."""


@command.command()
@_target
def start(target: str) -> None:
    """Make the aggregator write what all agents send. If it is recording already, nothing changes."""
    from livemon.client.agents import Agents

    started = Agents.from_environment().start(target, "record")
    click.echo(f"{target}: recording {'started' if started else 'was running already'}")


@command.command()
@_target
def stop(target: str) -> None:
    """Make the aggregator finish its file. What the agents send until it is started again is not archived."""
    from livemon.client.agents import Agents

    stopped = Agents.from_environment().stop(target, "record")
    click.echo(f"{target}: recording {'stopped' if stopped else 'was not running'}")
