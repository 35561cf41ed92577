"""Ends a run with one message where a file of the inventory cannot be read, before Ansible's own plugins complain one by one."""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.utils.display import Display

from ..plugin_utils.inventory.faults import files

DOCUMENTATION = """
name: readable
author: The livemon developers (!UNKNOWN)
version_added: 0.1.0
short_description: Says why a file of the inventory cannot be read
description:
  - Checks YAML files of the inventory and the variables beside them, and leaves reading them to the plugins that follow.
  - It ends the run with one list of all faults, each with its file and line. It also finds what Ansible would read otherwise than
    it was meant, such as a key that occurs twice, or a serial number that YAML takes for an octal number.
options: {}
requirements:
  - C(livemon.appliance.readable) as the first of C(enable_plugins) in C(ansible.cfg), or in E(ANSIBLE_INVENTORY_ENABLED)
"""
EXAMPLES = """
# In ansible.cfg:
# [inventory]
# enable_plugins = livemon.appliance.readable, host_list, script, auto, yaml, ini, toml
"""
PARSER_ERROR = 4
"""Ansible's own exit status of a run whose files it cannot parse."""


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc]  # Ansible has no types
    """An inventory plugin that checks files and reads none."""

    NAME = "livemon.appliance.readable"

    def verify_file(self, path: str) -> bool:
        """Return `False`, as other plugins read the file. One that cannot be read ends the run."""
        faults = files.faults(Path(path))
        if faults:
            # After any other exception Ansible goes on to its next plugin.
            Display().display(_message(faults), color="red", stderr=True)
            raise SystemExit(PARSER_ERROR)
        return False

    def parse(self, *_arguments: object, **_options: object) -> None:
        """Do nothing: Ansible calls it only for a file that `verify_file` accepts."""


def _message(faults: list[str]) -> str:
    head = f"The inventory cannot be read ({len(faults)} fault{'s' if len(faults) > 1 else ''}); nothing was changed."
    return "\n".join(
        [head, *(f"- {fault}" for fault in faults), 'See "When Ansible cannot read the file" in docs/inventory.md.']
    )
