"""``livemon agent``: run an OCS agent of the site config, supervised."""

from __future__ import annotations

import click


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("instance_id")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(instance_id: str, arguments: tuple[str, ...]) -> None:
    """Run the agent INSTANCE_ID of the site config ($OCS_CONFIG_DIR/default.yaml, host $SITE_HOST).

    ARGUMENTS go to the agent and take precedence over the site config's, for example: livemon agent ls240 -- --mode idle

    The agent waits for the router as long as necessary. If its acquisition dies, the command ends with exit status 1,
    to be restarted; SIGTERM ends it with 0.
    """
    from livemon.agents import launcher

    launcher.run(instance_id, arguments)
