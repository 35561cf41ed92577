"""Prints what a playbook says at its end as it is, behind Ansible's recaps: the text that `set_stats` keeps as ``closing_words``."""

from __future__ import annotations

import atexit

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: closing_words
type: aggregate
short_description: Prints the last words of a run
description:
  - Prints the custom statistics named C(closing_words), of each host and of the whole run, without quotes, braces or indentation.
"""


class CallbackModule(CallbackBase):
    """Waits for the end of the run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "livemon.appliance.closing_words"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_stats(self, stats: object) -> None:
        """Print them when everybody else has printed theirs: other callbacks have their turn after this one."""
        texts = [str(kept["closing_words"]) for kept in stats.custom.values() if kept.get("closing_words")]
        if texts:
            atexit.register(self._display.display, "\n" + "\n\n".join(texts).rstrip() + "\n")
