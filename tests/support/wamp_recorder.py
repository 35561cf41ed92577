"""Run a script of upstream sisock's, unchanged, and record what it says and hears on the router.

Usage: python tests/support/wamp_recorder.py TRANSCRIPT SCRIPT, in an environment with what the script needs. The transcript has
one JSON list a line: UNIX seconds, "sent" or "received", the WAMP message. Challenges, signatures, farewells and what
implementations tell of their features are left out. tests/integration/data/record.py makes the transcripts there with it.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from pathlib import Path

import txaio

txaio.use_twisted()
sys.modules.setdefault("bjdata", None)  # as in livemon.sisock.wamp

from autobahn.wamp import message  # noqa: E402 - txaio must know its framework first
from autobahn.wamp.protocol import ApplicationSession  # noqa: E402
from autobahn.wamp.websocket import WampWebSocketProtocol  # noqa: E402

transcript, script = sys.argv[1:]
output = Path(transcript).open("w")  # noqa: SIM115 - open as long as the process lives


def record(direction: str, spoken: message.Message) -> None:
    """Write one message down."""
    if isinstance(spoken, message.Goodbye):
        return
    content = spoken.marshal()
    if isinstance(spoken, message.Challenge):
        content[2] = {"challenge": "<challenge>"}
    elif isinstance(spoken, message.Authenticate):
        content[1] = "<signature>"
    elif isinstance(spoken, message.Welcome):
        content[2] = {"authrole": spoken.authrole}
    elif isinstance(spoken, message.Hello):
        content[2] = {key: value for key, value in content[2].items() if key in ("authid", "authmethods")}
        content[2]["roles"] = {role: {} for role in spoken.roles}
    output.write(json.dumps([round(time.time(), 3), direction, content]) + "\n")
    output.flush()


def recording(function: object, direction: str) -> object:
    """Return a method that records its message before it does its work."""

    def method(self: object, spoken: message.Message) -> object:
        record(direction, spoken)
        return function(self, spoken)

    return method


WampWebSocketProtocol.send = recording(WampWebSocketProtocol.send, "sent")
ApplicationSession.onMessage = recording(ApplicationSession.onMessage, "received")
sys.path.insert(0, str(Path(script).resolve().parent))
sys.argv = [script]
runpy.run_path(script, run_name="__main__")
