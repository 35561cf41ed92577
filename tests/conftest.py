"""What every test can have: a running router."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crossbar_router import Router


@pytest.fixture(scope="session")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """A running router for the whole test run; a test that stops it starts it again."""
    instance = Router(tmp_path_factory.mktemp("router"))
    instance.start()
    yield instance
    instance.stop()
