"""What every test can use: a running router, and reasons in the summary of what failed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from router import Router


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print tables as wide as in a pipe: pytest-xdist tells its processes the width of the terminal that it runs in."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let a test take longer before it is ended where LIVEMON_PATIENCE makes its waits longer: tests/support/waiting.py."""
    if config.getoption("timeout") is None:
        config.option.timeout = float(config.getini("timeout")) * float(os.environ.get("LIVEMON_PATIENCE", "1"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the reasons of failures into a log: without a terminal pytest would cut them off at 80 columns."""
    if not terminalreporter.isatty:
        config.get_terminal_writer().fullwidth = 200


@pytest.fixture(scope="session")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """A running router for the whole test run; a test that stops it starts it again."""
    instance = Router(tmp_path_factory.mktemp("router"))
    instance.start()
    yield instance
    instance.stop()
