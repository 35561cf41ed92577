"""Ends a run with one message where a file of the inventory cannot be read, before Ansible's own readers complain one by one."""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.utils.display import Display

from ..plugin_utils.inventory.faults import files

DOCUMENTATION = """
name: readable
short_description: Tells what keeps a file of the inventory from being read
description:
  - Looks at YAML files of the inventory and at the variables beside them, and leaves it to the plugins behind it to read them.
  - Must be the first of C(enable_plugins).
"""
PARSER_ERROR = 4
"""Ansible's own exit status of a run whose files it cannot parse."""


class InventoryModule(BaseInventoryPlugin):
    """A reader that reads nothing."""

    NAME = "livemon.appliance.readable"

    def verify_file(self, path: str) -> bool:
        """Return `False`: it is for others to read the file. One that cannot be read ends the run."""
        faults = files.faults(Path(path))
        if faults:
            # Ansible goes on to its next reader after any exception but this.
            Display().display(_message(faults), color="red", stderr=True)
            raise SystemExit(PARSER_ERROR)
        return False

    def parse(self, *_arguments: object, **_options: object) -> None:
        """Do nothing: it never says that it could."""


def _message(faults: list[str]) -> str:
    head = f"The inventory cannot be read ({len(faults)} fault{'s' if len(faults) > 1 else ''}); nothing was changed."
    return "\n".join(
        [head, *(f"- {fault}" for fault in faults), 'See "When Ansible cannot read the file" in docs/inventory.md.']
    )
