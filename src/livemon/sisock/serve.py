"""Data nodes in a process of their own: what a lab's own node ends with. docs/data-nodes.md."""

from __future__ import annotations

import sys

from twisted.internet import reactor

from livemon.config import RouterConfig
from livemon.errors import LivemonError
from livemon.sisock import wamp
from livemon.sisock.datanode import DataNodeServer
from livemon.sisock.nodehost import NodeHost
from livemon.sisock.registry import checked_description, checked_name


def serve(*nodes: DataNodeServer) -> None:
    """Serve data nodes on the router that the environment names; return when SIGTERM or SIGINT ends the process.

    A :class:`livemon.errors.LivemonError` ends the process with one sentence on standard error and exit status 1.

    Parameters
    ----------
    *nodes
        They share one session; each needs a name of its own.
    """
    host = NodeHost()
    try:
        component = wamp.join_router(RouterConfig.from_environment(), host.on_join, host.on_leave)
        for node in nodes:
            # Or the hub would refuse them again and again, and only the log would say so.
            checked_name(node.name)
            checked_description(node.description)
            host.add(node)
    except LivemonError as error:
        sys.exit(f"{sys.argv[0]}: {error}")
    reactor.addSystemEventTrigger("before", "shutdown", host.leave)
    wamp.run(component)
