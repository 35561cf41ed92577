"""Site-wide settings, and the error message for each invalid value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from .. import durations, local_times
from ..checks import is_web_address
from ..entries import Entry, is_true
from ..grafana.releases import DEFAULT_IMAGE, OLDEST, release_of, tag_of
from .common import is_window
from .docker import DOCKER_SETTINGS

TRUTH_VALUES = {"true", "false", "yes", "no", "on", "off", "1", "0"}
GRAFANA_PORT = 3000
TAKEN_PORTS = {5000, 8001}
"""Ports of the quick-look page and the router on the host."""
LONGEST_PREFIX = 27
"""A smaller subnet leaves too few addresses for the agents beside the router's fixed one."""

GRAFANA_VARIANTS = {
    "-slim": "data sources that the other images include",
    "-distroless": "the shell that livemon needs to set the password and to check that Grafana answers",
}
"""What each variant of Grafana's image lacks."""

LONGEST_SITE_NAME = 60
"""Characters: as many as the head of a page on a phone shows in two lines."""
OWN_USERS = {"hub", "node", "bridge", "client"}
"""The router's own users."""
SHORTEST_SECRET = 12
PINGS = 20, 86400
"""Shortest and longest time in seconds between two pings of the dead-man's switch; an attempt may take ten."""
SECRET_SETTINGS = {"sisock_upstream_consumer", "dead_mans_switch", "proxy"}
"""Settings whose value is never repeated."""

ALARM_INTERVALS = range(10, 61, 10)
"""Seconds; Grafana checks its rules every ten."""
SHORTEST_REFRESH = 5
"""Seconds; Grafana itself allows no shorter one."""

_USER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
# Both go into compose files, where a space, a colon or a dollar sign means something else.
_DIRECTORY = re.compile(r"(/[A-Za-z0-9._-]+)+/?\Z")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*\Z")
# As a browser writes it, without a port that is the scheme's own.
_ORIGIN = re.compile(
    r"(?!http://[^/]*:80\Z|https://[^/]*:443\Z)https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?\Z"
)
# In Grafana's settings, % and $ begin a variable.
_GRAFANA_URL = re.compile(
    r"https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?(/[A-Za-z0-9._~-]+)*/?\Z"
)


def _number(value: Any) -> int | None:
    """Return a whole number, also one given as text as ``ansible-playbook -e`` gives it."""
    return None if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", str(value)) else int(value)


def _is_truth_value(value: Any) -> bool:
    return str(value).lower() in TRUTH_VALUES


def _is_port(value: Any) -> bool:
    port = _number(value)
    return port is not None and 0 < port < 65536 and port not in TAKEN_PORTS


def _is_directory(value: Any) -> bool:
    return isinstance(value, str) and bool(_DIRECTORY.match(value))


def _is_image(value: Any) -> bool:
    return isinstance(value, str) and bool(_IMAGE.match(value))


def _image_fault(value: Any) -> str | None:
    """Return why an image cannot be used for Grafana; `None` if it can."""
    if not _is_image(value):
        return f"is not the name of an image; write, for example, {DEFAULT_IMAGE}"
    for variant, lack in GRAFANA_VARIANTS.items():
        if variant in tag_of(value):
            return f"is a {variant} image, which lacks {lack}; write one without {variant}, for example {DEFAULT_IMAGE}"
    if release_of(value) < OLDEST:
        return f"is older than 9.4, the first Grafana that livemon supports; write, for example, {DEFAULT_IMAGE}"
    return None


def _is_grafana_url(value: Any) -> bool:
    found = _GRAFANA_URL.match(value) if isinstance(value, str) else None
    return found is not None and (found["port"] is None or 0 < int(found["port"]) < 65536)


def _is_subnet(value: Any) -> bool:
    try:
        return isinstance(value, str) and "/" in value and IPv4Network(value).prefixlen <= LONGEST_PREFIX
    except ValueError:
        return False


def _is_alarm_interval(value: Any) -> bool:
    return durations.seconds(value) in ALARM_INTERVALS


def _is_list_of_files(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(file, str) and file for file in value)


def _is_certificate(value: Any) -> bool:
    return value == {} or (
        isinstance(value, Mapping)
        and set(value) == {"certificate", "key"}
        and all(isinstance(file, str) and file for file in value.values())
    )


