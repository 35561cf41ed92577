"""``livemon bridge``: from the data nodes to HTTP."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
def command() -> None:
    """Serve Grafana and the quick-look page on $LIVEMON_BRIDGE_LISTEN (default 127.0.0.1:5000)."""
    from livemon.alarms.watch import AlarmWatch
    from livemon.bridge.alarm_channels import AlarmChannels
    from livemon.bridge.alarm_loop import run_alarm_loop
    from livemon.bridge.app import create_app
    from livemon.bridge.inventory import InventoryFile
    from livemon.bridge.node_watch import NodeWatch
    from livemon.bridge.server import serve
    from livemon.bridge.source import Source
    from livemon.bridge.workers import Workers
    from livemon.config import RouterConfig, endpoint, secret, setting
    from livemon.sisock import wamp
    from livemon.sisock.socket_client import NodesSocket

    workers = Workers()
    socket_path = setting("LIVEMON_NODES_SOCKET", Path, None)
    socket = None if socket_path is None else NodesSocket(socket_path, workers.waiting)
    site_file = setting("LIVEMON_SITE", Path, None)
    nodes = NodeWatch(socket, inventory_file=None if site_file is None else InventoryFile(site_file))
    source = Source(nodes, socket, workers.waiting)

    def pulse_secret() -> str | None:
        return setting("LIVEMON_PULSE_SECRET_FILE", secret, None)  # read every time: it may have been replaced

    pulse_secret()
    alarm_watch = AlarmWatch(source, setting("LIVEMON_ALARM_STATES", Path, None))
    nodes.add_alarms(AlarmChannels(alarm_watch))
    component = wamp.join_router(RouterConfig.from_environment(), nodes.on_join, nodes.on_leave)
    app = create_app(source, pulse_secret, setting("LIVEMON_ARCHIVE", Path, None))
    listen = setting("LIVEMON_BRIDGE_LISTEN", endpoint, ("127.0.0.1", 5000))
    serve(app, *listen, workers, setting("LIVEMON_BRIDGE_NAMES", str.split, []))
    nodes.start()
    run_alarm_loop(alarm_watch)
    wamp.run(component)
