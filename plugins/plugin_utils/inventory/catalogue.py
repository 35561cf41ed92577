"""The agent classes of ocs and socs that the application image has, with their options and feeds.

``lab/agents/catalogue.py`` makes ``catalogue.json`` from the very releases in the image: Ansible's Python has neither of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class Option:
    """An option of an agent's parser (``argparse``).

    Parameters
    ----------
    names
        With their dashes; the first is the one to show.
    type
        ``int``, ``float``, ``bool`` or ``str``; `None` is text, too.
    nargs
        How many values it takes: a number, ``+`` (at least one), ``*`` (any number); `None` is one, 0 is none.
    choices
        What values can be, if there are only some.
    """

    names: tuple[str, ...]
    type: str | None = None
    nargs: int | str | None = None
    choices: tuple[Any, ...] = ()
    default: Any = None
    required: bool = False
    help: str = ""

    @property
    def name(self) -> str:
        """The name to show."""
        return self.names[0]


@dataclass(frozen=True)
class AgentClass:
    """An agent class.

    Parameters
    ----------
    package
        ``ocs`` or ``socs``.
    purpose, needs
        What it is for, and what has to exist outside its container, in words.
    missing
        The Python modules that it imports and the image lacks, each with the package of PyPI that has it, or `None`.
    environment
        Environment variables that it reads.
    feeds
        Names of its feeds; `None` if the code computes some of them.
    """

    name: str
    package: str
    module: str
    purpose: str
    needs: str
    missing: Mapping[str, str | None]
    environment: tuple[str, ...]
    feeds: tuple[str, ...] | None
    options: tuple[Option, ...] = field(repr=False)


@cache
def classes() -> dict[str, AgentClass]:
    """Return all agent classes by name."""
    return {name: _agent_class(name, about) for name, about in _read()["classes"].items()}


@cache
def site_options() -> tuple[Option, ...]:
    """Return the options that OCS itself gives to every agent."""
    return tuple(map(_option, _read()["site_options"]))


@cache
def releases() -> dict[str, str]:
    """Return the releases of ``ocs`` and ``socs`` that are described."""
    return dict(_read()["releases"])


@cache
def _read() -> dict[str, Any]:
    catalogue: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return catalogue


def _agent_class(name: str, about: Mapping[str, Any]) -> AgentClass:
    feeds = about["feeds"]
    return AgentClass(
        name=name,
        package=about["package"],
        module=about["module"],
        purpose=about["for"],
        needs=about["needs"],
        missing=about["missing"],
        environment=tuple(about["environment"]),
        feeds=None if feeds is None else tuple(feeds),
        options=tuple(map(_option, about["options"])),
    )


def _option(about: Mapping[str, Any]) -> Option:
    return Option(**{**about, "names": tuple(about["names"]), "choices": tuple(about.get("choices", ()))})
