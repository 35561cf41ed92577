"""Which code an agent class of the site config stands for: the same in every process.

Upstream asks the ``ocs.plugins`` entry points in the order of a set, so that of two packages with the same class
name either may win. Here livemon's own classes come first, then those of ``ocs``, then those of ``socs``, then all others;
if two others offer the same name, neither is taken. ``plugin:Class`` is never ambiguous. A class that the lab has written is in a
file of its own, in a directory that only the container of that agent has (docs/own-agents.md).
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from livemon.errors import ConfigError

OWN = {"AggregatorAgent": {"module": "livemon.agents.aggregator", "entry_point": "main"}}
PRECEDENCE = ("livemon", "ocs", "socs")
CODE = "/agents"
"""Where the container of an agent that the lab has written has its file; ``LIVEMON_AGENTS_CODE`` names another directory."""


@dataclass(frozen=True)
class AgentClass:
    """An agent class: the plugin that offers it, and its module and function to run; `file` is that of a lab's own."""

    plugin: str
    name: str
    module: str
    function: str
    file: Path | None = None

    def load(self) -> Callable[..., object]:
        """Import the function that runs the agent; it takes ``args``, a list of command-line arguments.

        Raises
        ------
        ConfigError
            If the file of a lab's own class cannot be imported, or lacks the class or the function.
        """
        module = importlib.import_module(self.module) if self.file is None else self._imported(self.file)
        function: Callable[..., object] = getattr(module, self.function)
        return function

    def _imported(self, file: Path) -> ModuleType:
        spec = importlib.util.spec_from_file_location(self.module, file)
        if spec is None or spec.loader is None:
            raise ConfigError(f"{file} is not a Python file")
        module = sys.modules[self.module] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # whatever the lab's own code raises
            raise ConfigError(f"{file.name} cannot be imported: {type(error).__name__}: {error}") from error
        for name in (self.name, self.function):
            if not hasattr(module, name):
                raise ConfigError(f"{file.name} has no {name}")
        return module


def own(name: str, file: str, environ: Mapping[str, str] = os.environ) -> AgentClass:
    """Return the class `name` that the lab has written, in the file of that name."""
    path = Path(environ.get("LIVEMON_AGENTS_CODE", CODE)) / file
    return AgentClass("own", name, path.stem, "main", path)


def installed_plugins() -> dict[str, EntryPoint]:
    """Return all installed packages of agent classes, by name."""
    return {point.name: point for point in entry_points(group="ocs.plugins")}


def resolve(given: str, plugins: Mapping[str, EntryPoint] | None = None) -> AgentClass:
    """Find an agent class by its name in the site config, ``Class`` or ``plugin:Class``.

    Raises
    ------
    ConfigError
        If no plugin offers it, or if two plugins do and neither has precedence.
    """
    plugins = installed_plugins() if plugins is None else plugins
    plugin, colon, name = given.rpartition(":")
    broken: list[str] = []
    if colon:
        if plugin not in {"livemon", *plugins}:
            known = ", ".join(sorted({"livemon", *plugins}))
            raise ConfigError(f"agent-class {given!r}: there is no plugin {plugin!r}; known are {known}")
        offers = [_offer(plugin, plugins, broken)]
    else:
        offers = [_offer(first, plugins, broken) for first in PRECEDENCE]
        if not any(name in offer for offer in offers):
            offers += [_offer(other, plugins, broken) for other in sorted(plugins) if other not in PRECEDENCE]
    found = [offer[name] for offer in offers if name in offer]
    if len(found) > 1 and found[0].plugin not in PRECEDENCE:
        choices = " or ".join(f"{choice.plugin}:{name}" for choice in found)
        raise ConfigError(f"agent-class {name!r} is offered by more than one plugin: write {choices}")
    if not found:
        raise ConfigError(_unknown(given, name, {known for offer in offers for known in offer}, broken))
    return found[0]


def _offer(plugin: str, plugins: Mapping[str, EntryPoint], broken: list[str]) -> dict[str, AgentClass]:
    """Return the classes of one plugin; one that cannot be loaded offers nothing, and is noted in `broken`."""
    if plugin == "livemon":
        agents = OWN
    elif plugin not in plugins:
        return {}
    else:
        try:
            agents = plugins[plugin].load().agents
        except Exception as error:  # whatever a foreign package raises when imported
            broken.append(f"{plugin} ({type(error).__name__}: {error})")
            return {}
    return {
        name: AgentClass(plugin, name, entry["module"], entry.get("entry_point", "main"))
        for name, entry in agents.items()
    }


def _unknown(given: str, name: str, known: set[str], broken: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    sentence = f"unknown agent-class {given!r}"
    sentence += f"; did you mean {near[0]}?" if near else "."
    sentence += f" Known are {', '.join(sorted(known))}"
    if broken:
        sentence += f". Plugins that cannot be loaded: {', '.join(broken)}"
    return sentence
