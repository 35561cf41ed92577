"""Lists in lists: what the router passes on ends no session of ours.

The router takes them from everybody, up to Python's limit of recursion, in JSON. In CBOR, which it passes them on in, cbor2 reads 400
within each other; beyond that autobahn takes the whole connection for broken, and drops it.
"""

from __future__ import annotations

import functools

import cbor2

DEPTH = 4000
"""More than the router passes on; cbor2 needs no stack for them."""


def read_all() -> None:
    """Have autobahn read all that the router passes on. To be called once it knows its framework."""
    from autobahn.wamp import serializer  # noqa: PLC0415

    serializer._cbor_loads = functools.partial(cbor2.loads, max_depth=DEPTH)
