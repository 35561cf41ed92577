"""Deeply nested lists, which any client of the router may send, ended the session that received them."""

from __future__ import annotations

import subprocess
import sys

import pytest

NESTED = (
    "from autobahn.wamp.serializer import CBORObjectSerializer as CBOR; CBOR().unserialize(b'\\x81' * 1200 + b'\\x01')"
)


@pytest.mark.parametrize(
    "ours",
    [
        "import livemon.sisock.wamp",
        "from types import SimpleNamespace as N; from livemon.agents import launcher; launcher._prepare(N(module=''))",
    ],
    ids=["hub, nodes and bridge", "agents"],
)
def test_what_the_router_forwards_does_not_end_a_session(ours):
    done = subprocess.run(
        [sys.executable, "-c", f"{ours}; {NESTED}"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
