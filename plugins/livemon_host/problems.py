"""All that stands in a machine's way, in one list."""

from __future__ import annotations

from livemon_host import docker, elsewhere, machine, occupied, packages, subnets
from livemon_host.report import Report
from livemon_host.wanted import Wanted


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
        *occupied.problems(report, wanted),
        *subnets.problems(report, wanted),
        *elsewhere.problems(report, wanted, answers),
    ]