def _is_list_of_servers(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(isinstance(server, str) and (_HOST_NAME.match(server) or _is_ip_address(server)) for server in value)
    )


def _is_list_of_origins(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(origin, str) and _ORIGIN.match(origin) for origin in value
    )


def _is_list_of_servers_or_empty(value: Any) -> bool:
    return value == [] or _is_list_of_servers(value)


def _is_ip_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _is_router_user(value: Any) -> bool:
    if not isinstance(value, Mapping) or set(value) != {"user", "secret"}:
        return False
    user, secret = value["user"], value["secret"]
    return (
        isinstance(user, str)
        and bool(_USER.match(user))
        and user not in OWN_USERS
        and isinstance(secret, str)
        and len(secret) >= SHORTEST_SECRET
        and secret.isprintable()
        and secret == secret.strip()
    )


def _is_switch(value: Any) -> bool:
    if not isinstance(value, Mapping) or not {"url"} <= set(value) <= {"url", "fail_url", "every", "method"}:
        return False
    every = _number(value.get("every", PINGS[0]))
    return (
        is_web_address(value["url"])
        and ("fail_url" not in value or is_web_address(value["fail_url"]))
        and every is not None
        and PINGS[0] <= every <= PINGS[1]
        and value.get("method", "GET") in ("GET", "POST")
    )


