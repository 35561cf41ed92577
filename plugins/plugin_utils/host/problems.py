"""All problems of a machine, in one list."""

from __future__ import annotations

from . import agent_directories, conflicts, docker, machine, packages, reachability, subnets
from .report import Report
from .requirements import Requirements


def problems(report: Report, needed: Requirements, answers: Report) -> list[str]:
    """Return every problem, one or two sentences each: what, where, and what to do.

    Parameters
    ----------
    report
        What the machine reported about itself.
    needed
        What this run needs of it.
    answers
        The answers that the machine got, by the numbers of `reachability.questions`.
    """
    return [
        *needed.problems,
        *machine.problems(report, needed),
        *packages.problems(report, needed),
        *docker.problems(report, needed),
        *conflicts.problems(report, needed),
        *agent_directories.problems(report, needed),
        *subnets.problems(report, needed),
        *reachability.problems(report, needed, answers),
    ]
