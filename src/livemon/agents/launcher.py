"""Run any OCS agent of the site config: upstream's code, unmodified, in a process that can be supervised."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Sequence

import txaio

txaio.use_twisted()

import setproctitle
from ocs import ocs_agent
from twisted.application import internet
from twisted.internet import reactor

from livemon.agents import classes, controlled, drivers, secrets, site, supervision
from livemon.errors import LivemonError
from livemon.instruments import folders
from livemon.sisock import nesting

MAX_RECONNECT_SECONDS = 5.0
"""Twisted waits up to a minute between attempts; every second after the router's return loses data."""

PONG_WITHIN = 30.0
"""Seconds. A ping waits behind what has not been sent yet: with upstream's 5 s a slow router costs the session and what waits."""

SITE_OPTIONS = {"SITE_HUB": "--site-hub", "SITE_HTTP": "--site-http", "SITE_HOST": "--site-host"}
"""Environment that upstream's ``ocs-agent-cli`` hands on as arguments."""


class AgentEndedError(LivemonError):
    """An agent ended though nobody asked it to."""


def run(instance_id: str, arguments: Sequence[str] = ()) -> None:
    """Run an agent until somebody ends it with SIGTERM or SIGINT.

    Parameters
    ----------
    instance_id
        An agent of the site config.
    arguments
        Further arguments of the agent; they win over the site config's.

    Raises
    ------
    ConfigError
        If the site config, the agent, its class or one of its secrets cannot be found.
    AgentEndedError
        If the agent ended for any other reason than being asked to.
    """
    instance = site.find_instance(instance_id)
    agent_class = classes.resolve(instance.agent_class)
    main = agent_class.load()
    _prepare(agent_class)
    setproctitle.setproctitle(f"ocs-agent:{instance_id}")
    options = ["--instance-id", instance_id, "--crossbar-timeout", "0"]
    for variable, option in SITE_OPTIONS.items():
        if value := os.environ.get(variable):
            options += [option, value]
    main(args=[*options, *secrets.arguments(instance), *arguments])
    _conclude(instance)


def _prepare(agent_class: classes.AgentClass) -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    # autobahn would import it for a serializer that nobody uses; built for numpy 1, it prints 60 lines of traceback.
    sys.modules["bjdata"] = None
    nesting.read_all()
    ocs_agent.OCSAgent = controlled.ControlledAgent
    ocs_agent.ApplicationRunner = functools.partial(
        ocs_agent.ApplicationRunner, websocket_options={"autoPingTimeout": PONG_WITHIN}
    )
    internet.backoffPolicy = functools.partial(internet.backoffPolicy, maxDelay=MAX_RECONNECT_SECONDS)
    for folder, facts in folders.parts("facts").items():
        if facts.MODEL.agent_module == agent_class.module and folders.has(folder, "agent"):
            folders.part(folder, "agent").adapt()
    drivers.frame_all()
    drivers.wait_at_start()
    # As long as the router is away nobody else handles signals so that the exit status tells them from a fault.
    reactor.callWhenRunning(_handle_signals)


def _handle_signals() -> None:
    def asked_to_end(number: int, frame: object) -> None:
        supervision.end()
        reactor.callFromThread(supervision.stop_reactor)

    signal.signal(signal.SIGTERM, asked_to_end)
    signal.signal(signal.SIGINT, asked_to_end)


def _conclude(instance: site.Instance) -> None:
    """Tell an end that was asked for from every other; upstream's agents return in both cases."""
    verdict = supervision.verdict
    if verdict.asked:
        return
    when = "" if verdict.joined else " before it joined the router"
    raise AgentEndedError(
        verdict.fault
        or f"agent {instance.instance_id} ({instance.agent_class}) ended by itself{when}; its log says why"
    )
