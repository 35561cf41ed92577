"""The bridge's own web server over samples in memory; standard input is JSON, ``{"series": [...], "events": [...]}``."""

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict

from memory_source import MemorySource, Samples
from paths import ROOT

from livemon.bridge.app import create_app
from livemon.bridge.node_watch import Event
from livemon.bridge.server import serve
from livemon.bridge.workers import Workers
from livemon.sisock import wamp


@contextmanager
def running(series, events, log):
    """Run such a bridge in a process of its own while the block lasts; its port is what the block gets."""
    content = {"series": [asdict(each) for each in series], "events": [asdict(each) for each in events]}
    with log.open("w") as errors:
        child = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT / "tests",
        )
    try:
        json.dump(content, child.stdin)
        child.stdin.close()
        first = child.stdout.readline()
        assert "listening on" in first, first + log.read_text()
        yield int(first.rpartition(":")[2])
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def main():
    content = json.load(sys.stdin)
    source = MemorySource(
        [Samples(**each) for each in content["series"]], [Event(**each) for each in content["events"]]
    )
    serve(create_app(source), "127.0.0.1", 0, Workers())
    wamp.run()


if __name__ == "__main__":
    main()
