"""What a release of Grafana makes of our message templates: rendered by that release's own alerting module."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence

from crossbar_router import ROOT

SOURCE = ROOT / "tests/referees/messages"
MODULES = {"9.4": "grafana_9_4", "12.0": "grafana_12_0"}
"""By release, the build tag and the module file of its program."""


def rendered(
    release: str, templates: Sequence[str], cases: Sequence[Mapping], url: str, zone: str = "Europe/Berlin"
) -> list[dict[str, str]]:
    """Return for each case its texts as a Grafana of that release, at `url` and with that local time, makes them.

    A case has ``alerts`` (``labels``, ``annotations``, ``startsAt``, ``endsAt``) and ``texts``, templates by name. What the
    release refuses fails with its own words.
    """
    asked = json.dumps({"templates": list(templates), "url": url, "cases": list(cases)})
    done = subprocess.run(
        [_program(release)],
        input=asked,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"TZ": zone},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _program(release: str) -> str:
    """Build the program of a release; Go does nothing where there is nothing to do."""
    tag = MODULES[release]
    program = ROOT / ".cache" / tag
    program.parent.mkdir(exist_ok=True)
    module = "go.mod" if tag == "grafana_12_0" else f"{tag}.mod"
    # Its sums are all in the repository: nobody else need be asked for them.
    environment = os.environ | {"GOCACHE": str(ROOT / ".cache/go"), "GOFLAGS": "", "GONOSUMDB": "*"}
    subprocess.run(
        ["go", "build", f"-modfile={module}", "-tags", tag, "-o", program, "."],
        cwd=SOURCE,
        check=True,
        timeout=400,
        env=environment,
    )
    return str(program)
