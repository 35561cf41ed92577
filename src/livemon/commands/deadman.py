"""``livemon deadman``: the dead-man's switch."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--forget", is_flag=True, help="Tell the bridge that the switch was removed, and exit.")
def command(forget: bool) -> None:
    """Ping an address outside while all is well, so that its silence is an alarm. docs/dead-mans-switch.md.

    The address is in the file $LIVEMON_DEADMAN_URL_FILE, which is read again each time; every $LIVEMON_DEADMAN_EVERY seconds
    (default 60) it is asked for by $LIVEMON_DEADMAN_METHOD (default GET). That of $LIVEMON_DEADMAN_FAIL_URL_FILE, where there is
    one, is asked for once something is wrong. $LIVEMON_DEADMAN_TURN names a file that is touched at every turn. The bridge
    listens to who has the secret of $LIVEMON_PULSE_SECRET_FILE.
    """
    import signal
    import sys
    import time

    from livemon.client import bridge
    from livemon.config import one_of, readable_file, seconds, secret, setting
    from livemon.errors import LivemonError, RouterError
    from livemon.health import external_http
    from livemon.health.deadman import Switch, persistently

    if forget:
        bridge.forget_switch()
        return
    every = setting("LIVEMON_DEADMAN_EVERY", seconds, 60.0)
    method = setting("LIVEMON_DEADMAN_METHOD", one_of("GET", "POST"), "GET")
    turn = setting("LIVEMON_DEADMAN_TURN", Path, None)
    setting("LIVEMON_DEADMAN_URL_FILE", secret)
    setting("LIVEMON_PULSE_SECRET_FILE", secret)
    tells_failure = setting("LIVEMON_DEADMAN_FAIL_URL_FILE", readable_file, None) is not None

    def ping(key: str) -> str | None:
        try:
            return external_http.ping(setting(key, secret), method)
        except LivemonError as error:  # the file is being replaced
            return str(error)

    def say(sentence: str) -> None:
        click.echo(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {sentence}")

    def ping_persistently(key: str) -> str | None:
        return persistently(lambda: ping(key), every - external_http.SECONDS_TO_ANSWER)

    switch = Switch(
        ask=bridge.health,
        ping=lambda: ping_persistently("LIVEMON_DEADMAN_URL_FILE"),
        fail=(lambda: ping("LIVEMON_DEADMAN_FAIL_URL_FILE")) if tells_failure else None,
        say=say,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    untold = None
    while True:
        begun = time.monotonic()
        if turn:
            turn.touch()
        switch.turn()
        try:
            bridge.tell_of_switch(switch.pinged, every, switch.fault)
            untold = None
        except RouterError:
            pass  # the next turn tells of it
        except LivemonError as error:
            if str(error) != untold:
                untold = str(error)
                say(f"the bridge cannot be told: {untold}")
        time.sleep(max(0.0, every - (time.monotonic() - begun)))
