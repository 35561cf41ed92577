"""``livemon nodes``: the data nodes of a configuration file, in one process."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
def command() -> None:
    """Serve the data nodes that $LIVEMON_NODES_CONFIG lists, following the file while it changes."""
    from twisted.internet import reactor

    from livemon.config import RouterConfig, setting
    from livemon.nodes.configuration import Follower
    from livemon.nodes.refill import Archive
    from livemon.nodes.window_files import WindowFiles
    from livemon.sisock import socket_server, wamp
    from livemon.sisock.nodehost import NodeHost

    archive = setting("LIVEMON_ARCHIVE", Path, None)
    state = setting("LIVEMON_NODES_STATE", Path, None)
    socket = setting("LIVEMON_NODES_SOCKET", Path, None)
    host = NodeHost(Archive(archive, reactor) if archive else None)
    if state:
        WindowFiles(state, host).start(reactor)
    component = wamp.join_router(RouterConfig.from_environment(), host.on_join, host.on_leave)
    Follower(host, setting("LIVEMON_NODES_CONFIG", Path)).start()
    if socket:
        socket_server.listen(host, socket, reactor)
    wamp.run(component)
