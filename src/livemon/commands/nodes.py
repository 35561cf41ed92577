"""``livemon nodes``: the data nodes of a configuration file, in one process."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
def command() -> None:
    """Serve the data nodes that $LIVEMON_NODES_CONFIG lists, following the file while it changes."""
    from livemon import wamp  # noqa: PLC0415 - installs Twisted's reactor
    from livemon.config import RouterConfig, setting  # noqa: PLC0415
    from livemon.datanode import NodeHost  # noqa: PLC0415
    from livemon.nodes.configuration import Follower  # noqa: PLC0415

    host = NodeHost()
    component = wamp.join_router(RouterConfig.from_environment(), host.on_join, host.on_leave)
    Follower(host, setting("LIVEMON_NODES_CONFIG", Path)).start()
    wamp.run(component)