def _is_site_name(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != "" and value.isprintable() and len(value) <= LONGEST_SITE_NAME


_TRUTH = (_is_truth_value, "is neither true nor false; write true or false")

Complaint = str | Callable[[Any], str | None]

SITE_SETTINGS: dict[str, tuple[Callable[[Any], bool], Complaint]] = {
    **DOCKER_SETTINGS,
    "site_name": (
        _is_site_name,
        f"is not a name for the site; write up to {LONGEST_SITE_NAME} characters in one line, for example Cryogenics lab, room 12",
    ),
    "site_time_zone": (lambda value: local_times.zone_fault(value) is None, local_times.zone_fault),
    "archive_seconds_per_file": (
        lambda value: bool(_number(value)),
        "is not a valid number of seconds; write a whole number, for example 3600",
    ),
    "data_directory": (
        _is_directory,
        "is not a valid directory for data; write its full path without spaces, for example /data",
    ),
    "simulated_bluefors": (
        _is_directory,
        "is not a valid directory for log files; write its full path without spaces, for example /srv/bluefors",
    ),
    "extra_ca_certificates": (_is_list_of_files, "is not a list of files; write, for example, [/etc/ssl/lab-ca.pem]"),
    "base_image": (
        _is_image,
        "is not a valid image; write its name, apt or auto, for example python:3.11-slim-bookworm",
    ),
    "images_archive": (
        lambda value: value == "" or _is_directory(value),
        "is not a valid directory of images; write its full path without spaces, for example /media/images",
    ),
    "ocs_subnet": (
        _is_subnet,
        "is not a valid subnet for the agents; write its first address and a prefix length of at most 27, for example 172.28.80.0/24",
    ),
    "grafana_image": (lambda value: _image_fault(value) is None, _image_fault),
    "grafana_url": (
        _is_grafana_url,
        "is not a valid address of Grafana; write what people type in the browser, for example https://monitor.lab.example:3000/",
    ),
    "grafana_required": _TRUTH,
    "grafana_port": (
        _is_port,
        "is not a valid port for Grafana; write a number from 1 to 65535 except 5000 and 8001, for example 3000",
    ),
    "dashboard_range": (
        lambda value: bool(durations.seconds(value)),
        "is not a valid interval for dashboards; write, for example, 30m, 6h or 2d",
    ),
    "dashboard_refresh": (
        lambda value: (durations.seconds(value) or 0) >= SHORTEST_REFRESH,
        f"is not a valid interval between refreshes; write, for example, 10s or 1m, at least {SHORTEST_REFRESH}s",
    ),
    "alarm_interval": (
        _is_alarm_interval,
        "is not a valid interval between two evaluations of the alarms; write 10s, 20s, 30s, 40s, 50s or 60s: Grafana has no others",
    ),
    "firewall": _TRUTH,
    "grafana_https": _TRUTH,
    "grafana_certificate": (
        _is_certificate,
        (
            "is not a valid certificate; write {certificate: ..., key: ...}, two PEM files on this computer, "
            'preferably as "{{ inventory_dir }}/grafana.crt"'
        ),
    ),
    "certificate_authority": (
        _is_certificate,
        (
            "is not a valid authority; write {certificate: ..., key: ...}, two PEM files on this computer, "
            'preferably as "{{ inventory_dir }}/lab-ca.crt"'
        ),
    ),
    "certificate_renewal_hour": (
        lambda value: _number(value) in range(24),
        "is not a valid hour of the day; write a number from 0 to 23, for example 4",
    ),
    "grafana_server_names": (
        _is_list_of_servers,
        "is not a list of names; write what people type in the browser, for example [monitor.lab.example, 192.0.2.10]",
    ),
    "grafana_anonymous_viewer": _TRUTH,
    "monitor_names": (
        _is_list_of_servers_or_empty,
        "is not a list of names; write the host names by which the quick-look page is reached, for example [monitor.lab.example]",
    ),
    "ocs_web_origins": (
        _is_list_of_origins,
        (
            "is not a list of origins; write the start of the addresses of the pages, up to the first single slash, "
            "for example [http://localhost:8000]"
        ),
    ),
    "backup_directory": (
        lambda value: isinstance(value, str) and value.startswith(("/", "~/")),
        "is not a valid directory; write its full path on this computer, for example /srv/livemon-backups",
    ),
    "backup_keep": (
        lambda value: _number(value) is not None,
        "is not a valid number of backups; write how many to keep, or 0 for all of them",
    ),
    "timesync": _TRUTH,
    "time_servers": (
        _is_list_of_servers_or_empty,
        "is not a list of time servers; write their names or addresses, for example [ntp.lab.example, 192.0.2.1]",
    ),
    "wait_for_data": _TRUTH,
    "show_secrets": _TRUTH,
    "memory_window": (is_window, "is not a valid number of seconds; write a whole number, for example 86400"),
    "sisock_anonymous_nodes": _TRUTH,
    "sisock_upstream_consumer": (
        _is_router_user,
        (
            "this is not a valid user with a secret; write {user: simonsobs, secret: ...}, with a user "
            "that is not one of our roles and a "
            f"secret of at least {SHORTEST_SECRET} characters, preferably from Ansible Vault"
        ),
    ),
    "dead_mans_switch": (
        _is_switch,
        (
            "this cannot be pinged; write {url: ...}, an address that starts with https:// and preferably "
            "comes from Ansible Vault, and "
            f"optionally every: 60 (seconds, from {PINGS[0]} to {PINGS[1]}), method: GET or POST, and a fail_url"
        ),
    ),
}
"""For each setting, whether a value is valid, and what to say about one that is not (or what says it)."""


def setting_faults(settings: Entry) -> Iterator[str]:
    """Every fault in the site's settings."""
    for key, (is_valid, complaint) in SITE_SETTINGS.items():
        if key not in settings:
            continue
        value = settings[key]
        if value is None:
            yield f"{key}: this is empty; write a value, or leave the line out"
        elif not is_valid(value):
            fault = complaint if isinstance(complaint, str) else complaint(value)
            yield f"{key}: {fault}" if key in SECRET_SETTINGS else f"{key}: {value!r} {fault}"
    yield from _faults_of_address(settings)


def _faults_of_address(settings: Entry) -> Iterator[str]:
    """Every contradiction between Grafana's address and how it is served: links that start with it would lead nowhere."""
    address, port = settings.get("grafana_url"), settings.get("grafana_port", GRAFANA_PORT)
    if not isinstance(address, str) or not _is_grafana_url(address):
        return
    serves_https = is_true(settings.get("grafana_https")) or bool(settings.get("grafana_certificate"))
    parts = urlsplit(address)
    if parts.scheme == "http" and serves_https:
        yield f"grafana_url: {address!r} starts with http, but Grafana serves HTTPS; write https://..."
    elif parts.scheme == "https" and not serves_https and str(parts.port) == str(port):
        yield (
            f"grafana_url: {address!r} starts with https, but on port {port} Grafana serves HTTP; write http://..., or "
            "grafana_https: true"
        )
