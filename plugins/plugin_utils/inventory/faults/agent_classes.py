"""Faults in ``agent_class`` and ``feeds`` of an agent, by the catalogue of the classes in the image."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from .. import catalogue
from ..catalogue import AgentClass
from ..checks import kind
from ..entries import Entry, is_list

REFUSED = {
    "HostManager": (
        "would start every agent of this machine a second time, without the rules of docs/control.md; "
        "list the agents themselves under ocs_agents: livemon starts and supervises them"
    ),
    "AggregatorAgent": (
        "is already running, and a second one would write every sample to the archive twice; leave the entry out: "
        "archive_seconds_per_file and data_directory say how it archives"
    ),
    "RegistryAgent": "is already running, under the id registry, and there can be only one; leave the entry out",
}
"""Classes that an inventory cannot list, and the reason."""
_EXAMPLE = "write the class as upstream names it, for example FakeDataAgent"
_FEED = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def known(agent: Entry, own: Collection[str] = ()) -> AgentClass | None:
    """Return what the catalogue says of an agent's class.

    `None` for a class that is not in it or is refused, and for one of `own`.
    """
    plugin, _, name = _parts(agent.get("agent_class"))
    found = catalogue.classes().get(name)
    if found is None or name in REFUSED or (not plugin and name in own) or plugin not in ("", found.package):
        return None
    return found


def class_faults(place: str, agent: Entry, own: Collection[str] = ()) -> Iterator[str]:
    """Every fault of the key ``agent_class``; `own` are the names of classes that this inventory brings along."""
    given = agent.get("agent_class", "")
    plugin, colon, name = _parts(given)
    if given == "":
        yield f"{place}.agent_class is missing; {_EXAMPLE}"
    elif not isinstance(given, str):
        yield f"{place}.agent_class: this is {kind(given)}; {_EXAMPLE}"
    elif name in REFUSED:
        yield f"{place}.agent_class: {name} {REFUSED[name]}"
    elif found := known(agent, own):
        yield from _missing_faults(place, agent, found)
    elif not (agent.get("packages") or (not colon and name in own)) and plugin in ("", *catalogue.releases()):
        # Another plugin of OCS may be among the packages.
        yield f"{place}.agent_class: {_unknown(plugin, name, own)}"


def _parts(given: Any) -> tuple[str, str, str]:
    """Split ``plugin:Class``, as OCS names a class if two plugins have it."""
    plugin, colon, name = str(given).rpartition(":")
    return plugin.strip(), colon, name.strip()


def _unknown(plugin: str, name: str, own: Iterable[str]) -> str:
    if elsewhere := catalogue.classes().get(name):
        return f"{name} is an agent class of {elsewhere.package}, not of {plugin}; write {name}"
    releases = catalogue.releases()
    packages = " or ".join(f"{package} {releases[package]}" for package in ([plugin] if plugin else releases))
    near = difflib.get_close_matches(name.lower(), [each.lower() for each in (*catalogue.classes(), *own)], n=1)
    meant = next((each for each in (*own, *catalogue.classes()) if [each.lower()] == near), None)
    hint = f"did you mean {meant}?" if meant else "docs/agents.md lists all"
    return f"{name} is not an agent class of {packages}; {hint}"


def _missing_faults(place: str, agent: Entry, found: AgentClass) -> Iterator[str]:
    if not found.missing or agent.get("packages"):
        return
    packages = [package for package in found.missing.values() if package]
    elsewhere = [module for module, package in found.missing.items() if not package]
    if elsewhere:
        what = f"the Python module{'s' if len(elsewhere) > 1 else ''} {', '.join(elsewhere)}, not on PyPI"
        lacks, instead = " and ".join([*packages, what]), "packages, and wheels: ... with a directory that has them"
    else:
        lacks, instead = (
            " and ".join(packages),
            f"packages: [{', '.join(f'{each}==...' for each in packages)}] with the version",
        )
    yield (
        f"{place}.agent_class: {found.name} cannot be imported in livemon's image, which lacks {lacks}; "
        f"add {instead} (docs/agents.md)"
    )


def feed_faults(place: str, feeds: Any, agent_class: AgentClass | None) -> Iterator[str]:
    """Every fault of the names of feeds to show; `agent_class` is their agent's, as far as it is known."""
    for number, feed in enumerate(feeds if is_list(feeds) else ()):
        where = f"{place}.feeds[{number}]"
        if feed == "":
            yield f"{where}: this name is empty; write the name of a feed, for example {_example(agent_class)}"
        elif isinstance(feed, str) and not _FEED.match(feed):
            yield f"{where}: {feed!r} is not the name of a feed; write it as the agent does, for example {_example(agent_class)}"
        elif isinstance(feed, str) and agent_class and agent_class.feeds is not None and feed not in agent_class.feeds:
            yield f"{where}: {agent_class.name} has no feed {feed!r}; {_existing_feeds(feed, agent_class.feeds)}"


def _example(agent_class: AgentClass | None) -> str:
    return next(iter((agent_class and agent_class.feeds) or ("temperatures",)))


def _existing_feeds(feed: str, feeds: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(feed, feeds, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"it has {', '.join(feeds)}" if feeds else "it publishes none: leave feeds out"
