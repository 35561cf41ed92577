#!/usr/bin/env python3
"""Start every agent class that can be imported, without its hardware, and write down what it does: lab/agents/absent.json.

Usage: PYTHONPATH=src:tests/support:. .venv/app/bin/python lab/agents/absent.py [CLASS...]        (`make absent`)

Each runs as on an appliance, by ``livemon agent``, at a real router, with the arguments of lab/agents/notes.yml, for 20 s or until it
ends. Addresses among them are those of this computer, ports those on which nothing listens: connections are refused at once. An
instrument that is switched off does not answer instead, which takes an agent as long as it is willing to wait.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from ocs_site import LIVEMON, Site
from router import Router

from plugins.plugin_utils.inventory import catalogue
from plugins.plugin_utils.inventory.faults.agent_classes import REFUSED

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "lab/agents/absent.json"
NOTES = ROOT / "lab/agents/notes.yml"
SECONDS = 20.0
STARTING_SECONDS = 60.0
AT_A_TIME = 3
JOINED = "transport connected"
_LOGGED = re.compile(r"\d{4}-\d\d-\d\dT\S+ (?P<text>\S.*)|(?P<error>livemon: .*|[\w.]*(Error|Exception)\b.*)")
"""What is worth reading in a log: lines with their time, errors, and livemon's own last words; not what an agent prints besides."""
_OF_OCS = re.compile(
    r"session joined|transport |startup-op|log_file is|ocs: starting|Using OCS version|start called for"
    r"|\w+:\d+ (Status is now|Launched)"
)


def observed(site: Site, name: str) -> dict[str, Any]:
    """Return what an agent does until `SECONDS` after it has joined the router: its exit status or `None`, and its last line."""
    log = site.directory / f"{name}.log"
    with log.open("w") as file:
        child = subprocess.Popen(
            [LIVEMON, "agent", name], cwd=site.directory, env=site.environment, stdout=file, stderr=subprocess.STDOUT
        )
    started = time.monotonic()
    end = started + STARTING_SECONDS
    try:
        while child.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
            if end == started + STARTING_SECONDS and JOINED in log.read_text(errors="replace"):
                end = time.monotonic() + SECONDS
        status = child.poll()
        text = log.read_text(errors="replace")
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
    return {"exit": status, "says": _last_words(text, site.directory)}


def _last_words(text: str, directory: Path) -> str:
    found = (_LOGGED.fullmatch(line) for line in reversed(text.splitlines()))
    said = (match["text"] or match["error"] for match in found if match)
    last = next((line for line in said if not _OF_OCS.match(line)), "")
    return " ".join(last.replace(str(directory), ".").split())


def main() -> None:
    """Start the classes that are named, or all; results of the others stay."""
    notes = yaml.safe_load(NOTES.read_text())
    results: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    names = sys.argv[1:] or [
        name for name, about in catalogue.classes().items() if not about.missing and name not in REFUSED
    ]
    with tempfile.TemporaryDirectory() as directory:
        router = Router(Path(directory))
        router.start()
        site = Site(Path(directory), router)
        site.write(**{name: (name, *notes[name]["absent"]) for name in names})
        for path, content in [each for name in names for each in notes[name].get("files", {}).items()]:
            (site.directory / path).parent.mkdir(parents=True, exist_ok=True)
            (site.directory / path).write_text(yaml.safe_dump(content))
        try:
            with ThreadPoolExecutor(AT_A_TIME) as pool:
                for name, found in zip(names, pool.map(lambda name: observed(site, name), names), strict=True):
                    results[name] = {"date": time.strftime("%Y-%m-%d", time.gmtime()), **found}
                    print(name, results[name], flush=True)
        finally:
            router.stop()
    ordered = {name: results[name] for name in catalogue.classes() if name in results}
    lines = (f"{json.dumps(name)}: {json.dumps(each, ensure_ascii=False)}" for name, each in ordered.items())
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
