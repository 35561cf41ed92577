"""``livemon bridge``: from the data nodes to HTTP."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
def command() -> None:
    """Serve Grafana and the quick-look page on $LIVEMON_BRIDGE_LISTEN (default 127.0.0.1:5000)."""
    from livemon.alarms.watch import AlarmWatch
    from livemon.bridge.alarm_channels import AlarmChannels
    from livemon.bridge.alarm_loop import watch_alarms
    from livemon.bridge.app import create_app
    from livemon.bridge.server import serve
    from livemon.bridge.site import SiteFile
    from livemon.bridge.source import Source
    from livemon.bridge.workers import Workers
    from livemon.config import RouterConfig, endpoint, secret, setting
    from livemon.sisock import wamp
    from livemon.sisock.socket_client import NodesSocket

    socket = setting("LIVEMON_NODES_SOCKET", Path, None)
    workers = Workers()
    site = setting("LIVEMON_SITE", Path, None)
    source = Source(socket and NodesSocket(socket, workers.waiting), workers.waiting, site and SiteFile(site))

    def pulse_secret() -> str | None:
        return setting("LIVEMON_PULSE_SECRET_FILE", secret, None)  # read anew every time: it may be replaced

    pulse_secret()
    watch = AlarmWatch(source, setting("LIVEMON_ALARM_STATES", Path, None))
    source.tell_alarms(AlarmChannels(watch))
    component = wamp.join_router(RouterConfig.from_environment(), source.on_join, source.on_leave)
    app = create_app(source, pulse_secret, setting("LIVEMON_ARCHIVE", Path, None))
    listen = setting("LIVEMON_BRIDGE_LISTEN", endpoint, ("127.0.0.1", 5000))
    serve(app, *listen, workers, setting("LIVEMON_BRIDGE_NAMES", str.split, []))
    source.start()
    watch_alarms(watch)
    wamp.run(component)
