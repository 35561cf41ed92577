"""The ufw commands that make its rules, its policy and its state what they should be, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import TypedDict

from ..entries import Entry

MARK = " comment 'livemon'"
"""The end of each of our rules: only such rules are ever deleted."""
POLICIES = {"DROP": "deny", "ACCEPT": "allow", "REJECT": "reject"}


class Settings(TypedDict):
    """ufw's state, and its policy for incoming packets, one of `POLICIES`."""

    enabled: bool
    incoming: str


def settings(text: str) -> Settings:
    """Return what ufw's settings files say."""
    values = dict(re.findall(r"^(\w+)=[\"']?(\w+)", text, re.MULTILINE))
    return {
        "enabled": values.get("ENABLED", "no").lower() == "yes",
        "incoming": values.get("DEFAULT_INPUT_POLICY", "DROP").upper(),
    }


def changes(added: str, settings_now: str, target: Entry) -> list[str]:
    """Return the arguments of each call of ``ufw``, in an order that locks nobody out on the way.

    Parameters
    ----------
    added
        The output of ``ufw show added``.
    settings_now
        The text of ufw's settings files.
    target
        `rules`: ports, their protocol (``tcp`` by default), and the networks that they are open to; `enabled` and `incoming` as in
        :class:`Settings`.
    """
    present = [line.removeprefix("ufw ") for line in added.splitlines() if line.startswith("ufw ")]
    in_force = {rule.partition(" comment ")[0] for rule in present}
    rules = list(dict.fromkeys(rule for entry in target["rules"] for rule in _rules(entry)))
    now = settings(settings_now)
    turned = now["enabled"] != target["enabled"]
    return [
        *(["disable"] if turned and now["enabled"] else []),
        *(rule + MARK for rule in rules if rule not in in_force),
        *(_deletion(rule) for rule in present if rule.endswith(MARK) and rule.removesuffix(MARK) not in rules),
        *([f"default {POLICIES[target['incoming']]} incoming"] if now["incoming"] != target["incoming"] else []),
        *(["--force enable"] if turned and target["enabled"] else []),
    ]


def _rules(entry: Entry) -> Iterator[str]:
    """Yield the rules of a port, each as ``ufw show added`` will show it."""
    protocol = entry.get("protocol") or "tcp"
    if not entry.get("from"):
        yield f"allow {entry['port']}/{protocol}"
    for text in entry.get("from") or ():
        network = ip_network(text)
        source = network.network_address if network.prefixlen == network.max_prefixlen else network
        yield f"allow from {source} to any port {entry['port']} proto {protocol}"


def _deletion(rule: str) -> str:
    """Return what deletes one of our rules; those of routed packets have the word in another place."""
    return re.sub(r"^(route )?", r"\1delete ", rule.removesuffix(MARK), count=1)
