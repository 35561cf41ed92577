"""A session of a user of the router, which a test tells what to call: tests/support/wamp_calls.py in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from paths import ROOT
from router import Router

SISOCK = "org.simonsobservatory"


class Session:
    """A session of a user of the router, in a process of its own; ends with the block."""

    def __init__(self, router: Router, user: str = "node") -> None:
        secret = router.directory / "secrets" / user / user
        self.command = [
            sys.executable,
            ROOT / "tests/support/wamp_calls.py",
            router.url,
            router.directory / "pki/ca.crt",
            user,
            secret,
        ]

    def __enter__(self) -> Session:
        self.child = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert json.loads(self.child.stdout.readline()) == {"result": "joined"}
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self.child.communicate(timeout=10)

    def __call__(self, name: str, *arguments: object, **keywords: object) -> object:
        """The result of a call, or the error's URI and text."""
        self.child.stdin.write(json.dumps([f"{SISOCK}.{name}", arguments, keywords]) + "\n")
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline())
        return answer["result"] if "result" in answer else (answer["error"], answer["text"])

    def register(self, name: str) -> object:
        """Take a procedure over by force; it answers `name`. Returns it, or the error's URI and text."""
        return self("register@force", f"{SISOCK}.{name}")
