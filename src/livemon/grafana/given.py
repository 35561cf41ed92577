"""What Grafana is given to provision itself from: the files below ``/etc/livemon/grafana``, a measure of what it must have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livemon.config import yaml_content
from livemon.errors import ConfigError

OURS = "livemon-"
"""How the uids of all begin that livemon makes from the inventory; those of the lab's own dashboards do not."""


@dataclass(frozen=True)
class Given:
    """What the files hold, each thing by its uid; empty where there is none."""

    sources: Mapping[str, str] = field(default_factory=dict)
    """Kinds of data sources."""
    dashboards: Mapping[str, str] = field(default_factory=dict)
    """Titles of dashboards, the lab's own among them."""
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Alarm rules, as Grafana reads them."""
    folders: tuple[str, ...] = ()
    """Titles of the folders with alarm rules."""
    contact_points: Mapping[str, str] = field(default_factory=dict)
    """Names of contact points."""
    policy: Mapping[str, Any] | None = None
    """The tree of notification policies, as the file has it."""
    templates: tuple[str, ...] = ()
    """Names of message templates."""


def read(directory: Path) -> Given:
    """Return what a directory laid out like ``/etc/livemon/grafana`` gives to Grafana.

    Raises
    ------
    ConfigError
        If a file cannot be read, or there is no data source: then it is another directory.
    """
    alerting = list(_documents(directory / "config/alerting"))
    sources = {
        each["uid"]: each["type"]
        for document in _documents(directory / "config/datasources")
        for each in document.get("datasources") or []
    }
    if not sources:
        raise ConfigError(
            f"{directory} holds no data source for Grafana: name the directory that the role grafana made"
        )
    groups = [group for document in alerting for group in document.get("groups") or []]
    policies = [policy for document in alerting for policy in document.get("policies") or []]
    return Given(
        sources=sources,
        dashboards=dict(_dashboards(directory)),
        rules={rule["uid"]: _rule(rule) for group in groups for rule in group["rules"]},
        folders=tuple(dict.fromkeys(group["folder"] for group in groups)),
        contact_points={
            receiver["uid"]: point["name"]
            for document in alerting
            for point in document.get("contactPoints") or []
            for receiver in point["receivers"]
        },
        policy=policies[-1] if policies else None,
        templates=tuple(each["name"] for document in alerting for each in document.get("templates") or []),
    )


def _rule(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a rule with its title and labels as Grafana reads them: two dollars are one."""
    labels = {key: str(value).replace("$$", "$") for key, value in (rule.get("labels") or {}).items()}
    return {**rule, "title": rule["title"].replace("$$", "$"), "labels": labels}


def _documents(directory: Path) -> Iterator[Mapping[str, Any]]:
    for path in sorted(directory.glob("*.yml")):
        yield yaml_content(_text(path), str(path)) or {}


def _dashboards(directory: Path) -> Iterator[tuple[str, str]]:
    for path in sorted([*directory.glob("dashboards/*.json"), *directory.glob("lab/*.json")]):
        try:
            model = json.loads(_text(path))
            yield model["uid"], model["title"]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} is not a dashboard with a uid and a title: run playbooks/site.yml") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): run playbooks/site.yml") from error
