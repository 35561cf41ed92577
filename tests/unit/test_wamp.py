"""The end of a process that lives on a router's session."""

import subprocess
import sys

ENDED = """
from livemon import wamp
from twisted.internet.defer import succeed

class Component:
    def start(self, _reactor):
        return succeed(None)

wamp.run(Component())
"""


def test_a_router_s_farewell_ends_the_process_so_that_it_is_started_again():
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ENDED], capture_output=True, text=True, timeout=20, check=False
    )
    assert process.returncode == 1
    assert "giving up on the router" in process.stdout
