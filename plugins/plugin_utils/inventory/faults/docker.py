"""Settings of the Docker engine and of the access to image registries, and the error message for each invalid value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any

from ..checks import is_web_address

ORIGINS = ("auto", "distribution", "docker", "existing")
REPOSITORY_KEYS = {"url", "key", "fingerprint", "versions"}
NOT_AN_OPTION = {"registry-mirrors", "proxies", "insecure-registries"}
"""Options of the engine that have settings of their own."""

_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{40}\Z")
_USER = re.compile(r"[a-z_][a-z0-9_.-]{0,31}\Z")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+\Z")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:~*-]*\Z")
_HOST = re.compile(r"\.?[A-Za-z0-9*]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?\Z")
# A shell also reads it.
_PROXY = re.compile(
    r"https?://([A-Za-z0-9%._~-]+(:[A-Za-z0-9%._~-]*)?@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}/?\Z"
)
# These go into files in which quotes, backslashes and dollar signs mean something else.
_PLAIN = re.compile(r"[^\"'\\$`\s]+\Z")


def _is_plain_web_address(value: Any) -> bool:
    return is_web_address(value) and bool(_PLAIN.match(value))


def _is_repository(value: Any) -> bool:
    if value == {}:
        return True
    if not isinstance(value, Mapping) or not {"url"} <= set(value) <= REPOSITORY_KEYS:
        return False
    versions = value.get("versions", {})
    return (
        all(_is_plain_web_address(value[key]) for key in ("url", "key") if key in value)
        and bool(_FINGERPRINT.match(str(value.get("fingerprint", "0" * 40)).replace(" ", "")))
        and isinstance(versions, Mapping)
        and all(_PACKAGE.match(str(name)) and _VERSION.match(str(version)) for name, version in versions.items())
    )


def _is_exception(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(_HOST.match(value) or ip_network(value, strict=False))
    except ValueError:
        return False


def _list_of(is_valid: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, (list, tuple)) and all(is_valid(entry) for entry in value)


def _is_options(value: Any) -> bool:
    return isinstance(value, Mapping) and not set(value) & NOT_AN_OPTION


DOCKER_SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "docker_from": (
        lambda value: value in ORIGINS,
        "is not a source of Docker; write auto, distribution, docker or existing",
    ),
    "docker_repository": (
        _is_repository,
        (
            "is not a valid repository of Docker's packages; write {url: https://mirror.lab.example/linux/ubuntu}, and, if they are "
            "not Docker's own, key: (its address), fingerprint: (40 hexadecimal digits) and versions: {docker-ce: '5:24.0.2*'}"
        ),
    ),
    "docker_options": (
        _is_options,
        (
            "is not valid in the engine's daemon.json; write its keys, for example {default-address-pools: [{base: 10.200.0.0/16, "
            "size: 24}]}, "
            "but registry_mirrors for registry-mirrors, proxy for proxies, and extra_ca_certificates instead of insecure-registries"
        ),
    ),
    "docker_users": (
        _list_of(lambda user: isinstance(user, str) and bool(_USER.match(user))),
        "is not a list of the machine's users; write, for example, [postdoc]",
    ),
    "registry_mirrors": (
        _list_of(_is_plain_web_address),
        "is not a list of image registries; write their addresses, for example [https://mirror.lab.example]",
    ),
    "proxy": (
        lambda value: value == "" or (is_web_address(value) and bool(_PROXY.match(value))),
        (
            "this is not a valid proxy; write its address with the port, for example "
            "http://proxy.lab.example:3128, and if it needs a "
            "password http://user:password@..., preferably from Ansible Vault and with %XX for what is neither a letter nor a digit"
        ),
    ),
    "proxy_exceptions": (
        _list_of(_is_exception),
        "is not a list of names and networks; write, for example, [.lab.example, 172.16.0.0/12]",
    ),
}
"""For each setting, whether a value is valid, and what to say about one that is not."""
