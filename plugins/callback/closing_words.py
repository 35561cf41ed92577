"""Prints what a playbook says at its end as it is, after Ansible's recaps: the text that `set_stats` keeps as ``closing_words``."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from typing import Any, Protocol

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: closing_words
type: aggregate
author: The livemon developers (!UNKNOWN)
version_added: 0.1.0
short_description: Prints the closing words of a playbook
description:
  - Prints the custom statistics named C(closing_words), of each host and of the whole run, without quotes, braces or indentation.
  - The playbooks of this collection say there what they have set up, or what an inventory describes. Without this callback they
    end without these words.
requirements:
  - C(livemon.appliance.closing_words) in C(callbacks_enabled) of C(ansible.cfg), or in E(ANSIBLE_CALLBACKS_ENABLED)
"""
EXAMPLES = """
# In ansible.cfg:
# [defaults]
# callbacks_enabled = livemon.appliance.closing_words
"""


class Statistics(Protocol):
    """What Ansible hands over at the end of a run: what `set_stats` kept, by host, and under ``_run`` that of the whole run."""

    custom: Mapping[str, Mapping[str, Any]]


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible has no types
    """Waits for the end of the run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "livemon.appliance.closing_words"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_stats(self, stats: Statistics) -> None:
        """Print them when all other callbacks have printed theirs, which have their turn after this one."""
        texts = [str(kept["closing_words"]) for kept in stats.custom.values() if kept.get("closing_words")]
        if texts:
            atexit.register(self._display.display, "\n" + "\n\n".join(texts).rstrip() + "\n")
