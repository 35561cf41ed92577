"""All faults of an inventory at once, each with its place and with what to write instead.

`CHECKS` says which module checks which setting. A new setting goes there, and its check into the module.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator

from ..entries import Entry
from . import agents, control, data_nodes, default_alarms, duplicates, firewall, instruments, notifications, secrets
from .settings import SITE_SETTINGS, setting_faults

Check = Callable[[Entry], Iterator[str]]

CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    (tuple(SITE_SETTINGS), setting_faults),
    (("instruments",), instruments.faults),
    (("ocs_agents",), agents.faults),
    (("data_nodes",), data_nodes.faults),
    ((control.KEY,), control.faults),
    ((secrets.AGENT_SECRETS,), secrets.faults),
    (("instrument_alarms", "appliance_alarms"), default_alarms.faults),
    (("notifications", "notification_secrets", "smtp"), notifications.faults),
    ((firewall.KEY,), firewall.faults),
)
"""Each setting of the inventory once, and the check of it; a check sees all settings of a host."""
SETTINGS = frozenset(key for keys, _ in CHECKS for key in keys)


def faults(settings: Entry) -> list[str]:
    """Return every fault in one host's settings, in the order of `CHECKS`; empty for a sound inventory.

    Each is one sentence: where it is, what is wrong, and what to write instead.
    """
    found = [*_misspelt(settings), *_without_instruments(settings)]
    for _, check in CHECKS:
        found += check(settings)
    return found + list(duplicates.faults(settings))


def _misspelt(settings: Entry) -> Iterator[str]:
    for key in settings:
        meant = _meant(key)
        if meant and meant not in settings:
            yield f"{key}: unknown setting; did you mean {meant}?"


def _meant(key: str) -> str | None:
    """Return the setting whose name an unknown variable resembles."""
    if key in SETTINGS or key.startswith("ansible_"):
        return None
    return next(iter(difflib.get_close_matches(key, SETTINGS, n=1, cutoff=0.87)), None)


def _without_instruments(settings: Entry) -> Iterator[str]:
    # Ansible only warns about a list at the wrong indentation; without any, the next run would stop all agents.
    if "instruments" not in settings and "instruments" not in map(_meant, settings):
        yield "instruments: this list is missing; write it under vars, or instruments: [] if there are none"
