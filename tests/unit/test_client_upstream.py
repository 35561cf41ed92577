"""Upstream's client as an operator calls it."""

from __future__ import annotations

import subprocess
import sys


def test_it_prints_nothing_of_a_serialization_that_nobody_uses():
    """`ocs-client-cli scan` and `listen` began with a traceback of 60 lines, and then worked."""
    program = "import livemon.client.upstream, autobahn.wamp.websocket; from autobahn.wamp import serializer"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout + done.stderr == ""
