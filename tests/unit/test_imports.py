"""Only what talks to the router, or runs a server, loads autobahn or the reactor: the rest is quick to import and to test."""

from __future__ import annotations

import subprocess
import sys
from fnmatch import fnmatchcase

from paths import ROOT

ALLOWED = {
    "livemon.agents",
    "livemon.bridge",
    "livemon.client.upstream",
    "livemon.instruments.*.agent",
    "livemon.instruments.lakeshore372.reading_status",
    "livemon.sisock.hub",
    "livemon.sisock.nodehost",
    "livemon.sisock.serve",
    "livemon.sisock.wamp",
}
"""Patterns of modules and packages that may load them."""
IMPORT_ALL = """
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
    for heavy in ("autobahn", "twisted.internet.reactor"):
        if heavy in sys.modules:
            sys.exit(f"{module} loads {heavy}")
"""


def modules() -> list[str]:
    source = ROOT / "src"
    paths = (path.relative_to(source).with_suffix("") for path in (source / "livemon").rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)


def is_allowed(module: str) -> bool:
    return any(fnmatchcase(module, pattern) or fnmatchcase(module, f"{pattern}.*") for pattern in ALLOWED)


def test_no_other_module_loads_autobahn_or_the_reactor():
    others = [module for module in modules() if not is_allowed(module)]
    assert len(others) > 80
    command = [sys.executable, "-W", "ignore", "-c", IMPORT_ALL, *others]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_everything_that_may_load_them_exists():
    assert all(any(fnmatchcase(module, pattern) for module in modules()) for pattern in ALLOWED)


def test_only_one_module_opens_connections_to_the_router():
    openers = [path for path in (ROOT / "src").rglob("*.py") if "autobahn.twisted.component" in path.read_text()]
    assert openers == [ROOT / "src/livemon/sisock/wamp.py"]
