"""Filters over the report that a machine gives of itself before a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ..plugin_utils.host import problems, reachability
from ..plugin_utils.host.report import Report
from ..plugin_utils.host.requirements import Requirements
from ..plugin_utils.plain import mapping


def host_questions(report: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Return which addresses the machine of `report` is to ask, for a run that needs `wanted`."""
    asked = reachability.questions(Report(str(report)), Requirements.read(mapping(wanted)))
    return [dataclasses.asdict(question) for question in asked]


def host_problems(report: str, wanted: dict[str, Any], answers: str) -> list[str]:
    """Return all that stands in the way of a run on the machine of `report`; `answers` is what those addresses answered."""
    return problems.problems(Report(str(report)), Requirements.read(mapping(wanted)), Report(str(answers)))


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"host_questions": host_questions, "host_problems": host_problems}
