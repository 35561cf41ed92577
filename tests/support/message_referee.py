"""What a release of Grafana makes of our message templates, by the template functions that it has."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from paths import ROOT

SOURCE = ROOT / "tests/referees/messages"
RELEASES = {"9.4": ("grafana_9_4", "grafana_9_4.mod"), "12.0": ("grafana_12_0", "go.mod")}
"""Of each release the build tag and the module file of its program."""


def rendered(
    release: str, templates: Sequence[str], cases: Sequence[Mapping], url: str, zone: str = "Europe/Berlin"
) -> list[dict[str, str]]:
    """Return for each case its texts as a Grafana of that release, at `url` and with that local time, makes them.

    A case has ``alerts`` (``status``, ``labels``, ``annotations``, ``startsAt``, ``endsAt``, ``silenceURL``, ``panelURL``) and
    ``texts``, templates by name. What the release refuses fails with its own words.
    """
    asked = json.dumps({"templates": list(templates), "url": url, "cases": list(cases)})
    done = subprocess.run(
        [program(release)],
        input=asked,
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
        env=os.environ | {"TZ": zone},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@cache
def program(release: str) -> Path:
    """Build the program of a release; Go does next to nothing where there is nothing to do."""
    tag, module = RELEASES[release]
    built = ROOT / ".cache" / tag
    built.parent.mkdir(exist_ok=True)
    environment = os.environ | {"GOCACHE": str(ROOT / ".cache/go"), "GO111MODULE": "on", "GOFLAGS": ""}
    command = ["go", "build", f"-modfile={module}", "-tags", tag, "-ldflags=-s -w", "-o", built, "."]
    subprocess.run(command, cwd=SOURCE, check=True, timeout=500, env=environment)
    return built
