"""Small programs in Go beside the tests: Grafana's server is written in Go, and they read as it does."""

import json
import os
import subprocess

from paths import ROOT


def answers(name, questions):
    """Return what the program ``tests/referees/<name>.go`` answers to a list, one text to each; it is compiled if it has changed."""
    said = subprocess.run(
        [program(name)], input=json.dumps(questions), capture_output=True, text=True, timeout=300, check=True
    )
    return json.loads(said.stdout)


def program(name):
    """Return the path of a program, compiled if its source has changed."""
    source, compiled = ROOT / f"tests/referees/{name}.go", ROOT / f".cache/{name}"
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        compiled.parent.mkdir(exist_ok=True)
        environment = os.environ | {"GOCACHE": str(ROOT / ".cache/go"), "GO111MODULE": "off", "GOFLAGS": ""}
        new = compiled.with_name(f"{name}.{os.getpid()}")
        subprocess.run(["go", "build", "-o", new, source], check=True, timeout=200, env=environment)
        new.replace(compiled)
    return compiled
