"""All that stands in a machine's way, in one list."""

from __future__ import annotations

from . import conflicts, docker, machine, packages, reachability, subnets
from .report import Report
from .requirements import Wanted


def problems(report: Report, wanted: Wanted, answers: Report) -> list[str]:
    """Return every problem, one or two sentences each: what, where, and what to do.

    Parameters
    ----------
    report
        What the machine told of itself.
    wanted
        What this run is going to need of it: the arguments of roles/preflight, without the role's name.
    answers
        What the machine was answered, by the numbers of `elsewhere.questions`.
    """
    return [
        *wanted.problems,
        *machine.problems(report, wanted),
        *packages.problems(report, wanted),
        *docker.problems(report, wanted),
        *conflicts.problems(report, wanted),
        *subnets.problems(report, wanted),
        *reachability.problems(report, wanted, answers),
    ]
