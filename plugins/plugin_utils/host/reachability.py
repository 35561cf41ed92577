"""What a run needs from other machines: registries, package indexes, mirrors; and whether they answer *now*."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment

from . import apt_answer, docker, packages
from .apt_answer import AS_APT, AS_ENVIRONMENT, DIRECT
from .machine import missing_images, python_problems
from .report import Report
from .requirements import Wanted

DOCKER_HUB = "registry-1.docker.io"
BELOW_AN_INDEX = {"pip": "pip/", "npm": "-/ping"}
"""What every index has, and is short."""
REPOSITORY_ADVICE = "docker_repository names a mirror, docker_from: existing leaves the installation to you."


@dataclass(frozen=True)
class Need:
    """Something that is to be had elsewhere: one address that answers is enough."""

    what: str
    addresses: tuple[str, ...]
    proxy: str
    advice: str = ""
    must_have: bool = False
    """Whether the address itself must be there; else any answer of its server will do."""


@dataclass(frozen=True)
class Question:
    """An address that the machine asks, by a proxy, by `AS_APT` or `AS_ENVIRONMENT`."""

    address: str
    proxy: str


def questions(report: Report, wanted: Wanted) -> list[Question]:
    """Return what the machine is to ask; nothing where Ansible cannot work on it."""
    if any(python_problems(report, wanted)):
        return []
    asked = (
        Question(address, _proxy(need, address, wanted))
        for need in _needs(report, wanted)
        for address in need.addresses
    )
    return list(dict.fromkeys(asked))


def problems(report: Report, wanted: Wanted, answers: Report) -> Iterator[str]:
    """Which needs nobody answers."""
    numbers = {question: str(number) for number, question in enumerate(questions(report, wanted))}
    for need in _needs(report, wanted) if numbers else []:
        faults = []
        for address in need.addresses:
            proxy = _proxy(need, address, wanted)
            fault = apt_answer.fault(answers[numbers[Question(address, proxy)]], address, proxy, need.must_have)
            if fault is None:
                break
            faults.append(fault)
        else:
            shown = need.addresses[:1] if need.must_have else need.addresses
            what = f"{need.what} ({' or '.join(shown)}) cannot be had"
            yield f"{what}: {'; '.join(dict.fromkeys(faults))}.{f' {need.advice}' if need.advice else ''}"


def _needs(report: Report, wanted: Wanted) -> Iterator[Need]:
    missing = missing_images(report, wanted)
    for download in wanted.downloads:
        wanted_for = set(download.get("images") or [])
        if not wanted_for & missing:
            continue
        if download.get("pull"):
            need = _pull(report, download)
        else:
            need = Need(download["what"], _index(report, download["index"]), AS_ENVIRONMENT, download.get("advice", ""))
        if need.addresses:
            yield need
    if docker.comes_from_repository(report, wanted):
        yield Need(
            "Docker's repository",
            packages.either_index(docker.repository_index(report, wanted)),
            AS_ENVIRONMENT,
            REPOSITORY_ADVICE,
            must_have=True,
        )
    if packages.are_needed(report, wanted) or set(wanted.images_from_apt) & missing:
        for address in packages.indexes(report):
            places = packages.places(report, address.split("/dists/")[0])
            where = f"It stands in {' and '.join(places)}." if places else ""
            yield Need("A package source of apt", packages.either_index(address), AS_APT, where, must_have=True)


def _pull(report: Report, download: Mapping[str, Any]) -> Need:
    """The registry that an image is pulled from, or one of its mirrors."""
    reference = download["pull"]
    first, _, rest = reference.partition("/")
    host = first if rest and (re.search(r"[.:]", first) or first == "localhost") else DOCKER_HUB
    registries = report.engine.get("registries") or {}
    own = (registries.get("IndexConfigs") or {}).get(host) or {}
    addresses = [f"https://{host}/v2/"]
    if own.get("Secure") is False or host.split(":")[0] in {"localhost", "127.0.0.1"}:
        addresses.append(f"http://{host}/v2/")
    mirrors = []
    if host == DOCKER_HUB:
        mirrors = [
            f"{mirror.rstrip('/')}/v2/"
            for mirror in [*(download.get("mirrors") or []), *(registries.get("Mirrors") or [])]
        ]
    engine = report.engine.get("https") or report.engine.get("http") or DIRECT
    # What is there is not pulled, and an engine that hides its proxy's password cannot be asked for it.
    if reference in report["images"].words or "xxxxx" in engine:
        mirrors, addresses = [], []
    return Need(f"The image {reference}", tuple(dict.fromkeys(mirrors + addresses)), engine, download.get("advice", ""))


def _index(report: Report, kind: str) -> tuple[str, ...]:
    """The index that the machine itself is configured with; which one pip and npm ask by themselves is theirs to know."""
    own = [word for word in report[kind].words if "://" in word]
    return tuple(f"{address.rstrip('/')}/{BELOW_AN_INDEX[kind]}" for address in own[:1] if address.startswith("http"))


def _proxy(need: Need, address: str, wanted: Wanted) -> str:
    """The inventory's proxy for an address, where it says one; else the need's own."""
    if need.proxy == AS_APT or not wanted.proxy:
        return need.proxy
    exceptions = ",".join(wanted.proxy_exceptions)
    return DIRECT if proxy_bypass_environment(urlsplit(address).hostname, {"no": exceptions}) else wanted.proxy
