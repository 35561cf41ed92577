"""``livemon nodes``: the data nodes of a configuration file, in one process."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
def command() -> None:
    """Serve the data nodes that $LIVEMON_NODES_CONFIG lists, following the file while it changes."""
    from livemon.config import RouterConfig, setting  # noqa: PLC0415
    from livemon.nodes.configuration import Follower  # noqa: PLC0415
    from livemon.nodes.refill import Archive  # noqa: PLC0415
    from livemon.nodes.window_files import Kept  # noqa: PLC0415
    from livemon.sisock import nodesocket, wamp  # noqa: PLC0415 - installs Twisted's reactor
    from livemon.sisock.nodehost import NodeHost  # noqa: PLC0415

    archive = setting("LIVEMON_ARCHIVE", Path, None)
    state = setting("LIVEMON_NODES_STATE", Path, None)
    socket = setting("LIVEMON_NODES_SOCKET", Path, None)
    host = NodeHost(archive and Archive(archive))
    if state:
        Kept(state).start(host)
    component = wamp.join_router(RouterConfig.from_environment(), host.on_join, host.on_leave)
    Follower(host, setting("LIVEMON_NODES_CONFIG", Path)).start()
    if socket:
        nodesocket.listen(host, socket)
    wamp.run(component)
