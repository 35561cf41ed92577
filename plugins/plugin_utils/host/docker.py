"""The Docker engine that is installed, or that this run would install."""

from __future__ import annotations

from collections.abc import Iterator

from . import packages
from .docker_source import PACKAGES, brings_compose
from .report import TIMED_OUT, Report, version
from .requirements import Requirements

OLDEST_ENGINE = "20.10.10"
OLDEST_COMPOSE = "2.18"
DOCKERS_REPOSITORY = "download.docker.com"
OWN_LIST = "/etc/apt/sources.list.d/livemon-"
"""The prefix of livemon's own lists of sources."""
FROM_THE_DISTRIBUTION = ("docker.io", "docker-cli", "containerd")
FROM_DOCKER = ("docker-ce", "docker-ce-cli", "containerd.io")


def problems(report: Report, needed: Requirements) -> Iterator[str]:
    """Yield why containers cannot run, or why no engine can be installed."""
    yield from _mixed(report)
    if not report.has_engine:
        yield from _without_engine(report, needed)
    elif "podman" in report["client"].text.lower() or "podman-docker" in report.packages:
        yield (
            "The command docker is Podman's (package podman-docker), which does not keep containers running as livemon needs it: "
            "sudo apt remove podman-docker; the playbook then installs Docker."
        )
    elif report["program"].text.startswith(("/snap/", "/usr/bin/snap")):
        yield (
            "Docker is a snap, which cannot read /etc/livemon: sudo snap remove docker (its containers and volumes go with it); the "
            "playbook then installs Docker."
        )
    else:
        yield from _from_another_source(report, needed)
        yield from _engine(report)
        yield from _compose(report, needed)


def _from_another_source(report: Report, needed: Requirements) -> Iterator[str]:
    package = PACKAGES.get(needed.docker_from)
    if package and package not in report.packages:
        yield (
            f"A Docker engine is installed, but not that of docker_from: {needed.docker_from} (package {package}): write "
            "docker_from: existing, or remove the engine first (sudo apt remove; images and volumes stay)."
        )


def _mixed(report: Report) -> Iterator[str]:
    ours, theirs = (
        [name for name in family if name in report.packages] for family in (FROM_THE_DISTRIBUTION, FROM_DOCKER)
    )
    if ours and theirs:
        yield (
            f"Packages of two Dockers are mixed: {', '.join(ours)} of the distribution and "
            f"{', '.join(theirs)} of Docker's own repository; an "
            "engine with another containerd or runc fails with misleading errors: sudo apt remove those of one of them."
        )


def _without_engine(report: Report, needed: Requirements) -> Iterator[str]:
    if needed.docker_from == "existing":
        yield "No Docker engine is installed, and docker_from says existing: install one, or write docker_from: auto."
    elif needed.docker_from == "distribution" and not _has_compose(report):
        name = report.release.get("PRETTY_NAME")
        yield f"{name} has no package of compose 2, and docker_from says distribution: write docker_from: docker."
    foreign = [place for place in packages.places(report, DOCKERS_REPOSITORY) if not place.startswith(OWN_LIST)]
    if foreign:
        yield (
            f"Docker's own repository is listed in {' and '.join(foreign)}, but no Docker is installed: "
            "either remove that entry, and the "
            "playbook installs Docker, or install Docker from there first."
        )


def comes_from_repository(report: Report, needed: Requirements) -> bool:
    """Whether this run installs Docker from Docker's own repository."""
    wants = needed.docker_from == "docker" or (needed.docker_from == "auto" and not _has_compose(report))
    return wants and not report.has_engine


def repository_index(report: Report, needed: Requirements) -> str:
    """Return the address of that repository's index."""
    release = report.release
    repository = needed.docker_repository or f"https://{DOCKERS_REPOSITORY}/linux/{release.get('ID')}"
    return f"{repository.rstrip('/')}/dists/{release.get('VERSION_CODENAME')}/InRelease"


def _has_compose(report: Report) -> bool:
    """Whether the distribution has a package of compose 2."""
    return brings_compose(report.release.get("ID", ""), report.release.get("VERSION_ID", ""))


def _engine(report: Report) -> Iterator[str]:
    engine = report["engine"]
    if engine.rc == TIMED_OUT:
        yield (
            "The Docker engine has not answered within 20 s: sudo systemctl restart docker; "
            "see journalctl -u docker for the reason."
        )
    elif engine.rc != 0:
        reason = engine.lines[-1] if engine.lines else "no answer"
        yield (
            f"Docker is installed, but its engine is not running ({reason}): sudo systemctl start docker, "
            "or see journalctl -u docker "
            "for the reason."
        )
    elif version(engine.text) < version(OLDEST_ENGINE):
        # An older engine answers clone3 with EPERM: programs with a glibc of 2022 or newer then cannot start threads.
        yield (
            f"The Docker engine is {engine.text}; livemon needs {OLDEST_ENGINE} or newer, as older ones forbid the system call "
            "clone3, with which the programs in its images start threads: upgrade docker, containerd and runc together."
        )
    if "name=rootless" in (report.engine.get("security") or []):
        yield (
            "The Docker engine is rootless and cannot publish ports on the host's addresses as the firewall expects: make root's "
            "docker command use root's engine (docker context use default)."
        )


def _compose(report: Report, needed: Requirements) -> Iterator[str]:
    compose = report["compose"]
    if compose.rc != 0 and needed.docker_from in PACKAGES:
        return  # this run installs what is missing
    if compose.rc != 0 or version(compose.text) < version(OLDEST_COMPOSE):
        found = "without compose" if compose.rc != 0 else f"with compose {compose.text}"
        yield (
            f"Docker is installed {found}; livemon needs {OLDEST_COMPOSE} or newer: install the plugins "
            "compose and buildx from where "
            "Docker was installed."
        )
