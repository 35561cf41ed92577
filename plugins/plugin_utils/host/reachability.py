"""What a run needs from other machines: registries, package indexes, mirrors; and whether they answer *now*."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # the stubs lack it

from . import apt_answer, docker, packages
from .apt_answer import AS_APT, AS_ENVIRONMENT, DIRECT
from .machine import missing_images, python_problems
from .report import Report
from .requirements import Requirements

DOCKER_HUB = "registry-1.docker.io"
BELOW_AN_INDEX = {"pip": "pip/", "npm": "-/ping"}
"""A short page that every index has."""
REPOSITORY_ADVICE = "Set docker_repository to a mirror, or docker_from: existing to install Docker yourself."


@dataclass(frozen=True)
class Need:
    """Something that is downloaded: one address that answers is enough."""

    what: str
    addresses: tuple[str, ...]
    proxy: str
    advice: str = ""
    must_have: bool = False
    """Whether the address itself must exist; otherwise any answer of its server is enough."""


@dataclass(frozen=True)
class Question:
    """An address that the machine asks, through a proxy, `AS_APT` or `AS_ENVIRONMENT`."""

    address: str
    proxy: str


def questions(report: Report, needed: Requirements) -> list[Question]:
    """Return what the machine is to ask; empty if Ansible cannot work on it."""
    if any(python_problems(report, needed)):
        return []
    asked = (
        Question(address, _proxy(need, address, needed))
        for need in _needs(report, needed)
        for address in need.addresses
    )
    return list(dict.fromkeys(asked))


def problems(report: Report, needed: Requirements, answers: Report) -> Iterator[str]:
    """Yield the downloads for which there is no answer."""
    numbers = {question: str(number) for number, question in enumerate(questions(report, needed))}
    for need in _needs(report, needed) if numbers else []:
        faults = []
        for address in need.addresses:
            proxy = _proxy(need, address, needed)
            fault = apt_answer.fault(answers[numbers[Question(address, proxy)]], address, proxy, need.must_have)
            if fault is None:
                break
            faults.append(fault)
        else:
            shown = need.addresses[:1] if need.must_have else need.addresses
            what = f"{need.what} ({' or '.join(shown)}) cannot be downloaded"
            yield f"{what}: {'; '.join(dict.fromkeys(faults))}.{f' {need.advice}' if need.advice else ''}"


def _needs(report: Report, needed: Requirements) -> Iterator[Need]:
    missing = missing_images(report, needed)
    for download in needed.downloads:
        images = set(download.get("images") or [])
        if not images & missing:
            continue
        if download.get("pull"):
            need = _pull(report, download)
        else:
            need = Need(download["what"], _index(report, download["index"]), AS_ENVIRONMENT, download.get("advice", ""))
        if need.addresses:
            yield need
    if docker.comes_from_repository(report, needed):
        yield Need(
            "Docker's repository",
            packages.either_index(docker.repository_index(report, needed)),
            AS_ENVIRONMENT,
            REPOSITORY_ADVICE,
            must_have=True,
        )
    if packages.are_needed(report, needed) or set(needed.images_from_apt) & missing:
        for address in packages.indexes(report):
            places = packages.places(report, address.split("/dists/")[0])
            where = f"It is listed in {' and '.join(places)}." if places else ""
            yield Need("A package source of apt", packages.either_index(address), AS_APT, where, must_have=True)


def _pull(report: Report, download: Mapping[str, Any]) -> Need:
    """Return the registry that an image is pulled from, or its mirrors."""
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
    # An image that is present is not pulled, and an engine that hides its proxy's password cannot be asked for it.
    if reference in report["images"].words or "xxxxx" in engine:
        mirrors, addresses = [], []
    return Need(f"The image {reference}", tuple(dict.fromkeys(mirrors + addresses)), engine, download.get("advice", ""))


def _index(report: Report, kind: str) -> tuple[str, ...]:
    """Return the index that is configured on the machine; the defaults of pip and npm are not checked."""
    own = [word for word in report[kind].words if "://" in word]
    return tuple(f"{address.rstrip('/')}/{BELOW_AN_INDEX[kind]}" for address in own[:1] if address.startswith("http"))


def _proxy(need: Need, address: str, needed: Requirements) -> str:
    """Return the inventory's proxy for an address, if it has one, and otherwise the need's own."""
    if need.proxy == AS_APT or not needed.proxy:
        return need.proxy
    exceptions = ",".join(needed.proxy_exceptions)
    return DIRECT if proxy_bypass_environment(urlsplit(address).hostname or "", {"no": exceptions}) else needed.proxy
