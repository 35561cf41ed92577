"""``livemon notify``: livemon's own notifications, for where Grafana does not notify."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path)


@click.command()
@click.option("--config", type=FILE, default="/config/notify.yaml", show_default=True, help="Whom to notify, and how.")
@click.option("--directory", type=FILE, default="/state", show_default=True, help="Where it keeps what it has told.")
@click.option("--every", type=float, default=10.0, show_default=True, help="Seconds between two looks at the alarms.")
@click.option("--test", is_flag=True, help="Send a test message to every contact point, say which arrived, and exit.")
def command(config: Path, directory: Path, every: float, test: bool) -> None:
    """Notify people of alarms as long as Grafana does not. docs/alarms.md.

    The alarms are those of the bridge at $LIVEMON_BRIDGE_URL. $LIVEMON_ALIVE names a file that is touched at every turn.
    """
    import signal
    import threading
    import time

    from livemon.client import bridge
    from livemon.errors import NotificationError
    from livemon.notify.configuration import Configuration
    from livemon.notify.notifier import Notifier, try_ways

    def say(sentence: str) -> None:
        click.echo(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {sentence}")

    configuration = Configuration.read(config)
    if test:
        faults = try_ways(configuration)
        for name, fault in faults.items():
            click.echo(f"{name}: {fault or 'arrived'}")
        if any(faults.values()):
            raise NotificationError(f"{sum(map(bool, faults.values()))} of {len(faults)} test messages did not arrive")
        return
    notifier = Notifier(configuration, directory, bridge.alarms, bridge.health, say, every=every)
    stopped = threading.Event()
    # What is being delivered is delivered and kept: else it would be delivered once more after a restart.
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    while not stopped.is_set():
        begun = time.monotonic()
        notifier.turn()
        stopped.wait(max(0.0, every - (time.monotonic() - begun)))
