"""Go's opinion of the bridge's answers; Grafana's server is written in Go."""

import json
import os
import subprocess

from crossbar_router import ROOT

SOURCE = ROOT / "tests/referees/strict.go"
PROGRAM = ROOT / ".cache/strict"


def faults(answers):
    """Return what Go says against each answer, a pair of how it is read and its text; empty if nothing."""
    _compile()
    written = json.dumps([{"kind": kind, "body": body} for kind, body in answers])
    said = subprocess.run([PROGRAM], input=written, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(said.stdout)


def _compile():
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < SOURCE.stat().st_mtime:
        PROGRAM.parent.mkdir(exist_ok=True)
        environment = os.environ | {"GOCACHE": str(ROOT / ".cache/go"), "GO111MODULE": "off", "GOFLAGS": ""}
        subprocess.run(["go", "build", "-o", PROGRAM, SOURCE], check=True, timeout=200, env=environment)
