"""``livemon acq``: start and stop the acquisition of an instrument."""

from __future__ import annotations

import click

_agent = click.argument("agent", required=False)
_target = click.option("--target", help="The same, as ocs-client-cli writes it.")


@click.group()
def command() -> None:
    """Start or stop the acquisition of an instrument."""


@command.command()
@_agent
@_target
def start(agent: str | None, target: str | None) -> None:
    """Let AGENT (its instance-id, for example ls240) read its instrument. One that does so already is left alone."""
    from livemon.client.agents import Agents

    wanted = _one_of(agent, target)
    started = Agents.from_environment().start(wanted, "acq")
    click.echo(f"{wanted}: acquisition {'started' if started else 'was running already'}")


@command.command()
@_agent
@_target
def stop(agent: str | None, target: str | None) -> None:
    """Let AGENT (its instance-id) leave its instrument alone, until it is started again or the agent restarts."""
    from livemon.client.agents import Agents

    wanted = _one_of(agent, target)
    stopped = Agents.from_environment().stop(wanted, "acq")
    click.echo(f"{wanted}: acquisition {'stopped' if stopped else 'was not running'}")


def _one_of(agent: str | None, target: str | None) -> str:
    if (agent is None) == (target is None):
        raise click.UsageError("name one agent by its instance-id, for example ls240")
    return str(agent or target)
