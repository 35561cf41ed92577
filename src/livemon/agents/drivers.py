"""socs's Lake Shore drivers, unmodified on disk, over connections that give each query its own reply.

What a driver calls to open a socket or a serial line is replaced in memory, and so is the method by which it exchanges messages: by
the ``driver.py`` of each instrument's folder (:mod:`livemon.instruments`). It serves whichever agent has imported the driver, socs's
own or another one.

socs's agents give up if their instrument does not reply at start-up; for those the constructor waits until it does.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from typing import Any

from livemon.agents import supervision
from livemon.instruments import folders
from livemon.instruments.common.connection import RETRY_SECONDS, contacts

_NOT_YET = (OSError, LookupError, ValueError)
"""What constructors raise if an instrument does not answer, or replies with something that they cannot read."""


def frame_all() -> None:
    """Frame those drivers that this process has imported, each of them once."""
    for instrument in folders.parts("driver").values():
        driver = sys.modules.get(instrument.MODULE)
        if driver is not None and not hasattr(driver, "livemon_framed"):
            instrument.frame(driver)
            vars(driver)["livemon_framed"] = True


def wait_at_start() -> None:
    """Let socs's agents of this process wait for their instruments."""
    for instrument in folders.parts("driver").values():
        module_name, name = instrument.CONSTRUCTOR
        module = sys.modules.get(module_name)
        if module is not None:
            setattr(module, name, patient(getattr(module, name), getattr(instrument, "probe", None)))


def patient(constructor: Callable[..., Any], probe: Callable[[Any], object] | None = None) -> Callable[..., Any]:
    """Return a constructor that, until it has succeeded once, tries again as long as the instrument does not reply.

    Later failures are left to the agent, which is running then and can be stopped.

    Parameters
    ----------
    constructor
        Of a driver.
    probe
        Asks the instrument something, for a constructor that does not.
    """
    name = constructor.__module__.rpartition(".")[2]
    succeeded = False

    @functools.wraps(constructor, updated=())
    def construct(*args: Any, **kwargs: Any) -> Any:
        nonlocal succeeded
        while True:
            try:
                driver = constructor(*args, **kwargs)
                if probe is not None and not succeeded:
                    probe(driver)
            except _NOT_YET as error:
                if succeeded or supervision.verdict.ending:
                    raise
                if not isinstance(error, ConnectionError):  # the connection has reported those itself
                    contacts.lose(name, f"its set-up cannot be read: {type(error).__name__}: {error}")
                time.sleep(RETRY_SECONDS)
            else:
                succeeded = True
                contacts.found(name)
                return driver

    return construct
