"""Deeply nested lists: no message that the router forwards may end a session of livemon's.

The router accepts them from any client, in JSON up to Python's recursion limit. In CBOR, the serialization in which it forwards them,
cbor2 reads 400 levels; beyond that autobahn considers the whole connection broken, and drops it.
"""

from __future__ import annotations

import functools

import cbor2

MAX_DEPTH = 4000
"""Levels, more than the router forwards; cbor2 needs no stack for them."""


def read_all() -> None:
    """Make autobahn read everything that the router forwards. To be called after txaio has been told its framework."""
    from autobahn.wamp import serializer  # noqa: PLC0415

    serializer._cbor_loads = functools.partial(cbor2.loads, max_depth=MAX_DEPTH)
