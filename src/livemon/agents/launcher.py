"""Run any OCS agent of the site config: upstream's code, unmodified, in a process that can be supervised."""

from __future__ import annotations

import functools
import io
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
from twisted.internet.interfaces import IReactorFromThreads

from livemon.agents import agent_secrets, classes, controlled, drivers, site_config, supervision
from livemon.errors import LivemonError
from livemon.instruments import folders
from livemon.sisock import nesting

MAX_RECONNECT_SECONDS = 5.0
"""Twisted waits up to a minute between attempts; every second after the router has come back costs data."""

PONG_WITHIN = 30.0
"""Seconds. A ping waits behind what has not been sent yet: with upstream's 5 s a slow router costs the session and all that waits."""

SITE_OPTIONS = {"SITE_HUB": "--site-hub", "SITE_HTTP": "--site-http", "SITE_HOST": "--site-host"}
"""Environment variables that upstream's ``ocs-agent-cli`` passes on as arguments."""


class AgentEndedError(LivemonError):
    """An agent ended without being asked to."""


def run(instance_id: str, arguments: Sequence[str] = ()) -> None:
    """Run an agent until SIGTERM or SIGINT ends it.

    Parameters
    ----------
    instance_id
        An agent of the site config.
    arguments
        Further arguments of the agent; they take precedence over the site config's.

    Raises
    ------
    ConfigError
        If the site config, the agent, its class or one of its secrets cannot be found.
    AgentEndedError
        If the agent ended without being asked to.
    """
    instance = site_config.find_instance(instance_id)
    # Before the agent's module is imported, which may read them then.
    os.environ.update(agent_secrets.environment(instance))
    own = instance.own_file
    agent_class = classes.own(instance.agent_class, own) if own else classes.resolve(instance.agent_class)
    main = agent_class.load()
    _prepare(agent_class)
    setproctitle.setproctitle(f"ocs-agent:{instance_id}")
    options = ["--instance-id", instance_id, "--crossbar-timeout", "0"]
    for variable, option in SITE_OPTIONS.items():
        if value := os.environ.get(variable):
            options += [option, value]
    main(args=[*options, *agent_secrets.arguments(instance), *arguments])
    _conclude(instance)


def _prepare(agent_class: classes.AgentClass) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)
    # autobahn would import it for a serializer that is not used; built for numpy 1, it prints 60 lines of traceback.
    sys.modules["bjdata"] = None  # type: ignore[assignment] # which makes an import fail; the stubs know modules only
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
    # While the router cannot be reached, no other code handles signals such that the exit status differs from a fault's.
    reactor.callWhenRunning(_handle_signals)


def _handle_signals() -> None:
    def asked_to_end(number: int, frame: object) -> None:
        supervision.end()
        IReactorFromThreads(reactor).callFromThread(supervision.stop_reactor)

    signal.signal(signal.SIGTERM, asked_to_end)
    signal.signal(signal.SIGINT, asked_to_end)


def _conclude(instance: site_config.Instance) -> None:
    """Raise unless the end was asked for; upstream's agents return in both cases."""
    verdict = supervision.verdict
    if verdict.asked:
        return
    when = "" if verdict.joined else " before it joined the router"
    raise AgentEndedError(
        verdict.fault
        or f"agent {instance.instance_id} ({instance.agent_class}) ended without being asked to{when}; see its log for the reason"
    )
