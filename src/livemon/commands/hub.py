"""``livemon hub``: the registry of data nodes."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Run the sisock hub, the registry of data nodes. Settings: LIVEMON_ROUTER_* in the environment."""
    from livemon.config import RouterConfig
    from livemon.sisock import wamp
    from livemon.sisock.hub import Hub

    wamp.run(wamp.join_router(RouterConfig.from_environment(), Hub().on_join))
