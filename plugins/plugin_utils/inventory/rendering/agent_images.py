"""The images of agents that need further Python packages: the application's image with them, tagged by all that it is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from ...source import SOURCE
from ..entries import Entry

RECIPE = SOURCE.parents[1] / "files/images/agent/Dockerfile"


class AgentImage(TypedDict):
    """The image of an agent: its reference and tag, the packages, and the wheels from which they come, files on the controller."""

    agent: str
    reference: str
    tag: str
    packages: list[str]
    wheels: list[str]


def images(agents: Iterable[Entry], app: str, directory: Path) -> list[AgentImage]:
    """Return the images of the agents that need packages.

    Parameters
    ----------
    agents
        The agents of a sound inventory.
    app
        The application's image, whose tag is derived from its content.
    directory
        That of the inventory, in which relative directories of wheels begin.
    """
    return [_image(agent, app, directory) for agent in agents if agent.get("packages")]


def wheel_faults(agents: Iterable[Entry], directory: Path) -> Iterator[str]:
    """Yield which directories of wheels have none: each as a sentence."""
    for agent in agents:
        if agent.get("wheels") and not _wheels(agent, directory):
            yield (
                f"The agent {agent['id']} takes its packages from {directory / agent['wheels']} on this computer, where there is no "
                "wheel (*.whl): fill it, for example with pip download --dest, or leave wheels out."
            )


def _image(agent: Entry, app: str, directory: Path) -> AgentImage:
    packages, wheels = sorted(agent["packages"]), _wheels(agent, directory)
    contents = [app.encode(), RECIPE.read_bytes(), *map(str.encode, packages)]
    contents += [part for wheel in wheels for part in (wheel.name.encode(), wheel.read_bytes())]
    tag = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()[:12]
    return {
        "agent": agent["id"],
        "reference": f"livemon/agent:{tag}",
        "tag": tag,
        "packages": packages,
        "wheels": list(map(str, wheels)),
    }


def _wheels(agent: Entry, directory: Path) -> list[Path]:
    return sorted((directory / agent["wheels"]).glob("*.whl")) if agent.get("wheels") else []
